"""Exempt paths: open to everybody, and nothing else is."""

from __future__ import annotations

from tests.adapters.contract import Guard, behaviour, behaviours
from tests.adapters.messages import Request, authorization, bearer

EXEMPT = ("/health", "/public/*")

_OPEN = {"exact": "/health", "prefix": "/public/x", "deep": "/public/a/b.css", "bare": "/public/"}


@behaviours(**_OPEN)
def an_exempt_path_needs_no_token(guard: Guard, target: str) -> None:
    guard.admits(Request(target), None, exempt=EXEMPT)
    guard.admits(Request(target, shows_target=False), None, exempt=EXEMPT)
    guard.admits(Request(f"{target}?next=/me"), None, exempt=EXEMPT)


@behaviours(**_OPEN)
def credentials_on_an_exempt_path_are_not_looked_at(guard: Guard, target: str) -> None:
    guard.admits(bearer("no.good.token", target), None, exempt=EXEMPT)
    guard.admits(authorization("Bearer", target=target), None, exempt=EXEMPT)
    guard.admits(authorization("Bearer a", "Bearer b", target=target), None, exempt=EXEMPT)
    guard.admits(guard.good(target), None, exempt=EXEMPT)


@behaviours(post="POST", options="OPTIONS", delete="DELETE")
def an_exempt_path_is_open_to_every_method(guard: Guard, method: str) -> None:
    guard.admits(Request("/public/x", method=method), None, exempt=EXEMPT)


@behaviour
def no_path_is_exempt_unless_configured(guard: Guard) -> None:
    for target in _OPEN.values():
        guard.refuses(Request(target), "no_credentials")
        guard.refuses(Request(target), "no_credentials", exempt=())


@behaviour
def paths_beside_the_exempt_ones_stay_guarded(guard: Guard) -> None:
    for target in ("/me", "/healthy", "/health/x", "/publicity", "/public", "/x/public/y"):
        guard.refuses(Request(target), "no_credentials", exempt=EXEMPT)
        guard.admits(guard.good(target), exempt=EXEMPT)


@behaviours(letter="/h%65alth", prefix="/%70ublic/x", slash="/public%2fx")
def an_exempt_path_in_an_odd_spelling_is_guarded(guard: Guard, target: str) -> None:
    """Where the server shows the target as it was sent: another router may read it differently."""
    guard.refuses(Request(target), "no_credentials", exempt=EXEMPT)


@behaviours(
    accent=("/caf\u00e9", "/caf%C3%A9"),
    space=("/price list/*", "/price%20list/2026"),
    prefix=("/\u516c\u958b/*", "/%E5%85%AC%E9%96%8B/x"),
)
def an_exempt_path_may_hold_any_letter(guard: Guard, case: tuple[str, str]) -> None:
    path, target = case
    guard.admits(Request(target, shows_target=False), None, exempt=[path])
    guard.admits(Request(target), None, exempt=[path])
    guard.refuses(Request(target + "x/../../me"), "no_credentials", exempt=[path])


_LOOKALIKES = {
    "double_slash": "//me",
    "double_slash_exempt": "//public/x",
    "double_slash_inside": "/public//../me",
    "encoded_letter": "/%6de",
    "encoded_exempt": "/%70ublic/../me",
    "dots": "/public/../me",
    "encoded_dots": "/public/%2e%2e/me",
    "half_encoded_dots": "/public/.%2E/me",
    "encoded_slash": "/public/..%2fme",
    "all_encoded": "/public%2f..%2fme",
    "dots_to_exempt": "/me/../public/x",
    "encoded_dots_to_exempt": "/me/%2e%2e/health",
    "two_climbs": "/public/x/../../me",
    "dot_dot_at_the_end": "/public/..",
    "climb_to_root": "/public/../",
    "exempt_in_query": "/me?/public/x",
    "exempt_in_parameter": "/me;/public/x",
    "trailing_slash": "/health/",
    "capitals": "/Health",
    "trailing_space": "/health%20",
    "null": "/health%00",
    "tab": "/health%09",
}


@behaviours(**_LOOKALIKES)
def a_path_that_only_looks_exempt_is_guarded(guard: Guard, target: str) -> None:
    for shows_target in (True, False):
        anonymous = Request(target, shows_target=shows_target)
        guard.refuses(anonymous, "no_credentials", exempt=EXEMPT)
        malformed = anonymous._replace(headers=(("Authorization", "Bearer"),))
        guard.refuses(malformed, "malformed_credentials", exempt=EXEMPT)
