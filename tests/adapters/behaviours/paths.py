"""Exempt paths: open to everybody, and nothing else is."""

from __future__ import annotations

from typing import Any

from tests.adapters.application import Crash
from tests.adapters.contract import Guard, behaviour, behaviours
from tests.adapters.messages import Request, authorization, bearer

EXEMPT = ("/health", "/public/*")


def is_open(path: str) -> bool:
    return path == "/health" or path.startswith("/public/")


def almost(path: str) -> bool:
    answer: Any = "yes"
    return answer  # type: ignore[no-any-return]


def crash(path: str) -> bool:
    raise Crash


BY_FUNCTION = (is_open,)

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
    "not_utf_8": "/public/%ff",
}


@behaviours(**_LOOKALIKES)
def a_path_that_only_looks_exempt_is_guarded(guard: Guard, target: str) -> None:
    for shows_target in (True, False):
        anonymous = Request(target, shows_target=shows_target)
        guard.refuses(anonymous, "no_credentials", exempt=EXEMPT)
        malformed = anonymous._replace(headers=(("Authorization", "Bearer"),))
        guard.refuses(malformed, "malformed_credentials", exempt=EXEMPT)
        guard.refuses(anonymous, "no_credentials", exempt=BY_FUNCTION)


@behaviours(**_OPEN)
def a_function_may_say_which_paths_are_exempt(guard: Guard, target: str) -> None:
    guard.admits(Request(target), None, exempt=BY_FUNCTION)
    guard.admits(bearer("no.good.token", f"{target}?next=/me"), None, exempt=BY_FUNCTION)
    guard.refuses(Request("/me"), "no_credentials", exempt=BY_FUNCTION)
    guard.admits(guard.good("/me"), exempt=BY_FUNCTION)


@behaviour
def paths_and_functions_may_stand_side_by_side(guard: Guard) -> None:
    for target in ("/health", "/public/x", "/status"):
        guard.admits(Request(target), None, exempt=["/status", is_open])
    guard.refuses(Request("/me"), "no_credentials", exempt=["/status", is_open])


@behaviour
def a_function_has_to_say_exactly_true(guard: Guard) -> None:
    guard.refuses(Request(), "no_credentials", exempt=[almost])


@behaviour
def a_function_that_fails_does_not_let_the_request_in(guard: Guard) -> None:
    assert guard.call(Request(), exempt=[crash]).status == 500
    assert guard.call(guard.good(), exempt=[crash]).status == 500
