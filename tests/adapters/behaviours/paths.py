"""Exempt paths: they need no token, and every other path does."""

from __future__ import annotations

from tests.adapters.application import Crash
from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, authorization, bearer

EXEMPT = ("/health", "/public/*")


def is_open(path: str) -> bool:
    return path == "/health" or path.startswith("/public/")


def crash(path: str) -> bool:
    raise Crash


_OPEN = ("/health", "/public/x", "/public/a/b.css", "/public/")


@behaviour
def an_exempt_path_needs_no_token(guard: Guard) -> None:
    app = guard.serving(exempt=EXEMPT)
    for target in _OPEN:
        guard.assert_admitted(app(Request(target)), None)
        guard.assert_admitted(app(Request(target, shows_target=False)), None)
        guard.assert_admitted(app(Request(f"{target}?next=/me")), None)
    for method in ("POST", "OPTIONS", "DELETE"):
        guard.assert_admitted(app(Request("/public/x", method=method)), None)


@behaviour
def credentials_on_an_exempt_path_are_ignored(guard: Guard) -> None:
    app = guard.serving(exempt=EXEMPT)
    for target in _OPEN[:2]:
        for request in (
            bearer("no.good.token", target),
            authorization("Bearer", target=target),
            authorization("Bearer a", "Bearer b", target=target),
            guard.good(target),
        ):
            guard.assert_admitted(app(request), None)


@behaviour
def an_exempt_path_may_hold_any_letter(guard: Guard) -> None:
    for path, target in (
        ("/caf\u00e9", "/caf%C3%A9"),
        ("/price list/*", "/price%20list/2026"),
        ("/\u516c\u958b/*", "/%E5%85%AC%E9%96%8B/x"),
    ):
        app = guard.serving(exempt=[path])
        guard.assert_admitted(app(Request(target, shows_target=False)), None)
        guard.assert_admitted(app(Request(target)), None)
        guard.assert_refused(app(Request(target + "x/../../me")), "no_credentials")


@behaviour
def an_exempt_path_in_an_odd_spelling_is_guarded(guard: Guard) -> None:
    """If the server shows the target as it was sent: another router may read it differently."""
    app = guard.serving(exempt=EXEMPT)
    for target in ("/h%65alth", "/%70ublic/x", "/public%2fx"):
        guard.assert_refused(app(Request(target)), "no_credentials")


_LOOKALIKES = (
    "/me",
    "/healthy",
    "/health/x",
    "/publicity",
    "/public",
    "/x/public/y",
    "//me",
    "//public/x",
    "/public//../me",
    "/%6de",
    "/%70ublic/../me",
    "/public/../me",
    "/public/%2e%2e/me",
    "/public/.%2E/me",
    "/public/..%2fme",
    "/public%2f..%2fme",
    "/me/../public/x",
    "/me/%2e%2e/health",
    "/public/x/../../me",
    "/public/..",
    "/public/../",
    "/me?/public/x",
    "/me;/public/x",
    "/health/",
    "/Health",
    "/health%20",
    "/health%00",
    "/health%09",
    "/public/%ff",
)


@behaviour
def a_path_that_only_looks_exempt_is_guarded(guard: Guard) -> None:
    for app in (guard.serving(exempt=EXEMPT), guard.serving(exempt=[is_open])):
        for target in _LOOKALIKES:
            for shows_target in (True, False):
                response = app(Request(target, shows_target=shows_target))
                guard.assert_refused(response, "no_credentials")


@behaviour
def a_mount_point_in_a_header_opens_nothing(guard: Guard) -> None:
    """daphne and gunicorn believe such a header, from a loopback peer at least."""
    app = guard.serving(exempt=["/", "/public/*"])
    for name in ("Daphne-Root-Path", "SCRIPT_NAME", "X-Forwarded-Prefix", "X-Script-Name"):
        for target in ("/me", "/me/", "/me/public/x"):
            guard.assert_refused(app(Request(target, ((name, "/me"),))), "no_credentials")


@behaviour
def functions_and_paths_may_be_mixed(guard: Guard) -> None:
    app = guard.serving(exempt=["/status", is_open])
    for target in ("/health", "/public/x?next=/me", "/status"):
        guard.assert_admitted(app(Request(target)), None)
    guard.assert_refused(app(Request("/me")), "no_credentials")
    guard.assert_admitted(app(guard.good("/me")))


@behaviour
def an_exempt_function_that_fails_does_not_reach_the_application(guard: Guard) -> None:
    app = guard.serving(exempt=[crash])
    assert (app(Request()).status, app(guard.good()).status) == (500, 500)
