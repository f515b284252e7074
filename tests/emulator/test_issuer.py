"""Settings that others share: the issuer, the secret key and the environment id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from torii_backend import create_torii_client
from torii_backend.emulator import Emulator
from torii_backend.errors import ConfigurationError

from .conftest import Wire
from .rest.api import api_of

ISSUER = "http://torii:4100"
KEY = "sk_test_of_the_compose_file"
ID = "0198a000-0000-7000-8000-00000000000e"


def test_tokens_and_discovery_name_the_issuer_that_is_set() -> None:
    with Emulator(issuer=f"{ISSUER}/") as torii:
        wire = Wire(torii.api_url)
        assert torii.issuer == ISSUER
        assert torii.api_url.startswith("http://127.0.0.1:")
        token = wire.post("/_emulator/tokens").json()["accessToken"]
        assert wire.verified(token)["iss"] == ISSUER
        assert wire.verified(torii.issue_token().access_token)["iss"] == ISSUER
        discovery = wire.get("/.well-known/openid-configuration").json()
        assert discovery["issuer"] == ISSUER
        assert discovery["jwks_uri"] == f"{ISSUER}/_torii/.well-known/jwks.json"
        torii.reset()
        assert torii.issuer == ISSUER


def test_an_impersonation_starts_at_the_issuer() -> None:
    with Emulator(issuer=ISSUER) as torii:
        api = api_of(torii)
        body = {
            "actorUserId": api.user()["id"],
            "reason": "Ticket 7",
            "redirectUrl": "http://localhost:3000/",
        }
        api.ok("PUT", "/allowed-origins", {"origins": ["http://localhost:3000"]})
        path = f"/users/{api.user()['id']}/impersonation-token"
        assert api.ok("POST", path, body)["url"].startswith(f"{ISSUER}/_torii/")


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("HTTPS://Torii.Example.com:443", "https://torii.example.com"),
        ("http://[::1]:4100", "http://[::1]:4100"),
        ("http://192.0.2.1", "http://192.0.2.1"),
    ],
)
def test_an_issuer_is_written_as_tokens_have_it(issuer: str, expected: str) -> None:
    with Emulator(issuer=issuer) as torii:
        assert torii.issuer == expected


@pytest.mark.parametrize(
    "issuer",
    ["", "torii:4100", "torii", "ftp://torii", "http://", "http://torii/path", "http://torii?x=1",
     "http://user@torii", "http://torii:x", "http://torii#", "sk_test_12345678", 7],
)  # fmt: skip
def test_an_invalid_issuer_is_rejected(issuer: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^issuer must be the URL ") as caught:
        Emulator(issuer=issuer)
    assert "12345678" not in str(caught.value)


def test_a_fixed_secret_key_and_environment_id_work_at_once() -> None:
    with Emulator(secret_key=KEY, environment_id=ID.upper()) as torii:
        assert (torii.secret_key, torii.environment_id) == (KEY, ID)
        with create_torii_client(KEY, api_url=torii.api_url) as client:
            assert client.users.create().environment_id == ID
        claims = Wire(torii.api_url).verified(torii.issue_token().access_token)
        assert claims["pid"] == ID
        assert torii.other_environment.secret_key != KEY


@pytest.mark.parametrize(
    "key",
    ["sk_live_12345678", "pk_test_12345678", "sk_test_", "sk_test_1", "sk_test_ 12345678", "", 7],
)
def test_a_secret_key_must_be_a_test_key_and_is_not_quoted(key: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^secret_key must be sk_test_ ") as caught:
        Emulator(secret_key=key)
    assert "12345678" not in str(caught.value)


@pytest.mark.parametrize("environment_id", ["", "env_1", ID[:-1], 7])
def test_an_environment_id_must_be_a_uuid(environment_id: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^environment_id must be a UUID"):
        Emulator(environment_id=environment_id)


def test_a_new_file_gets_the_settings_and_keeps_them(tmp_path: Path) -> None:
    file = tmp_path / "torii.db"
    with Emulator(db=file, secret_key=KEY, environment_id=ID) as torii:
        user_id, other = api_of(torii).user()["id"], torii.other_environment
    with Emulator(db=file) as torii:
        assert (torii.secret_key, torii.environment_id) == (KEY, ID)
        assert torii.other_environment == other
        assert api_of(torii).found() == {user_id}


def test_another_secret_key_replaces_the_one_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "torii.db"
    with Emulator(db=file) as torii:
        old, user_id = torii.secret_key, api_of(torii).user()["id"]
    changes: list[dict[str, Any]] = [{"secret_key": KEY}, {}]
    for settings in changes:
        with Emulator(db=file, **settings) as torii:
            api = api_of(torii)
            assert api.secret_key == KEY
            assert api.found() == {user_id}
            api.secret_key = old
            api.error(401, "GET", f"/users/{user_id}")


def test_settings_that_contradict_a_file_change_nothing(tmp_path: Path) -> None:
    file = tmp_path / "torii.db"
    before = Emulator(db=file)
    other = before.other_environment.secret_key
    with pytest.raises(ConfigurationError, match=r"^environment_id must be that of "):
        Emulator(db=file, environment_id=ID, secret_key=KEY)
    with pytest.raises(ConfigurationError, match=r"^secret_key must not be ") as caught:
        Emulator(db=file, secret_key=other)
    assert other not in str(caught.value)
    after = Emulator(db=file)
    assert (after.secret_key, after.environment_id) == (before.secret_key, before.environment_id)


def test_health_is_a_200_even_in_an_outage() -> None:
    with Emulator(issuer=ISSUER) as torii:
        wire = Wire(torii.api_url)
        torii.outage("error", target="both")
        response = wire.get("/_emulator/health")
        assert (response.status, response.json()) == (200, {"status": "ok"})
        host = {"Host": "torii:4100"}
        assert wire.send("HEAD", "/_emulator/health", headers=host).status == 200
        assert wire.post("/_emulator/health").status == 405
