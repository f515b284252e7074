"""CORS preflight requests: browsers send them without credentials (the Fetch standard)."""

from __future__ import annotations

from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, authorization

_ASKING = (("Origin", "https://app.example"), ("Access-Control-Request-Method", "PUT"))
PREFLIGHT = Request("/me", _ASKING, "OPTIONS")


@behaviour
def a_preflight_request_passes_without_auth(guard: Guard) -> None:
    for required in (True, False):
        guard.admits(PREFLIGHT, None, required=required)
    for token in (guard.token(), "x.y.z"):
        headers = (*_ASKING, ("Authorization", f"Bearer {token}"))
        guard.admits(PREFLIGHT._replace(headers=headers), None, preflight=True)


@behaviour
def a_preflight_request_may_be_guarded(guard: Guard) -> None:
    guard.refuses(PREFLIGHT, "no_credentials", preflight=False)
    headers = (*_ASKING, ("Authorization", f"Bearer {guard.token()}"))
    guard.admits(PREFLIGHT._replace(headers=headers), preflight=False)


@behaviour
def options_without_a_requested_method_is_guarded(guard: Guard) -> None:
    for headers in ((), _ASKING[:1], (("Access-Control-Request-Headers", "x-token"),)):
        guard.refuses(Request("/me", headers, "OPTIONS"), "no_credentials")


@behaviour
def other_methods_are_guarded_though_they_look_like_preflight(guard: Guard) -> None:
    app = guard.serving()
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        head = method == "HEAD"
        response = app(PREFLIGHT._replace(method=method))
        guard.assert_refused(response, "no_credentials", head=head)
        malformed = authorization("Bearer", method=method)
        response = app(malformed._replace(headers=(*_ASKING, *malformed.headers)))
        guard.assert_refused(response, "malformed_credentials", head=head)
