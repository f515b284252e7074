"""The names and shapes that front-ends and the tenant host agree on: paths, cookies, headers, bodies.

Torii publishes only some of them. Those that we had to choose say so here or in docs/emulator.md, and
nowhere else in the code is a path, a name or a field spelled out. So a correction is made in this file.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Optional, Union

from msgspec import UNSET, Struct, UnsetType

# Published paths.
ENVIRONMENT = "/_torii/environment"
CLIENT = "/_torii/client"
LOGIN = "/_torii/auth/login"
SIGN_UP = "/_torii/auth/signup"
VERIFY_EMAIL = "/_torii/auth/signup/verify-email"
INVITED_SIGN_UP = "/_torii/auth/invitation/password-signup"
FORGOT_PASSWORD = "/_torii/auth/forgot-password"  # noqa: S105 (a path)
RESET_PASSWORD = "/_torii/auth/reset-password"  # noqa: S105
CHANGE_PASSWORD = "/_torii/auth/change-password"  # noqa: S105
LOGOUT = "/_torii/auth/logout"
TEMPLATE_TOKEN = "/_torii/auth/session/token"  # noqa: S105
ESTABLISH = "/_torii/auth/session/establish"
OAUTH_CALLBACK = "/_torii/auth/oauth2/{provider}/callback"
ME = "/_torii/users/me"
MY_SESSIONS = "/_torii/users/me/sessions"
MY_SESSION = "/_torii/users/me/sessions/{session_id}"
ORGANIZATIONS = "/_torii/organizations"
SWITCH = "/_torii/organizations/{organization_id}/switch"
INVITE = "/_torii/organizations/{organization_id}/invitations"
ACCEPT = "/_torii/organizations/invitations/accept"

# Paths that are ours.
DEFAULT_REFRESH = "/_torii/auth/session/refresh"
OAUTH_START = "/_torii/auth/oauth2/{provider}"
OAUTH_PAGE = "/_torii/auth/oauth2/{provider}/continue"

# All endpoints but the refresh, whose path can be chosen.
ENDPOINTS = (
    ("GET", ENVIRONMENT),
    ("GET", CLIENT),
    ("POST", LOGIN),
    ("POST", SIGN_UP),
    ("POST", VERIFY_EMAIL),
    ("POST", INVITED_SIGN_UP),
    ("POST", FORGOT_PASSWORD),
    ("POST", RESET_PASSWORD),
    ("POST", CHANGE_PASSWORD),
    ("POST", LOGOUT),
    ("POST", TEMPLATE_TOKEN),
    ("PATCH", ME),
    ("GET", MY_SESSIONS),
    ("DELETE", MY_SESSION),
    ("GET", ORGANIZATIONS),
    ("POST", SWITCH),
    ("POST", INVITE),
    ("POST", ACCEPT),
    ("GET", OAUTH_START),
    ("GET", OAUTH_PAGE),
    ("POST", OAUTH_PAGE),
    ("GET", OAUTH_CALLBACK),
    ("GET", ESTABLISH),
)

# Torii's dashboard has cookies of these names. That tenants have the same is likely, not published.
SESSION_COOKIE = "__client_session"
HINT_COOKIE = "__client_session_hint"
# Ours: it ties the steps of an OAuth sign-in to one browser.
FLOW_COOKIE = "__torii_flow"

SESSION_TOKEN_HEADER = "X-Torii-Session-Token"  # noqa: S105 (a name)
NATIVE_PARAMETER = "_is_native"
TEMPLATE_PARAMETER = "template"
# Ours, as are all names below but those that docs/emulator.md calls published.
TICKET_PARAMETER = "ticket"
CODE_PARAMETER = "code"
STATE_PARAMETER = "state"
REDIRECT_PARAMETER = "redirect_url"

# Roles whose members may invite others. Torii's docs show admin and owner, its API org:administrator.
INVITING_ROLES = {"admin", "owner", "org:admin", "org:administrator", "org:owner"}


class _Shape(Struct, rename="camel", kw_only=True):
    """The base of all bodies. Unknown members of a request are ignored."""


class LoginRequest(_Shape):
    """An email and a password."""

    email: str
    password: str


class SignUpRequest(_Shape):
    """The start of a sign-up."""

    email: str
    password: str
    first_name: Optional[str] = None
    last_name: Optional[str] = None
    legal_consent: bool = False


class VerifyEmailRequest(_Shape):
    """The token of a sign-up, and the code that was mailed."""

    token: str
    code: str


class InvitedSignUpRequest(_Shape):
    """A sign-up with the ticket of an invitation, which needs no code."""

    ticket: str
    password: str
    first_name: Optional[str] = None
    last_name: Optional[str] = None
    legal_consent: bool = False


class ForgotPasswordRequest(_Shape):
    """Whose password is forgotten."""

    email: str


class ResetPasswordRequest(_Shape):
    """A new password, and the code that was mailed."""

    email: str
    code: str
    password: str


class ChangePasswordRequest(_Shape):
    """The current password and a new one."""

    current_password: str
    new_password: str


class ProfileRequest(_Shape):
    """What changes in a profile. Fields that are left out keep their value."""

    first_name: Union[str, UnsetType, None] = UNSET
    last_name: Union[str, UnsetType, None] = UNSET
    name: Union[str, UnsetType, None] = UNSET
    locale: Union[Literal["en", "da"], UnsetType, None] = UNSET
    unsafe_metadata: Union[dict[str, Any], UnsetType] = UNSET


class InviteRequest(_Shape):
    """Whom to invite, in which role, and the page that the link leads to."""

    email: str
    role: str
    redirect_url: Optional[str] = None


class AcceptRequest(_Shape):
    """The ticket of an invitation to an organization."""

    ticket: str


class EnvironmentResponse(_Shape):
    """Public settings. `type` isn't a field: Torii calls it `environment`."""

    environment: Literal["SANDBOX", "PRODUCTION"]
    turnstile_site_key: Optional[str]
    legal: dict[str, Any]
    oauth_providers: list[str]
    signup_enabled: bool
    branding_required: bool


class TokenResponse(_Shape):
    """An access token, and the session token of a native client."""

    access_token: str
    expires_at: datetime
    session_token: Union[str, UnsetType] = UNSET


class SignUpResponse(_Shape):
    """The token of a sign-up, for the next call."""

    token: str
    email: str


class FrontUser(_Shape):
    """A user as their own browser sees them, without private metadata."""

    id: str
    email: Optional[str]
    email_verified: bool
    name: Optional[str]
    first_name: Optional[str]
    last_name: Optional[str]
    locale: Optional[str]
    created_at: datetime
    public_metadata: dict[str, Any]
    unsafe_metadata: dict[str, Any]


class FrontSession(_Shape):
    """The session of the browser. Torii doesn't use `gates` today."""

    id: str
    status: Literal["active"]
    gates: list[str]
    expires_at: datetime
    active_organization_id: Optional[str]


class FrontOrganization(_Shape):
    """An organization as a member sees it."""

    id: str
    name: str
    slug: Optional[str]
    role: str


class ClientResponse(_Shape):
    """Who is signed in."""

    authenticated: bool
    user: Optional[FrontUser] = None
    session: Optional[FrontSession] = None
    organizations: list[FrontOrganization] = []


class OwnSession(_Shape):
    """A session in the list of the user's own ones."""

    id: str
    current: bool
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime
    user_agent: Optional[str]
    ip_address: Optional[str]
    active_organization_id: Optional[str]


class OrganizationInvitation(_Shape):
    """An invitation to an organization that was mailed."""

    organization_id: str
    email: str
    role: str
    expires_at: datetime
