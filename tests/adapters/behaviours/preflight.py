"""CORS preflight requests: browsers send them without credentials (the Fetch standard)."""

from __future__ import annotations

from tests.adapters.contract import Guard, behaviour, behaviours
from tests.adapters.messages import Request, authorization

_ASKING = (("Origin", "https://app.example"), ("Access-Control-Request-Method", "PUT"))
PREFLIGHT = Request("/me", _ASKING, "OPTIONS")


@behaviour
def a_preflight_request_passes_as_nobody(guard: Guard) -> None:
    guard.admits(PREFLIGHT, None)
    guard.admits(PREFLIGHT, None, preflight=True)
    guard.admits(PREFLIGHT, None, required=False)


@behaviours(good="good", forged="x.y.z")
def credentials_on_a_preflight_request_are_not_looked_at(guard: Guard, token: str) -> None:
    token = guard.token() if token == "good" else token
    headers = (*_ASKING, ("Authorization", f"Bearer {token}"))
    guard.admits(PREFLIGHT._replace(headers=headers), None)


@behaviour
def a_preflight_request_is_guarded_where_the_guard_says_so(guard: Guard) -> None:
    guard.refuses(PREFLIGHT, "no_credentials", preflight=False)
    headers = (*_ASKING, ("Authorization", f"Bearer {guard.token()}"))
    guard.admits(PREFLIGHT._replace(headers=headers), preflight=False)


@behaviours(bare=(), origin=_ASKING[:1], other=(("Access-Control-Request-Headers", "x-token"),))
def options_that_asks_for_no_method_is_guarded(
    guard: Guard, headers: tuple[tuple[str, str], ...]
) -> None:
    guard.refuses(Request("/me", headers, "OPTIONS"), "no_credentials")


@behaviours(get="GET", head="HEAD", post="POST", put="PUT", delete="DELETE")
def other_methods_are_guarded_though_they_look_like_preflight(guard: Guard, method: str) -> None:
    guard.refuses(PREFLIGHT._replace(method=method), "no_credentials")
    malformed = authorization("Bearer", method=method)
    malformed = malformed._replace(headers=(*_ASKING, *malformed.headers))
    guard.refuses(malformed, "malformed_credentials")
