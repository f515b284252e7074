"""The endpoints of the sign-in page, which works without JavaScript."""

from __future__ import annotations

from typing import Optional
from urllib.parse import urlencode, urlsplit

from werkzeug.utils import redirect as redirect_to
from werkzeug.wrappers import Request, Response

from torii_backend.client.inputs import CreateUser
from torii_backend.client.models import OrganizationMember
from torii_backend.emulator.front.frontend import Frontend
from torii_backend.emulator.front.links import redirect_origin
from torii_backend.emulator.front.session_cookie import set_session_cookies
from torii_backend.emulator.ids import normalize_id
from torii_backend.emulator.memberships import put_member
from torii_backend.emulator.pages.choice import Choice, InvalidChoice, read_choice
from torii_backend.emulator.pages.fields import Entries
from torii_backend.emulator.pages.page import foreign_redirect_page, message_page, page, secured
from torii_backend.emulator.pages.redirect_target import form_target, shared_host
from torii_backend.emulator.pages.sign_in_page import SIGN_IN_PATH, Content, sign_in_body
from torii_backend.emulator.people import Person, find_people, find_person
from torii_backend.emulator.rest.problem import Problem
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.rest.users import add_user
from torii_backend.emulator.store import members, organizations
from torii_backend.emulator.tenant_host import device_of

_LAST_CHOICE_COOKIE = "torii_emulator_last_choice"
_LAST_CHOICE_SECONDS = 30 * 24 * 60 * 60
_MOST_PEOPLE = 100
_MOST_FORM_BYTES = 64 * 1024


class SignInPages:
    """The endpoints of the sign-in page, for the users of the tenant host."""

    def __init__(self, frontend: Frontend) -> None:
        self._frontend = frontend

    def show(self, request: Request) -> Response:
        """Respond to GET."""
        target = request.args.get("redirect", "")
        if target and self._redirect_origin(target) is None:
            return foreign_redirect_page("redirect")
        moved = _moved(request, target)
        return secured(redirect_to(moved)) if moved else self._page(request, target, Entries())

    def submit(self, request: Request) -> Response:
        """Respond to POST: sign in, and go to the URL `redirect`."""
        request.max_content_length = _MOST_FORM_BYTES
        form = request.form
        target = form.get("redirect", "")
        if not _is_from_own_page(request):
            return message_page(
                "Not signed in",
                "The form was sent by a page of another site. Open the sign-in page itself.",
                status=403,
                back=_link(""),
            )
        if target and self._redirect_origin(target) is None:
            return foreign_redirect_page("redirect")
        try:
            choice = self._new_user(request) if "create" in form else read_choice(form)
            return self._sign_in(request, choice, target)
        except InvalidChoice as error:
            entries = Entries(form, {error.field: str(error)})
            return self._page(request, target, entries, status=400)

    def _sign_in(self, request: Request, choice: Choice, target: str) -> Response:
        with self._frontend.transaction() as context:
            person = find_person(
                context.connection, context.environment_id, normalize_id(choice.user_id)
            )
            if person is None:
                raise InvalidChoice("userId", "This user does not exist any more.")
            if person.user.status != "active":
                return _refusal(person, target)
            membership = _membership(context, person, choice)
            try:
                opened = self._frontend.sign_in.open_session(
                    context.connection,
                    person.user,
                    device_of(request),
                    organization=membership,
                    claims=dict(choice.claims),
                    expires_in=choice.expires_in,
                )
            except (ValueError, RecursionError):  # what was just decoded may be too deep to encode
                raise InvalidChoice("claims", "claims must not be nested that deeply.") from None
        response = redirect_to(target, 303) if target else _signed_in_page(person)
        set_session_cookies(response, opened, secure=self._frontend.sign_in.secure_cookies)
        response.set_cookie(
            _LAST_CHOICE_COOKIE,
            person.user.id,
            max_age=_LAST_CHOICE_SECONDS,
            path=SIGN_IN_PATH,
            httponly=True,
            samesite="Lax",
        )
        return secured(response)

    def _new_user(self, request: Request) -> Choice:
        fields = {name: value.strip() for name, value in request.form.items()}
        body = CreateUser(
            email=fields.get("email", ""),
            first_name=fields.get("firstName") or None,
            last_name=fields.get("lastName") or None,
        )
        try:
            with self._frontend.transaction() as context:
                return Choice(add_user(context, body).id)
        except Problem as error:
            raise InvalidChoice("email", error.description or "") from None

    def _page(
        self, request: Request, target: str, entries: Entries, *, status: int = 200
    ) -> Response:
        search = request.args.get("search", "").strip()
        last_choice = normalize_id(request.cookies.get(_LAST_CHOICE_COOKIE, ""))
        with self._frontend.transaction() as context:
            environment = context.connection, context.environment_id
            found = find_people(*environment, search, limit=_MOST_PEOPLE + 1)
            last = find_person(*environment, last_choice)
            offered = organizations.search(*environment, "", after="", limit=_MOST_PEOPLE)
        people = found[:_MOST_PEOPLE]
        if last is not None and not search:
            people = [last, *(each for each in people if each.user.id != last.user.id)]
        content = Content(
            people=people,
            last_choice=last_choice,
            organizations=offered,
            redirect=target,
            search=search,
            has_more=len(found) > _MOST_PEOPLE,
            entries=entries,
        )
        origin = self._redirect_origin(target)
        targets = () if origin is None else (form_target(origin),)
        response = page("Sign in", sign_in_body(content), status=status, form_targets=targets)
        # With no-referrer, browsers would send `Origin: null` with the form (Fetch, section 3.2),
        # and nothing would tell it from a form of another site.
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    def _redirect_origin(self, target: str) -> Optional[str]:
        with self._frontend.transaction() as context:
            return redirect_origin(context, target)


def _membership(
    context: RequestContext, person: Person, choice: Choice
) -> Optional[OrganizationMember]:
    """Return the membership that was chosen. A role makes the user a member, if need be."""
    if choice.organization_id is None:
        return None
    if choice.role is not None:
        try:
            change = put_member(
                context.connection, person.user, choice.organization_id, choice.role
            )
        except ValueError:
            raise InvalidChoice(
                "organizationId", "This organization does not exist any more."
            ) from None
        context.changes.append(change)
    member = members.find(context.connection, normalize_id(choice.organization_id), person.user.id)
    if member is None:
        raise InvalidChoice(
            "organizationId", "The user is not a member. Enter a role to make them one."
        )
    return member


def _moved(request: Request, target: str) -> Optional[str]:
    """Return the page's URL under the name whose cookies the app gets, if that is another one."""
    parts = urlsplit(request.url)
    name = shared_host(target, parts.hostname or "")
    if name is None or ":" in (request.remote_addr or ""):  # IPv6, which is no 127.0.0.1
        return None
    return parts._replace(netloc=name if parts.port is None else f"{name}:{parts.port}").geturl()


def _is_from_own_page(request: Request) -> bool:
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if site not in {None, "none", "same-origin"}:
        return False
    return origin is None or urlsplit(origin).netloc.lower() == request.host.lower()


def _link(target: str) -> str:
    return f"{SIGN_IN_PATH}?{urlencode({'redirect': target})}" if target else SIGN_IN_PATH


def _signed_in_page(person: Person) -> Response:
    return message_page(
        "Signed in", f"You are signed in as {person.label}.", status=200, back=_link("")
    )


def _refusal(person: Person, target: str) -> Response:
    status = person.user.status
    remedy = {
        "banned": f"To lift the ban, send POST /_emulator/users/{person.user.id}/unban.",
        "deleted": "A deletion is final. Create a new user with the same email instead.",
    }[status]
    return message_page(
        "Not signed in",
        f"{person.label} is {status}, so Torii does not sign them in.",
        remedy,
        status=403,
        back=_link(target),
    )
