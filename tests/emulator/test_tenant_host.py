"""The documents of the tenant host."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator

    from .conftest import Wire

JWKS = "/_torii/.well-known/jwks.json"
DISCOVERY = "/.well-known/openid-configuration"


def test_the_jwks_holds_one_public_es256_key(wire: Wire) -> None:
    response = wire.get(JWKS)
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"
    (key,) = response.json()["keys"]
    assert sorted(key) == ["alg", "crv", "kid", "kty", "use", "x", "y"]
    assert {name: key[name] for name in ("kty", "crv", "alg", "use")} == {
        "kty": "EC",
        "crv": "P-256",
        "alg": "ES256",
        "use": "sig",
    }
    assert len(key["x"]) == len(key["y"]) == 43


def test_discovery_names_issuer_keys_and_algorithm_in_both_spellings(
    torii: Emulator, wire: Wire
) -> None:
    response = wire.get(DISCOVERY)
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {
        "issuer": torii.issuer,
        "jwks_uri": torii.issuer + JWKS,
        "jwksUri": torii.issuer + JWKS,
        "id_token_signing_alg_values_supported": ["ES256"],
        "idTokenSigningAlgValuesSupported": ["ES256"],
    }


@pytest.mark.parametrize("path", [JWKS, DISCOVERY])
def test_head_is_like_get_without_the_body(wire: Wire, path: str) -> None:
    head, get = wire.send("HEAD", path), wire.get(path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.body))
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "NONSENSE"])
def test_another_method_is_405_with_allow(wire: Wire, method: str) -> None:
    response = wire.send(method, JWKS)
    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD"
    assert response.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path", ["/", "/jwks.json", JWKS + "/", JWKS + "%00", "/_torii//.well-known/jwks.json", "/%ff"]
)
def test_an_unknown_path_is_404(wire: Wire, path: str) -> None:
    response = wire.get(path)
    assert response.status == 404
    assert response.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("target", ["http://[", "/ x", "/ HTTP/1.1 x"])
def test_broken_http_gets_a_json_error_and_no_log(
    wire: Wire, capfd: pytest.CaptureFixture[str], target: str
) -> None:
    with wire.raw(f"GET {target} HTTP/1.1\nHost: localhost\n\n") as connection:
        response = connection.makefile("rb").read()
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Type: application/json\r\n" in head + b"\r\n"
    assert json.loads(body)["error"]["code"] == "invalid_request"
    assert capfd.readouterr() == ("", "")


def test_requests_are_not_logged(wire: Wire, capfd: pytest.CaptureFixture[str]) -> None:
    for path in (JWKS, DISCOVERY, "/nothing"):
        wire.get(path)
    assert capfd.readouterr() == ("", "")
