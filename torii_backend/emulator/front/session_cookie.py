"""The session token of a request, and the cookies that carry it. Pure.

Cookies belong to a host and not to a port. So a browser also sends those of another emulator, or of an
earlier one at this address. An unknown session token counts as none, and is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from torii_backend.emulator.front.shapes import (
    HINT_COOKIE,
    NATIVE_PARAMETER,
    SESSION_COOKIE,
    SESSION_TOKEN_HEADER,
)

if TYPE_CHECKING:
    from torii_backend.emulator.sign_in import OpenedSession

_MOST_TOKENS = 4
_LONGEST_TOKEN = 128


def is_native(request: Request) -> bool:
    """Return whether a client without cookies asks for the session token in the body."""
    return request.args.get(NATIVE_PARAMETER) in {"1", "true"}


def sent_session_tokens(request: Request) -> list[str]:
    """Return the session tokens of a request: the header's, or else those of the cookies."""
    header = request.headers.get(SESSION_TOKEN_HEADER)
    tokens = request.cookies.getlist(SESSION_COOKIE) if header is None else [header]
    return [token for token in tokens[:_MOST_TOKENS] if 0 < len(token) <= _LONGEST_TOKEN]


def set_session_cookies(response: Response, opened: OpenedSession, *, secure: bool) -> None:
    """Set the cookie of a new session, and its hint, which holds nothing but the time of expiry."""
    expires_at = opened.session.expires_at
    seconds = int((expires_at - opened.session.created_at).total_seconds())
    hint = str(int(expires_at.timestamp()))
    _set(response, SESSION_COOKIE, opened.session_token, seconds, secure, http_only=True)
    _set(response, HINT_COOKIE, hint, seconds, secure, http_only=False)


def clear_session_cookies(response: Response, *, secure: bool) -> None:
    """Remove both cookies."""
    _set(response, SESSION_COOKIE, "", 0, secure, http_only=True)
    _set(response, HINT_COOKIE, "", 0, secure, http_only=False)


def set_cookie(response: Response, name: str, value: str, seconds: int, *, secure: bool) -> None:
    """Set another cookie that scripts can't read."""
    _set(response, name, value, seconds, secure, http_only=True)


def _set(
    response: Response, name: str, value: str, seconds: int, secure: bool, *, http_only: bool
) -> None:
    # By hand, because werkzeug knows Partitioned from version 3.1 on only. All values are ours.
    attributes = [f"{name}={value}", "Path=/", f"Max-Age={seconds}"]
    if http_only:
        attributes.append("HttpOnly")
    attributes += ["Secure", "SameSite=None", "Partitioned"] if secure else ["SameSite=Lax"]
    response.headers.add("Set-Cookie", "; ".join(attributes))
