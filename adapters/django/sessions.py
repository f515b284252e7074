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
from django.contrib.auth import BACKEND_SESSION_KEY, get_user_model, login
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
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import timezone

from torii_backend._guard.authenticator import warn_of_any_organization
from torii_backend._guard.options import IssuerOf, OptionsBesidesIssuer, shows_options
from torii_backend._guard.policy import Policy
from torii_backend.auth import Auth, not_from_requests
from torii_backend.django.decorators import _guarded
from torii_backend.django.guard import LazyGuard, RequestGuard
from torii_backend.django.own_site import next_page, require_own_origin
from torii_backend.django.session_backend import ToriiBackend, configured_backend, is_ours
from torii_backend.errors import ConfigurationError, MissingCredentials, PermissionDenied
from torii_backend.settings import Issuer, require_seconds

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["StaffSiteMixin", "ToriiBackend", "is_staff", "session_view"]

_STAFF = "_torii_staff"
_ADMIN = "django.contrib.admin.sites"


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
    if staff is not None:
        warn_of_any_organization(staff)
    options.setdefault("impersonation", "forbid")
    lazy_guard = LazyGuard(issuer=issuer, required=True, **options)

    def start_session(request: HttpRequest, **_: Any) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        guard = lazy_guard.get()
        auth: Optional[Auth] = request.auth  # type: ignore[attr-defined]
        if auth is None:  # the path is exempt
            return guard.http_response_to(MissingCredentials(), request)
        require_own_origin(request, guard)
        seconds = guard.authenticator.seconds_left(auth) if lifetime is None else lifetime
        meets_policy = staff is not None and _meets(staff, auth)
        _start(request, guard, seconds)
        request.session[_STAFF] = meets_policy
        wanted = next_page(request, resolve_url(settings.LOGIN_REDIRECT_URL))
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

    It may query the database, so async code calls it by `sync_to_async`.

    Args:
        request: a request of Django with a session and a user.

    Returns:
        True if `session_view(staff=...)` started the session with such a token, and the user is active.
    """
    user: Any = getattr(request, "user", None)
    session: Any = getattr(request, "session", None)
    if user is None or session is None or not (user.is_authenticated and user.is_active):
        return False
    return bool(session.get(_STAFF) is True and is_ours(session.get(BACKEND_SESSION_KEY)))


@not_from_requests()
class StaffSiteMixin:
    """Opens an admin site to those for whom `is_staff(request)` is True, and to nobody else.

    Write it before `AdminSite`. What they see and change there is up to Django's permissions, as ever. Who
    isn't signed in is sent to `LOGIN_URL`, and no password is asked for.

    Raises:
        ConfigurationError: the mixin comes after `AdminSite`.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if any(getattr(cls, name).__module__ == _ADMIN for name in ("has_permission", "login")):
            raise ConfigurationError(
                f"StaffSiteMixin must come before the other bases of {cls.__name__}. "
                "After AdminSite it does nothing."
            )

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether the user of a request may open the site; the admin calls this."""
        return is_staff(request)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002
        """Send a user to `LOGIN_URL`. Those who are signed in get a 403, or into the site."""
        site: Any = self
        wanted = next_page(request, reverse("admin:index", current_app=site.name))
        if self.has_permission(request):
            return HttpResponseRedirect(wanted)
        user: Any = request.user
        if user.is_authenticated:
            raise DjangoPermissionDenied
        return redirect_to_login(wanted)


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
    login(request, user, backend=configured_backend())
    # A time and not a number of seconds, which Django counts from the last change of the session.
    session.set_expiry(timezone.now() + timedelta(seconds=seconds))


def _meets(policy: Policy, auth: Auth) -> bool:
    try:
        policy.enforce(auth)
    except PermissionDenied:
        return False
    return True
