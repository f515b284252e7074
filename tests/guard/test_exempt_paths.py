"""Exempt paths: a spelling that a router might take for another path is never exempt."""

# ruff: noqa: RUF005  (cases in rows read better than one a line)

from __future__ import annotations

from typing import Any, Callable
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import fuzz
from torii_backend import Authenticator, ConfigurationError, MissingCredentials
from torii_backend._guard.exempt_paths import ExemptPaths
from torii_backend._guard.raw_path import environ_paths, scope_paths
from torii_backend._guard.request import ASGIRequest, IncomingRequest, WSGIRequest

EXEMPT = ExemptPaths(["/health", "/docs/", "/public/*", "/assets*"])


def is_exempt(raw_path: str) -> bool:
    return EXEMPT.matches(raw_path, unquote(raw_path))


@pytest.mark.parametrize(
    "path",
    ["/health", "/docs/", "/public/", "/public/a", "/public/a/b.js", "/public/a/", "/assets"]
    + ["/assets/x", "/assets-v2", "/public/a%20b", "/public/%C3%A6", "/public/..x", "/public/a..b"],
)
def test_listed_paths_are_exempt(path: str) -> None:
    assert is_exempt(path)


@pytest.mark.parametrize(
    "path",
    ["/", "/me", "", "health", "//health", "/health/", "/healthy", "/Health", "/health.json"]
    + [
        "/health;x=1",
        "/health?x=1",
        "/health#x",
        "/health%00",
        "/health%2f",
        "/health/.",
        "/health ",
    ]
    + ["/%68ealth", "/./health", "/x/../health", "/x/%2e%2e/health", "/health/../health", "/docs"]
    + ["/docs//", "/public", "/public%2fa", "/publicity", "/%70ublic/a", "//public/a"]
    + ["/public/..", "/public/../", "/public/../me", "/public/%2e%2e/me", "/public/%2E%2E/me"]
    + ["/public/.%2e/me", "/public/..%2fme", "/public%2f..%2fme", "/public/a/../../me"]
    + ["/public/./../me", "/public//../me", "/public//../../me", "/me/../public/x", "//me"]
    + ["/%6de", "/assets/../me", "/assets/..", "http://host/health", "*"],
)
def test_other_paths_and_odd_spellings_are_not(path: str) -> None:
    assert not is_exempt(path)
    assert not EXEMPT.matches(path, "/health")


@pytest.mark.parametrize("path", ["/public/../me", "/public/%2e%2e/me", "//health", "/%68ealth"])
def test_where_the_server_does_not_tell_the_raw_path(path: str) -> None:
    assert not EXEMPT.matches(path, path)


def test_without_patterns_nothing_is_exempt() -> None:
    assert not any(ExemptPaths().matches(path, path) for path in ("", "/", "/health", "*"))


def test_everything_may_be_exempt() -> None:
    everything = ExemptPaths(["/*"])
    for path in ("/", "/me", "//me", "/a/../b", "/%6de"):
        assert everything.matches(path, unquote(path))


@pytest.mark.parametrize(
    "patterns",
    [
        "/health",
        b"/health",
        None,
        5,
        [""],
        ["health"],
        ["*"],
        [" /health"],
        ["http://host/x"],
        [None],
    ]
    + [[5], [b"/health"], ["//health"], ["/a//b"], ["/a/./b"], ["/a/../b"], ["/.."], ["/a/.."]]
    + [["/a%20b"], ["/%2e"], ["/a*b"], ["/*/b"], ["/a**"], ["/a?b=1"], ["/a#b"], ["/ok", "bad"]],
)
def test_patterns_that_are_refused(patterns: Any) -> None:
    with pytest.raises(ConfigurationError):
        ExemptPaths(patterns)


def normal_form(raw_path: str) -> str:
    """Decode once, then resolve dots and empty segments as RFC 3986 section 5.2.4 does."""
    segments: list[str] = []
    parts = unquote(raw_path).split("/")
    for part in parts:
        if part == "..":
            segments = segments[:-1]
        elif part not in ("", "."):
            segments.append(part)
    slash = "/" if segments and parts[-1] == "" else ""
    return "/" + "/".join(segments) + slash


def is_listed(path: str) -> bool:
    return path in ("/health", "/docs/") or path.startswith(("/public/", "/assets"))


PIECES = ["/", "//", ".", "..", "%2e", "%2f", "%2F", "%25", "%00", "\\", ";", "?", "#", "%5c", "é"]
WORDS = ["health", "docs", "public", "assets", "me", "a", "%70ublic", "%6de", "http://host"]


@fuzz
@given(
    st.lists(st.sampled_from(PIECES + WORDS), max_size=8).map(lambda parts: "/" + "".join(parts))
)
def test_no_path_is_exempt_whose_normal_form_is_not_listed(raw_path: str) -> None:
    for path in (unquote(raw_path), raw_path):
        if EXEMPT.matches(raw_path, path):
            assert is_listed(normal_form(raw_path))
            assert is_listed(raw_path)
            assert is_listed(path)


@fuzz
@given(st.text(max_size=20), st.text(max_size=20))
def test_any_paths_are_answered(raw_path: str, path: str) -> None:
    if EXEMPT.matches(raw_path, path):
        assert is_listed(normal_form(raw_path)) and is_listed(path)


Environ = dict[str, Any]


@pytest.mark.parametrize(
    ("environ", "paths"),
    [
        ({"PATH_INFO": "/health"}, ("/health", "/health")),
        ({"PATH_INFO": ""}, ("/", "/")),
        ({}, ("/", "/")),
        ({"PATH_INFO": "/me", "RAW_URI": "/%6de?x=1"}, ("/%6de", "/me")),
        ({"PATH_INFO": "/me", "REQUEST_URI": "/%6de?x=1"}, ("/%6de", "/me")),
        ({"PATH_INFO": "/me", "REQUEST_URI": "http://host/%6de?x=1"}, ("/%6de", "/me")),
        ({"PATH_INFO": "/me", "REQUEST_URI": "https://host:1/%6de"}, ("/%6de", "/me")),
        ({"PATH_INFO": "/me", "RAW_URI": "//host/me"}, ("//host/me", "/me")),
        ({"PATH_INFO": "/x", "SCRIPT_NAME": "/app", "RAW_URI": "/app/x"}, ("/x", "/x")),
        ({"PATH_INFO": "", "SCRIPT_NAME": "/app", "RAW_URI": "/app"}, ("/", "/")),
        ({"PATH_INFO": "/x", "SCRIPT_NAME": "/app", "RAW_URI": "/a%70p/x"}, ("/a%70p/x", "/x")),
        ({"PATH_INFO": "/x", "SCRIPT_NAME": "/app"}, ("/x", "/x")),
        ({"PATH_INFO": "/\xc3\xa6", "RAW_URI": "/%C3%A6"}, ("/%C3%A6", "/æ")),
        ({"PATH_INFO": "/\xff"}, ("/\ufffd", "/\ufffd")),
    ],
)
def test_the_paths_of_a_wsgi_request(environ: Environ, paths: tuple[str, str]) -> None:
    assert environ_paths(environ) == paths


@pytest.mark.parametrize(
    "target",
    ["http://[/me", "http://[::1", "http://[::1]/%68ealth", "*", "host:443", "http://", "?", "#"]
    + ["http:/health", "http://host?/health", "health", "http://host//health", "://"],
)
def test_an_odd_request_target_is_not_exempt(target: str) -> None:
    assert not EXEMPT.matches(*environ_paths({"PATH_INFO": "/health", "REQUEST_URI": target}))


@pytest.mark.parametrize(
    ("scope", "paths"),
    [
        ({"path": "/health"}, ("/health", "/health")),
        ({"path": "/me", "raw_path": None}, ("/me", "/me")),
        ({"path": "/me", "raw_path": b"/%6de"}, ("/%6de", "/me")),
        ({"path": "/app/x", "root_path": "/app", "raw_path": b"/app/x"}, ("/x", "/x")),
        ({"path": "/app", "root_path": "/app", "raw_path": b"/app"}, ("/", "/")),
        ({"path": "/x", "root_path": "/app", "raw_path": b"/x"}, ("/x", "/x")),
        ({"path": "/app/x", "root_path": "/app"}, ("/x", "/x")),
        ({"path": "/app/x", "root_path": "/app", "raw_path": b"/a%70p/x"}, ("/a%70p/x", "/x")),
        ({"path": "/\xe6", "raw_path": b"/\xe6"}, ("/\xe6", "/\xe6")),
        ({"path": "/x", "root_path": ""}, ("/x", "/x")),
        ({"path": "/x", "root_path": None}, ("/x", "/x")),
    ],
)
def test_the_paths_of_an_asgi_request(scope: dict[str, Any], paths: tuple[str, str]) -> None:
    assert scope_paths(scope) == paths


def wsgi(mount: str, raw: str) -> tuple[str, str]:
    path = unquote(raw, "latin-1")
    return environ_paths({"SCRIPT_NAME": mount, "PATH_INFO": path[len(mount) :], "RAW_URI": raw})


def asgi(mount: str, raw: str) -> tuple[str, str]:
    return scope_paths({"root_path": mount, "path": unquote(raw), "raw_path": raw.encode()})


@pytest.mark.parametrize("paths", [wsgi, asgi])
def test_below_a_mount_point(paths: Callable[[str, str], tuple[str, str]]) -> None:
    assert EXEMPT.matches(*paths("/app", "/app/health"))
    assert EXEMPT.matches(*paths("/app", "/app/public/a%20b"))
    for raw in ("/app/me", "/app/public/../me", "/app/%68ealth", "/a%70p/health", "/app//health"):
        assert not EXEMPT.matches(*paths("/app", raw))
    assert not EXEMPT.matches(*paths("", "/app/health"))


def at_wsgi(mount: str, raw: str) -> IncomingRequest:
    path = raw[len(mount) :] if f"{raw}/".startswith(f"{mount}/") else raw
    return WSGIRequest({"SCRIPT_NAME": mount, "PATH_INFO": path, "RAW_URI": raw})


def at_asgi(mount: str, raw: str, **scope: Any) -> IncomingRequest:
    return ASGIRequest(
        {"root_path": mount, "path": raw, "raw_path": raw.encode(), "headers": [], **scope}
    )


def is_open(request: IncomingRequest, exempt: Any, root_path: Any = None) -> bool:
    """Return whether a guard lets a request pass that has no token."""
    options: Any = {"issuer": "https://acme.example", "exempt": exempt, "root_path": root_path}
    try:
        return Authenticator(**options).authenticate(request) is None
    except MissingCredentials:
        return False


ROOTS = [("/", "/public/*"), (lambda path: path == "/" or path.startswith("/public/"),)]


@pytest.mark.parametrize("exempt", ROOTS)
@pytest.mark.parametrize("at", [at_wsgi, at_asgi])
def test_a_mount_point_opens_no_path_unless_it_is_declared(at: Any, exempt: Any) -> None:
    """Servers take it from a header, which any client may send."""
    for mount, raw in (
        ("/admin", "/admin"),
        ("/admin", "/admin/"),
        ("/admin", "/admin/public/x"),
        ("/admin/", "/admin/public/x"),
        ("/admin", "/public/x"),
        ("admin", "/admin/public/x"),
    ):
        for declared in (None, "", "/", "/app", "/admin/app", "/ad"):
            assert not is_open(at(mount, raw), exempt, declared)
    for declared in ("/admin", "/admin/"):
        assert is_open(at("/admin", "/admin"), exempt, declared)
        assert is_open(at("/admin", "/admin/public/x"), exempt, declared)
        assert not is_open(at("/admin", "/admin/me"), exempt, declared)
        assert is_open(at("", "/public/x"), exempt, declared)
        assert not is_open(at("", "/admin/public/x"), exempt, declared)


@pytest.mark.parametrize("at", [at_wsgi, at_asgi])
def test_a_path_that_is_listed_with_its_mount_point_too_is_exempt(at: Any) -> None:
    for listed in (["/health", "/app/health"], ["/*"], [lambda path: path.endswith("/health")]):
        assert is_open(at("/app", "/app/health"), listed)
    assert not is_open(at("/app", "/app/health"), ["/app/health"])
    assert not is_open(at("/app", "/app/health"), ["/health", "/app/"])


class Declaring:
    root_path = "/app"


def test_a_mount_point_that_the_application_puts_into_the_scope_is_declared() -> None:
    """Starlette's Mount keeps what the server said; FastAPI(root_path=...) replaces it."""
    scopes: list[tuple[dict[str, Any], bool]] = [
        ({"app_root_path": ""}, True),
        ({"app": Declaring()}, True),
        ({"app_root_path": "/app"}, False),
        ({"app": object()}, False),
        ({"app": None}, False),
    ]
    for scope, is_declared in scopes:
        assert is_open(at_asgi("/app", "/app/health", **scope), ["/health"]) is is_declared
    inside = at_asgi("/v1/app", "/v1/app/health", app_root_path="/v1")
    assert [
        is_open(inside, ["/health"], declared) for declared in ("", "/v1", "/v1/app", "/app")
    ] == [
        False,
        True,
        True,
        False,
    ]


def test_a_guarded_path_below_an_unknown_mount_point_is_reported_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    guard = Authenticator(issuer="https://acme.example", exempt=["/health"])
    for _ in range(3):
        for target in ("/app/health", "/app/me"):
            with pytest.raises(MissingCredentials):
                guard.authenticate(at_wsgi("/app", target))
    (record,) = caplog.records
    assert "root_path=" in record.getMessage() and "/app" not in record.getMessage()


def test_a_mapping_says_why_each_path_is_exempt() -> None:
    exempt = ExemptPaths({"/health": "load balancer", "/æ*": "letters", "/odd".__eq__: "odd"})
    assert all(exempt.matches(path, path) for path in ("/health", "/æble", "/odd"))
    assert not exempt.matches("/me", "/me")
    assert set(exempt.shown.values()) == {"load balancer", "letters"}
    for reason in ("", " ", None, 5, ["why"]):
        with pytest.raises(ConfigurationError, match="each reason in exempt must be a text"):
            ExemptPaths({"/health": reason})


@pytest.mark.parametrize(
    "root_path",
    ["api", "/a//b", "/a/../b", "/a%20b", b"/api", ["/api"], 5, True, "https://host/api"],
)
def test_mount_points_that_are_refused(root_path: Any) -> None:
    with pytest.raises(ConfigurationError, match="such as /api"):
        Authenticator(issuer="https://acme.example", root_path=root_path)


def test_a_mount_point_ends_at_a_slash() -> None:
    """If a server leaves the mount point out of the path, `/apphealth` is a different path."""
    scope = {"root_path": "/app", "path": "/app/health"}
    assert EXEMPT.matches(*scope_paths(scope))
    mounted = ExemptPaths(["/health", "/-docs/health", "/app*", lambda _: True])
    for path in ("/apphealth", "/app-docs/health"):
        assert not mounted.matches(*scope_paths({"root_path": "/app", "path": path}))


@pytest.mark.parametrize(
    ("mount", "path"),
    [
        ("/app", "/public/app/me"),
        ("/app", "/public/app"),
        ("/app", "/public/application/me"),
        ("/app", "/public/x/app/app/me"),
        ("/app", "//app/me"),
        ("/app/", "/public/app/me"),
        ("/app/", "/app/public/x"),
        ("/", "/public/x"),
    ],
)
@pytest.mark.parametrize("told", ["path", "raw", "both"])
def test_a_mount_point_further_on_in_the_path(mount: str, path: str, told: str) -> None:
    """Litestar, and Quart 0.20, route what follows its first occurrence."""
    everything = ExemptPaths(["/*", lambda _: True])
    scope: dict[str, Any] = {"root_path": mount, "path": path if told != "raw" else "/public/x"}
    if told != "path":
        scope["raw_path"] = path.encode()
    assert not everything.matches(*scope_paths(scope))
    assert not EXEMPT.matches(*scope_paths(scope))


@pytest.mark.parametrize(
    ("mount", "path"),
    [
        ("/app", "/app/public/app/me"),
        ("/app", "/public/x"),
        ("/app", "/public/a/pp"),
        ("/app/", "/app//public/x"),
        ("/", "//public/x"),
        ("", "/public/x"),
    ],
)
def test_a_mount_point_in_its_place_or_nowhere(mount: str, path: str) -> None:
    """Proxies may take it off; Uvicorn puts it in front, as it was configured."""
    scope = {"root_path": mount, "path": path, "raw_path": path.encode()}
    assert EXEMPT.matches(*scope_paths(scope))


@pytest.mark.parametrize("path", ["/static/app.css", "/app-docs/x"])
def test_a_wsgi_path_is_below_its_mount_point_already(path: str) -> None:
    """Where a proxy has taken the mount point off, its letters are letters like others."""
    environ = {"SCRIPT_NAME": "/app", "PATH_INFO": path, "RAW_URI": path}
    assert ExemptPaths([path]).matches(*environ_paths(environ))


@pytest.mark.parametrize(
    "path",
    ["http://host/public/x", "http://host/me;x.css", "public/x", "", "*", "host:443", "\\public"],
)
def test_what_does_not_start_with_a_slash_is_not_exempt(path: str) -> None:
    """Quart has its own rules for splitting a URL."""
    everything = ExemptPaths(["/*", lambda _: True])
    assert not everything.matches(path, path)
    assert not everything.matches("/public/x", path)
    assert not everything.matches(path, "/public/x")
    assert not everything.matches(*scope_paths({"path": path}))


@pytest.mark.parametrize(
    "raw", ["/public/%00/../../me", "/public/%00", "/public/a%0Ab", "/public/%7f"]
)
def test_a_path_with_a_control_character_is_not_exempt(raw: str) -> None:
    path = unquote(raw)
    assert not ExemptPaths(["/public/*"]).matches(raw, path)
    assert not ExemptPaths(["/public/*"]).matches(path, path)


def test_a_path_that_is_not_utf_8_is_not_exempt() -> None:
    """Some routers leave out the bytes that they cannot read."""
    for raw in ("/%ffme", "/public/%ff", "/public/%c0%ae%c0%ae/me"):
        assert not ExemptPaths(["/public/*"]).matches(raw, unquote(raw))
        assert not ExemptPaths([lambda path: path != "/me"]).matches(raw, unquote(raw))
