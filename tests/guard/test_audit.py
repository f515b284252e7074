"""An audit calls a route guarded only if its guards, and what is between them, leave no way around."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from torii_backend._guard.audit import (
    Route,
    Verdict,
    name_of,
    shown_unguarded,
    strongest,
    verdict_of,
    where_of,
    without_needless_head,
)
from torii_backend._guard.audit_place import Place
from torii_backend._guard.options import checked_options
from torii_backend._guard.route_paths import SEGMENT
from torii_backend.wsgi import AuthMiddleware

ISSUER = "https://acme.torii.so"


def _never(_: str) -> bool:
    return pytest.fail("an audit called a function of the application")


@pytest.mark.parametrize(
    ("options", "pieces", "verdict"),
    [
        ({}, ["/me"], ("guarded", "")),
        ({"role": "admin", "organization": "o"}, ["/me"], ("guarded", "organization='o', role='admin'")),
        ({"required": False, "role": "admin", "any_organization": True}, ["/me"], ("optional", "role='admin', any_organization=True")),
        ({"exempt": ["/health"]}, ["/health"], ("exempt", "/health")),
        ({"exempt": {"/health": "load balancer"}}, ["/health"], ("exempt", "load balancer")),
        ({"exempt": {"/static/*": "assets"}}, ["/static/", SEGMENT], ("exempt", "assets")),
        ({"exempt": {"/health": "load balancer"}}, ["/healthy"], ("guarded", "")),
        ({"exempt": [_never]}, ["/me"], ("unknown", "exempt has a function")),
        ({"exempt": {_never: "signed"}}, ["/me"], ("unknown", "exempt has a function: signed")),
        ({"exempt": [_never], "required": False}, ["/me"], ("optional", "")),
    ],
)  # fmt: skip
def test_what_a_guard_does(options: Any, pieces: list[str], verdict: tuple[str, str]) -> None:
    assert verdict_of(checked_options(**options), pieces) == verdict


def test_the_guard_that_demands_most_decides() -> None:
    optional, exempt = Verdict("optional"), Verdict("exempt", "assets")
    guarded = Verdict("guarded", "role='admin'")
    assert strongest([exempt, guarded, optional], ["depends on get_user"]) == guarded
    assert strongest([exempt, optional], ["depends on get_user"]) == optional
    assert strongest([exempt], ["depends on get_user"]) == exempt
    assert strongest([], ["depends on a", "depends on b", "depends on a"]) == Verdict(
        "unknown", "depends on a, depends on b"
    )
    assert strongest([]) == Verdict("open")
    more = Verdict("guarded", "email_verified=True")
    assert strongest([guarded, more, guarded]).detail == "role='admin', email_verified=True"


class _Prefix:
    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app({**environ, "PATH_INFO": environ["PATH_INFO"][4:]}, start_response)


class _Timer:
    def __call__(self, environ: Any, start_response: Any) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("exempt", "inside", "state"),
    [
        ((), _Prefix, "guarded"),
        (["/api/me"], _Timer, "guarded"),
        (["/me"], partial(_Timer), "exempt"),
        (["/api/me"], _Prefix, "unknown"),
        (["/api/me"], partial(_Prefix), "unknown"),
        (["/api/me"], len, "unknown"),
    ],
)
def test_middleware_inside_a_guard_may_change_paths(exempt: Any, inside: Any, state: str) -> None:
    guard = AuthMiddleware(_Timer(), issuer=ISSUER, exempt=exempt)
    place = Place().behind(guard, object()).behind_other(inside)
    assert place.route("/me", "GET", lambda path: [path]).state == state


def test_a_guard_judges_the_path_below_its_mount_point() -> None:
    guard = AuthMiddleware(_Timer(), issuer=ISSUER, exempt=["/health"])
    below = Place(path="/shop").behind(guard)
    assert below.route("/health", "GET", lambda path: [path]) == (
        "/shop/health",
        "GET",
        "exempt",
        "/health",
        "",
    )
    assert Place().behind(guard)._replace(path="/shop").route("/health", "GET", lambda path: [path]).state == "guarded"  # fmt: skip


def test_a_subclass_with_a_call_of_its_own_is_no_guard() -> None:
    class Lenient(AuthMiddleware):
        def __call__(self, environ: Any, start_response: Any) -> Any:
            return self._app(environ, start_response)

    lenient = Lenient(_Timer(), issuer=ISSUER)
    assert Place().behind(lenient).route("/me", "GET", lambda path: [path]).state == "open"


def test_unguarded_routes_are_lines() -> None:
    get, head, post = (Route("/a", method, "open") for method in ("GET", "HEAD", "POST"))
    guarded = Route("/b", "GET", "guarded")
    assert without_needless_head([get, head, post]) == [get, post]
    assert without_needless_head([guarded, head]) == [guarded, head]
    assert without_needless_head([head]) == [head]
    assert shown_unguarded([[post, get], [guarded], [post], [post]]) == ["GET,POST /a", "POST /a"]


def test_views_are_named_with_their_place() -> None:
    assert where_of(_never).startswith("tests/guard/test_audit.py:")
    assert where_of(_Prefix).startswith("tests/guard/test_audit.py:")
    assert where_of(len) == where_of(_Timer()) == where_of(None) == ""
    assert [name_of(each) for each in (_never, partial(_never), _Timer(), _Timer)] == [
        "_never", "_never", "_Timer", "_Timer",
    ]  # fmt: skip
