"""Rotating, withdrawing and resetting the signing keys."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any, cast

import jwt
import pytest

from torii_backend.emulator import Emulator

from .conftest import Wire

if TYPE_CHECKING:
    from collections.abc import Callable


def _kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


@pytest.fixture(params=["python", "http"])
def rotate(request: pytest.FixtureRequest, torii: Emulator, wire: Wire) -> Callable[..., str]:
    """Rotate in process or with the admin API; both give the new key id."""

    def over_http(**arguments: bool) -> str:
        response = wire.post("/_emulator/keys/rotate", arguments or None)
        assert response.status == 200
        assert list(response.json()) == ["kid"]
        return str(response.json()["kid"])

    return torii.rotate_keys if request.param == "python" else over_http


def test_every_emulator_has_its_own_key(torii: Emulator, wire: Wire) -> None:
    with Emulator() as other:
        (ours,), (theirs,) = wire.jwks()["keys"], Wire(other.issuer).jwks()["keys"]
    assert ours["kid"] != theirs["kid"]
    assert (ours["x"], ours["y"]) != (theirs["x"], theirs["y"])


@pytest.mark.parametrize("arguments", [{}, {"withdraw": False}])
def test_rotation_signs_with_a_new_key_and_keeps_the_old_published(
    torii: Emulator, wire: Wire, rotate: Callable[..., str], arguments: dict[str, bool]
) -> None:
    old = torii.issue_token().access_token
    kid = rotate(**arguments)
    new = torii.issue_token().access_token
    assert _kid(new) == kid != _kid(old)
    assert wire.kids() == [_kid(old), kid]
    assert wire.verified(old) and wire.verified(new)


def test_withdrawing_removes_every_older_key(
    torii: Emulator, wire: Wire, rotate: Callable[..., str]
) -> None:
    rotate()
    kid = rotate(withdraw=True)
    assert wire.kids() == [kid]
    assert wire.verified(torii.issue_token().access_token)


@pytest.mark.parametrize("withdraw", [False, True])
def test_reset_restores_the_first_key_only(
    torii: Emulator, wire: Wire, rotate: Callable[..., str], withdraw: bool
) -> None:
    first, jwks = torii.issue_token().access_token, wire.jwks()
    rotate(withdraw=withdraw)
    assert wire.post("/_emulator/reset").json() == {}
    assert wire.jwks() == jwks
    assert _kid(torii.issue_token().access_token) == _kid(first)
    assert wire.verified(first)


def test_python_reset_does_the_same(torii: Emulator, wire: Wire) -> None:
    jwks = wire.jwks()
    torii.rotate_keys(withdraw=True)
    torii.reset()
    assert wire.jwks() == jwks


def test_no_rotation_is_lost_between_threads(torii: Emulator, wire: Wire) -> None:
    threads = [Thread(target=torii.rotate_keys) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(wire.kids())) == 21


@pytest.mark.parametrize("withdraw", [1, None, "false"])
def test_withdraw_must_be_a_boolean(torii: Emulator, wire: Wire, withdraw: Any) -> None:
    with pytest.raises(TypeError, match=r"^withdraw must be true or false\.$"):
        torii.rotate_keys(withdraw=cast("bool", withdraw))
    response = wire.post("/_emulator/keys/rotate", {"withdraw": withdraw})
    assert response.status == 400
    assert "withdraw" in response.message
    assert len(wire.kids()) == 1


@pytest.mark.parametrize("path", ["/_emulator/keys/rotate", "/_emulator/reset"])
def test_unknown_fields_are_named(wire: Wire, path: str) -> None:
    response = wire.post(path, {"surprise": 1})
    assert response.status == 400
    assert "surprise" in response.message


@pytest.mark.parametrize("path", ["tokens", "keys/rotate", "webhooks/rotate", "reset"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_the_admin_api_allows_only_post(wire: Wire, path: str, method: str) -> None:
    response = wire.send(method, f"/_emulator/{path}")
    assert response.status == 405
    assert response.headers["Allow"] == "POST"


def test_an_unknown_admin_path_is_404(wire: Wire) -> None:
    assert wire.post("/_emulator/nothing").json()["error"]["code"] == "not_found"
