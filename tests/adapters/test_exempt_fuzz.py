"""However a path is spelt: no framework's own router leads to a secret that was not paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.fuzzing import examples
from torii_backend._guard.exempt_paths import Exempt

from .behaviours.paths import EXEMPT, is_open
from .contract import Driver, Guard
from .issuers import Issuers
from .messages import Request, bearer
from .routers import NAMES, OPEN, ROUTERS, SECRET
from .transport import Call

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions

_FUZZ = settings(deadline=None, database=None, derandomize=True, max_examples=examples(150))

_MOUNTS = ("", "/api", "/me", "/public")
_WORDS = (
    "me",
    "me",
    "me",
    "api",
    "public",
    "health",
    "x",
    "..",
    "..",
    ".",
    "",
    "Me",
    "ME",
    "me.json",
)
_ODD = (
    "",
    "",
    "",
    ";",
    ";a=b",
    "%00",
    "%09",
    "%0a",
    "%20",
    "%ff",
    "%e2%80%a8",
    "%ef%bc%8e",
    "%c0%ae",
    "%",
    "%zz",
    "+",
    "\\",
    "@",
    ":80",
    "~",
    "*",
)
_JOINTS = ("/", "/", "/", "//", "/./", "/../", "%2f", "%2F", "%252f", "\\", "%5c", ";/", "?", "?/")


def _plain(letter: str) -> str:
    return letter


def _encoded(letter: str) -> str:
    return "".join(f"%{byte:02x}" for byte in letter.encode())


def _encoded_in_capitals(letter: str) -> str:
    return _encoded(letter).upper()


def _encoded_twice(letter: str) -> str:
    return _encoded(letter).replace("%", "%25")


_SPELLINGS = st.sampled_from(
    [*[_plain] * 6, _encoded, _encoded_in_capitals, _encoded_twice, str.upper]
)


@st.composite
def _segments(draw: st.DrawFn) -> str:
    word = draw(st.sampled_from(_WORDS) | st.text(max_size=2).map(_encoded))
    letters = [draw(_SPELLINGS)(letter) for letter in word]
    return "".join([*letters, draw(st.sampled_from(_ODD))])


@st.composite
def _targets(draw: st.DrawFn) -> str:
    """Make a request target: a way through open places, and then perhaps to the secret."""
    ways = ["/", "/", "//", "/public/", "/public/../", "/health/", "/api/", "/public/api/"]
    parts = [draw(st.sampled_from(ways))]
    for segment in draw(st.lists(_segments(), max_size=5)):
        parts += [segment, draw(st.sampled_from(_JOINTS))]
    return "".join([*parts, draw(st.sampled_from(["me", "me", "", "me/", "public/x", "health"]))])


_ASGI = [
    router
    for router in ROUTERS
    if router.name.endswith("_asgi")
    or router.name in ("fastapi_app", "litestar_app", "quart_app", "starlette_app")
]


def _is_not_secret(path: str) -> bool:
    """Open what is not known to be secret: the function that forgives nothing."""
    return path.strip("/").partition("/")[0] != "me"


@pytest.mark.parametrize("router", ROUTERS, ids=[router.name for router in ROUTERS])
def test_the_secret_is_never_told_for_nothing(router: Driver, issuers: Issuers) -> None:
    guard = Guard(router, issuers)
    trusted = issuers.home.issuer
    ways: list[tuple[Exempt, str]] = [
        (EXEMPT, "/api"),
        ([is_open], ""),
        ([_is_not_secret], "/api"),
        (["/", "/public/*"], ""),
    ]
    apps = [
        guard.build({"issuer": trusted, "exempt": exempt, "root_path": root_path})
        for exempt, root_path in ways
    ]

    @_FUZZ
    @example("//me", "")
    @example("/%6de", "")
    @example("/public/../me", "")
    @example("/public/%2e%2e/me", "")
    @example("/public/..%2fme", "")
    @example("/public/..;/me", "")
    @example("/public/..\\me", "")
    @example("/health/../me", "")
    @example("/health%00/../me", "")
    @example("/%ffme", "")
    @example("/me%ff", "")
    @example("/me/", "")
    @example("/./me", "")
    @example("/ME/../me", "")
    @example("/api/me", "/api")
    @example("/me", "/me")
    @example("/me/", "/me")
    @example("/me/public/x", "/me")
    @example("/apime", "/api")
    @example("/public/api/me", "/api")
    @example("/public/apime", "/api")
    @example("/public/x/api/me", "/api")
    @example("/public/%61pi/me", "/api")
    @given(_targets(), st.sampled_from(_MOUNTS))
    def ask(target: str, mount: str) -> None:
        for app in apps:
            assert _bodies(app, target, mount).isdisjoint({SECRET})

    ask()


@pytest.mark.parametrize("router", _ASGI, ids=[router.name for router in _ASGI])
def test_nor_behind_an_address_in_place_of_a_path(router: Driver, issuers: Issuers) -> None:
    """ASGI servers hand on what proxies may send (RFC 9112 section 3.2.2)."""
    options: GuardOptions = {"issuer": issuers.home.issuer, "exempt": [_is_not_secret]}
    app = Guard(router, issuers).build(options)

    @_FUZZ
    @example("/me", "")
    @example("/me;x.css", "")
    @example("/me%3fx.css", "")
    @example("/me%23x.css", "")
    @example("/api/me", "/api")
    @given(_targets(), st.sampled_from(_MOUNTS))
    def ask(path: str, mount: str) -> None:
        for scheme in ("http://host", "HTTPS://host:1", "http:"):
            assert _bodies(app, scheme + path, mount).isdisjoint({SECRET})

    ask()


@pytest.mark.parametrize("router", ROUTERS, ids=[router.name for router in ROUTERS])
def test_the_routes_are_there(router: Driver, issuers: Issuers) -> None:
    guard = Guard(router, issuers)
    app = guard.build({"issuer": issuers.home.issuer, "exempt": EXEMPT, "root_path": "/api"})
    assert app(bearer(issuers.token(), "/me")).body == SECRET
    assert app(Request("/me")).status == 401
    assert [app(Request(target)).body for target in ("/health", "/public/x")] == [OPEN, OPEN]
    if router.name != "falcon_asgi":  # which knows no mount points
        assert _bodies(app, "/api/health", "/api") == {OPEN}


def _bodies(app: Call, target: str, mount: str) -> set[bytes]:
    """Ask for a target, with a server that shows it as it was sent and with one that does not."""
    headers = (("X-Forwarded-Prefix", mount),) if mount else ()
    return {app(Request(target, headers, shows_target=shows)).body for shows in (True, False)}


def test_no_router_was_lost() -> None:
    assert NAMES == [
        "bottle_app",
        "django_asgi",
        "django_wsgi",
        "drf_app",
        "falcon_asgi",
        "falcon_wsgi",
        "fastapi_app",
        "flask_app",
        "litestar_app",
        "ninja_app",
        "pyramid_app",
        "quart_app",
        "starlette_app",
    ]
