"""Sessions of Django for server-rendered pages and the admin: a token is exchanged for one.

    AUTHENTICATION_BACKENDS = ["torii_backend.django.sessions.ToriiBackend"]
    urlpatterns = [path("session", session_view()), ...]

A module of its own, because Django's users can be imported only once the apps are loaded.

A session knows its user, and whether the token that started it met the policy for staff. It ends at a
fixed time, which Django's store enforces: that of the token, unless `lifetime` says otherwise.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, REDIRECT_FIELD_NAME, get_user_model, login
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends import signed_cookies
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
)
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string

from torii_backend._guard.options import IssuerOf, OptionsBesidesIssuer, shows_options
from torii_backend._guard.policy import Policy
from torii_backend.auth import Auth, not_from_requests
from torii_backend.django.decorators import _guarded
from torii_backend.django.guard import LazyGuard, RequestGuard
from torii_backend.django.options import configured_csrf_exempt
from torii_backend.errors import ConfigurationError, MissingCredentials, PermissionDenied
from torii_backend.settings import Issuer, require_seconds

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["StaffSiteMixin", "ToriiBackend", "is_staff", "session_view"]

_STAFF = "_torii_staff"


@not_from_requests()
class ToriiBackend(ModelBackend):
    """Finds the user of a session that `session_view` started, for `AUTHENTICATION_BACKENDS`.

    A user whose `is_active` is False isn't signed in, from the next request on. Permissions are those
    of Django's users and groups. It signs nobody in by a password: keep `ModelBackend` beside it if some
    users have one.
    """

    def authenticate(
        self,
        request: Optional[HttpRequest],
        username: Optional[str] = None,
        password: Optional[str] = None,
        **kwargs: Any,
    ) -> None:
        """Return None: only `session_view` signs users in."""

    async def aauthenticate(
        self,
        request: Optional[HttpRequest],
        username: Optional[str] = None,
        password: Optional[str] = None,
        **kwargs: Any,
    ) -> None:
        """Return None. Django's own would check passwords, whatever `authenticate` does."""


@shows_options(OptionsBesidesIssuer)
def session_view(
    *,
    lifetime: Optional[float] = None,
    staff: Optional[Policy] = None,
    issuer: Union[Issuer, IssuerOf] = None,
    **options: Unpack[OptionsBesidesIssuer],
) -> Callable[..., HttpResponse]:
    """Make the view that exchanges a token for a session of Django.

    Write `path("session", session_view())`. A script of yours POSTs to it, with the token in the header
    `Authorization`, and then opens the page that the response names as `next`: that of the query
    parameter `next` if it is on this host, else `LOGIN_REDIRECT_URL`. Refusals are those of
    `require_auth`. The user is the one that `USER_RESOLVER` returns. A request that another site's page
    sends gets a 403.

    Args:
        lifetime: seconds after which the session ends. It ends with the token if you leave it out.
        staff: the policy that a token must meet so that `is_staff` is True in its session, such as
            `Policy(organization="org_1", role="admin")`. Nobody is staff if you leave it out.
        issuer: as for `require_auth`.
        options: the keywords of `require_auth`, except `required`. `impersonation` is "forbid" by
            default, because a session doesn't say who acts as its user.

    Returns:
        The view, for WSGI and ASGI.

    Raises:
        ConfigurationError: an option is wrong. What is wrong in the settings is raised by requests.
        TypeError: a keyword is unknown.
    """
    if lifetime is not None:
        require_seconds(lifetime, "lifetime")
    if staff is not None and not isinstance(staff, Policy):
        raise ConfigurationError(
            'staff must be a Policy, such as Policy(organization="org_1", role="admin").'
        )
    options.setdefault("impersonation", "forbid")
    lazy_guard = LazyGuard(issuer=issuer, required=True, **options)

    def start_session(request: HttpRequest, **_: Any) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        guard = lazy_guard.get()
        auth: Optional[Auth] = request.auth  # type: ignore[attr-defined]
        if auth is None:  # the path is exempt
            return guard.http_response_to(MissingCredentials(), request)
        _require_own_origin(request, guard)
        seconds = guard.authenticator.seconds_left(auth) if lifetime is None else lifetime
        meets_policy = staff is not None and _meets(staff, auth)
        _start(request, guard, seconds)
        request.session[_STAFF] = meets_policy
        wanted = _next_page(request, resolve_url(settings.LOGIN_REDIRECT_URL))
        response = JsonResponse({"next": wanted})
        response.headers["Cache-Control"] = "no-store"
        return response

    view: Any = start_session
    # We look at the Origin instead. A script that has the token needs no token of a form.
    view.csrf_exempt = True
    # As `login_not_required` does, which Django has from 5.1 on.
    view.login_required = False
    guarded: Callable[..., HttpResponse] = _guarded(lazy_guard, view)
    return guarded


@not_from_requests()
def is_staff(request: HttpRequest) -> bool:
    """Return whether the token that started the session of a request met the policy for staff.

    Args:
        request: a request of Django with a session and a user.

    Returns:
        True if `session_view(staff=...)` started the session with such a token, and the user is active.
    """
    user: Any = getattr(request, "user", None)
    session: Any = getattr(request, "session", None)
    if user is None or session is None or not (user.is_authenticated and user.is_active):
        return False
    return bool(session.get(_STAFF) is True and _is_ours(session.get(BACKEND_SESSION_KEY)))


@not_from_requests()
class StaffSiteMixin:
    """Opens an admin site to those for whom `is_staff(request)` is True, and to nobody else.

    Write it before `AdminSite`. What they see and change there is up to Django's permissions, as ever. Who
    isn't signed in is sent to `LOGIN_URL`, and no password is asked for.
    """

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether the user of a request may open the site; the admin calls this."""
        return is_staff(request)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002
        """Send a user to `LOGIN_URL`. Those who are signed in get a 403, or into the site."""
        site: Any = self
        wanted = _next_page(request, reverse("admin:index", current_app=site.name))
        if self.has_permission(request):
            return HttpResponseRedirect(wanted)
        user: Any = request.user
        if user.is_authenticated:
            raise DjangoPermissionDenied
        return redirect_to_login(wanted)


def _next_page(request: HttpRequest, default: str) -> str:
    """Return the page to open after sign-in: on this host, whatever the request names."""
    wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
    is_own = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_own else default


def _require_own_origin(request: HttpRequest, guard: RequestGuard) -> None:
    """Refuse what a page of another site sends: it would sign the browser in as somebody else.

    Such a page can send our header only by a script, and browsers add Origin to such a request. If
    browsers may send the token by themselves, a request without Origin is refused, too.
    """
    is_sent_on_purpose = guard.is_sent_on_purpose() and configured_csrf_exempt()
    if "HTTP_ORIGIN" not in request.META and is_sent_on_purpose:
        return
    check: Any = CsrfViewMiddleware(lambda _: HttpResponse())
    if "HTTP_ORIGIN" not in request.META or not check._origin_verified(request):
        raise PermissionDenied("A page of another site can't start a session here.")


def _start(request: HttpRequest, guard: RequestGuard, seconds: float) -> None:
    """Start the session of the user whom the guard has found."""
    if not guard.finds_users:
        raise ConfigurationError(
            'settings.TORII["USER_RESOLVER"] must be a function that returns the user of a session.'
        )
    session: Any = getattr(request, "session", None)
    if session is None:
        raise ConfigurationError(
            "settings.MIDDLEWARE must have django.contrib.sessions.middleware.SessionMiddleware."
        )
    if isinstance(session, signed_cookies.SessionStore):
        # It ignores when a session ends, and a copy of the cookie can't be revoked.
        raise ConfigurationError(
            "settings.SESSION_ENGINE must keep sessions on the server, such as "
            "django.contrib.sessions.backends.db."
        )
    user: Any = request.user
    if not isinstance(user, get_user_model()):
        raise ConfigurationError("USER_RESOLVER must return a user of settings.AUTH_USER_MODEL.")
    # It gives the session a new id, so whoever planted the old one doesn't get in.
    login(request, user, backend=_configured_backend())
    # A time and not a number of seconds, which Django counts from the last change of the session.
    session.set_expiry(timezone.now() + timedelta(seconds=seconds))


def _configured_backend() -> str:
    backends: list[str] = list(settings.AUTHENTICATION_BACKENDS)
    for path in backends:
        if _is_ours(path):
            return path
    raise ConfigurationError(
        "settings.AUTHENTICATION_BACKENDS must have torii_backend.django.sessions.ToriiBackend."
    )


def _is_ours(path: Optional[str]) -> bool:
    if path is None or path not in settings.AUTHENTICATION_BACKENDS:
        return False
    backend = import_string(path)
    return isinstance(backend, type) and issubclass(backend, ToriiBackend)


def _meets(policy: Policy, auth: Auth) -> bool:
    try:
        policy.enforce(auth)
    except PermissionDenied:
        return False
    return True
