"""Settings: arguments, then the environment; what is wrong is refused when an object is made."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Iterable
from typing import Any, Callable

import pytest

from torii_backend import (
    Authenticator,
    ConfigurationError,
    InvalidToken,
    ToriiError,
    Verifier,
    authenticate_request,
    authenticate_request_async,
    verify_token,
    verify_token_async,
)
from torii_backend.client import ToriiClient
from torii_backend.settings import is_loopback, resolve_issuers

ACME = "https://acme.torii.so"
BEARER = {"Authorization": "Bearer a.b.c"}

GOOD: list[tuple[Any, tuple[str, ...]]] = [
    (ACME, (ACME,)),
    (ACME + "/", (ACME,)),
    (f"  {ACME}\n", (ACME,)),
    ("https://auth.acme.com:8443", ("https://auth.acme.com:8443",)),
    ("https://acme.torii.so/tenant/", ("https://acme.torii.so/tenant",)),
    ("https://acme.torii.so/json", ("https://acme.torii.so/json",)),
    ("https://jwks.example.json", ("https://jwks.example.json",)),
    ("https://sk_test.example", ("https://sk_test.example",)),
    ("http://localhost:4100", ("http://localhost:4100",)),
    ("http://LOCALHOST:4100", ("http://localhost:4100",)),
    ("HTTPS://Acme.torii.so:443/Tenant", ("https://acme.torii.so/Tenant",)),
    ("http://127.0.0.1:80", ("http://127.0.0.1",)),
    (("https://ACME.torii.so", ACME + ":443/"), (ACME,)),
    ("http://127.0.0.1:4100", ("http://127.0.0.1:4100",)),
    ("http://127.9.9.9", ("http://127.9.9.9",)),
    ("http://[::1]:4100", ("http://[::1]:4100",)),
    ([ACME, "https://beta.torii.so"], (ACME, "https://beta.torii.so")),
    ((ACME, ACME + "/", f" {ACME}"), (ACME,)),
    ({ACME: 1}, (ACME,)),
]


@pytest.mark.parametrize(("issuer", "settled"), GOOD)
def test_usable_issuers(issuer: Any, settled: tuple[str, ...]) -> None:
    assert Verifier(issuer).issuers == settled


WRONG: list[Any] = [
    "",
    " ",
    "acme.torii.so",
    "//acme.torii.so",
    "/",
    "https:",
    "https://",
    "https:///path",
    "https://acme.torii.so,https://beta.torii.so",
    "https://acme.torii.so;https://beta.torii.so",
    "https://*.torii.so",
    "https://{tenant}.torii.so",
    "https://%61cme.torii.so",
    "https://acme.torii.so\\.evil.example",
    "https:/acme.torii.so",
    "https://:443",
    "ftp://acme.torii.so",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "ws://acme.torii.so",
    "https://acme.torii.so:99999",
    "https://acme.torii.so:0",
    "https://acme.torii.so:port",
    "https://[::1",
    "http://evil.example[::1]",
    "http://[::1]evil.example",
    "https://acme torii.so",
    "https://acme.torii.so\n.evil.example",
    "https://acme.torii.so/\0",
    "https://acme.torii.so/\ud800",
    "http://acme.torii.so",
    "http://0.0.0.0:4100",
    "http://10.0.0.1",
    "http://[::2]",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.1@evil.example",
    "https://ada:secret@acme.torii.so",
    "https://@acme.torii.so",
    "https://acme.torii.so?tenant=1",
    "https://acme.torii.so?",
    "https://acme.torii.so#top",
    "https://acme.torii.so#",
    "https://acme.torii.so/_torii/.well-known/jwks.json",
    "https://acme.torii.so/.well-known/openid-configuration",
    "https://acme.torii.so/_torii",
    "https://acme.torii.so/jwks.json",
    "https://acme.torii.so/jwks.json/",
    "https://acme.torii.so/keys.JSON",
    "https://acme.torii.so/JWKS",
    "https://acme.torii.so/oauth/jwks/",
    "https://acme.torii.so/.Well-Known/x",
    "sk_test_0123456789",
    "sk_live_0123456789",
    "pk_test_0123456789",
    "pk_live_0123456789",
]


@pytest.mark.parametrize("issuer", WRONG)
@pytest.mark.parametrize("spell", [lambda wrong: wrong, lambda wrong: [ACME, wrong]])
def test_unusable_issuers(issuer: str, spell: Callable[[str], Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve_issuers(spell(issuer))
    message = str(caught.value)
    assert isinstance(caught.value, ToriiError)
    assert message.endswith(".")
    for telling in ("0123456789", "secret", "evil", "99999", "tenant=1", "passwd", "0.0.0.0"):  # noqa: S104
        assert telling not in message


@pytest.mark.parametrize(
    "path", ["/_torii/.well-known/jwks.json", "/jwks.json", "/v1/jwks", "/keys.json", "/JWKS.JSON/"]
)
def test_the_path_of_a_key_set_is_told_apart(path: str) -> None:
    with pytest.raises(ConfigurationError, match="issuer must be the base URL of your tenant host"):
        Verifier(ACME + path)


@pytest.mark.parametrize("prefix", ["sk_test_", "sk_live_", "pk_test_", "pk_live_"])
def test_a_key_in_place_of_an_issuer_is_told_apart(prefix: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"issuer must be the URL of your tenant host, .* not a Torii key"
    ):
        Verifier(prefix + "0123456789")


@pytest.mark.parametrize(
    "issuer", [[], (), 5, 1.5, True, object(), b"https://acme.torii.so", iter([ACME])]
)
def test_issuers_of_another_type(issuer: Any) -> None:
    with pytest.raises(ConfigurationError):
        Verifier(issuer)


@pytest.mark.parametrize(
    "issuer", [[None], [5], [b"https://acme.torii.so"], [[ACME]], [ACME, None]]
)
def test_lists_of_something_other_than_strings(issuer: Any) -> None:
    with pytest.raises(ConfigurationError):
        Verifier(issuer)


@pytest.mark.parametrize(
    ("variable", "settled"),
    [
        (ACME, (ACME,)),
        (f" {ACME}/ ,,https://beta.torii.so,", (ACME, "https://beta.torii.so")),
        (f"{ACME},{ACME}", (ACME,)),
    ],
)
def test_issuers_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, variable: str, settled: Iterable[str]
) -> None:
    monkeypatch.setenv("TORII_ISSUER", variable)
    assert Verifier().issuers == settled
    assert Verifier(None).issuers == settled
    assert Verifier("https://argument.example").issuers == ("https://argument.example",)


@pytest.mark.parametrize("variable", ["", " ", ",", " , ,"])
def test_an_empty_environment_is_none(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv("TORII_ISSUER", variable)
    with pytest.raises(ConfigurationError, match=r"issuer must be set, .* or set TORII_ISSUER"):
        Verifier()


def test_a_wrong_environment_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_ISSUER", "sk_live_0123456789")
    with pytest.raises(ConfigurationError) as caught:
        Verifier()
    assert "0123456789" not in str(caught.value)


WITH_SECRETS = [
    "https://ada:hunter2@acme.torii.so",
    "https://hunter2@acme.torii.so/path",
    "https://ada:p/hunter2@acme.torii.so",
    "https://ada:p@hunter2@acme.torii.so",
    "http://ada:hunter2@acme.torii.so",
    "https://acme.torii.so?key=hunter2",
    "https://acme.torii.so/#hunter2",
]


@pytest.mark.parametrize("address", WITH_SECRETS)
def test_no_variable_holds_the_password_of_a_refused_address(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Error trackers send the variables of each function."""
    monkeypatch.setenv("TORII_ISSUER", f"{ACME},{address}")
    monkeypatch.setenv("TORII_API_URL", address)
    ways: list[Callable[[], object]] = [
        Verifier,
        lambda: Verifier(address),
        lambda: Verifier([ACME, address]),
        Authenticator,
        lambda: Authenticator(issuer=address),
        lambda: Authenticator(issuer=lambda _: [address]).authenticate(BEARER),
        lambda: verify_token("a.b.c"),
        lambda: verify_token("a.b.c", issuer=address),
        lambda: verify_token("a.b.c", issuer=[ACME, address]),
        lambda: asyncio.run(verify_token_async("a.b.c", issuer=address)),
        lambda: authenticate_request(BEARER, issuer=address),
        lambda: authenticate_request(BEARER, issuer=[address]),
        lambda: asyncio.run(authenticate_request_async(BEARER, issuer=address)),
        lambda: ToriiClient("sk_test_0123456789"),
        lambda: ToriiClient("sk_test_0123456789", api_url=address),
    ]
    for way in ways:
        with pytest.raises(ConfigurationError) as caught:
            way()
        frames = traceback.walk_tb(caught.value.__traceback__)
        ours = [
            frame.f_locals for frame, _ in frames if "torii_backend" in frame.f_code.co_filename
        ]
        assert ours
        assert "hunter2" not in f"{caught.value} {ours}"


def test_an_address_may_have_a_port_and_an_at_sign_in_its_path() -> None:
    for address in ("http://[::1]:8080/a@b", "https://acme.torii.so:8443/a@b", f"{ACME}/a:b@c"):
        assert resolve_issuers(address) == (address,)


@pytest.mark.parametrize(
    "audience", ["", [], (), set(), [""], ["app", ""], 5, True, b"app", [5], [None], [b"app"]]
)
def test_unusable_audiences(audience: Any) -> None:
    with pytest.raises(ConfigurationError, match="audience"):
        Verifier(ACME, audience=audience)


@pytest.mark.parametrize("audience", [None, "app", ["app"], {"app", "admin"}])
def test_usable_audiences(audience: Any) -> None:
    assert Verifier(ACME, audience=audience)


@pytest.mark.parametrize(
    "leeway", [-1, -0.001, float("nan"), float("inf"), float("-inf"), None, "30", True, [30]]
)
def test_unusable_leeways(leeway: Any) -> None:
    with pytest.raises(ConfigurationError, match="leeway"):
        Verifier(ACME, leeway=leeway)


def test_a_leeway_that_no_float_can_hold() -> None:
    with pytest.raises(ConfigurationError, match="leeway"):
        Verifier(ACME, leeway=10**400)


@pytest.mark.parametrize("leeway", [0, 0.0, 0.5, 30, 86400])
def test_usable_leeways(leeway: float) -> None:
    assert Verifier(ACME, leeway=leeway)


@pytest.mark.parametrize(
    "header",
    ["", " ", "X Token", "Token:", "x\n", "\nx", "é", "a/b", 'a"', None, 5, b"token", ["x"]],
)
def test_unusable_headers(header: Any) -> None:
    with pytest.raises(ConfigurationError, match="header"):
        Authenticator(issuer=ACME, header=header)
    with pytest.raises(ConfigurationError, match="header"):
        authenticate_request({}, issuer=ACME, header=header)


def verify_refuses(token: str, **options: Any) -> bool:
    with pytest.raises(InvalidToken):
        verify_token(token, **options)
    return True


def test_the_one_line_form_refuses_wrong_settings_before_it_looks_at_the_token() -> None:
    wrong: list[dict[str, Any]] = [
        {"issuer": "sk_live_0123456789"},
        {"issuer": ACME, "audience": ""},
        {"issuer": ACME, "leeway": -1},
        {"issuer": ACME, "leeway": True},
        {"issuer": ACME, "leeway": [30]},
        {"issuer": [[ACME]]},
        {"issuer": ([ACME],)},
        {"issuer": bytearray(ACME.encode())},
        {"issuer": ACME, "audience": [["app"]]},
        {"issuer": ACME, "audience": [{}]},
    ]
    assert verify_refuses("", issuer=ACME, leeway=1)
    for options in wrong:
        for _ in range(2):
            with pytest.raises(ConfigurationError):
                verify_token("", **options)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("0.0.0.0", False),  # noqa: S104
        ("10.0.0.1", False),
        ("::", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("2130706433", False),
        ("127.1", False),
        ("", False),
        (None, False),
    ],
)
def test_what_counts_as_loopback(host: Any, loopback: bool) -> None:
    assert is_loopback(host) is loopback
