"""However a path is spelt: no framework's own router leads to a secret that was not paid for."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from torii_backend.exempt import Exempt

from .behaviours.paths import EXEMPT, is_open
from .contract import Driver, Guard
from .issuers import Issuers
from .messages import Request, bearer
from .routers import NAMES, OPEN, ROUTERS, SECRET

_FUZZ = settings(deadline=None, database=None, derandomize=True, max_examples=150)

_WORDS = ("me", "me", "me", "public", "health", "x", "..", "..", ".", "", "Me", "ME", "me.json")
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
    parts = [draw(st.sampled_from(["/", "/", "//", "/public/", "/public/../", "/health/"]))]
    for segment in draw(st.lists(_segments(), max_size=5)):
        parts += [segment, draw(st.sampled_from(_JOINTS))]
    return "".join([*parts, draw(st.sampled_from(["me", "me", "", "me/", "public/x", "health"]))])


def _is_not_secret(path: str) -> bool:
    """Open what is not known to be secret: the function that forgives nothing."""
    return path.strip("/").partition("/")[0] != "me"


@pytest.mark.parametrize("router", ROUTERS, ids=[router.name for router in ROUTERS])
def test_the_secret_is_never_told_for_nothing(router: Driver, issuers: Issuers) -> None:
    guard = Guard(router, issuers)
    trusted = issuers.home.issuer
    ways: list[Exempt] = [EXEMPT, [is_open], [_is_not_secret]]
    apps = [guard.build({"issuer": trusted, "exempt": exempt}) for exempt in ways]

    @_FUZZ
    @example("//me")
    @example("/%6de")
    @example("/public/../me")
    @example("/public/%2e%2e/me")
    @example("/public/..%2fme")
    @example("/public/..;/me")
    @example("/public/..\\me")
    @example("/health/../me")
    @example("/health%00/../me")
    @example("/%ffme")
    @example("/me%ff")
    @example("/me/")
    @example("/./me")
    @example("/ME/../me")
    @given(_targets())
    def ask(target: str) -> None:
        for app in apps:
            for shows_target in (True, False):
                assert app(Request(target, shows_target=shows_target)).body != SECRET

    ask()


@pytest.mark.parametrize("router", ROUTERS, ids=[router.name for router in ROUTERS])
def test_the_routes_are_there(router: Driver, issuers: Issuers) -> None:
    guard = Guard(router, issuers)
    app = guard.build({"issuer": issuers.home.issuer, "exempt": EXEMPT})
    assert app(bearer(issuers.token(), "/me")).body == SECRET
    assert app(Request("/me")).status == 401
    assert [app(Request(target)).body for target in ("/health", "/public/x")] == [OPEN, OPEN]


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
