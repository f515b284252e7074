"""Where the emulator may serve, and how it starts and stops."""

from __future__ import annotations

import re
import socket
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.ports import free_port
from torii_backend import InvalidToken, KeysUnavailable, Verifier
from torii_backend.emulator import Emulator
from torii_backend.errors import ConfigurationError

from .conftest import Wire

ANY_ADDRESS = "0.0.0.0"  # noqa: S104


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_it_serves_on_an_ephemeral_loopback_port(torii: Emulator, wire: Wire) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*", torii.issuer)
    assert torii.api_url == torii.issuer
    assert wire.kids()


def test_its_secret_key_and_environment_are_random() -> None:
    first, second = Emulator(), Emulator()
    assert re.fullmatch(r"sk_test_[0-9a-f]{48}", first.secret_key)
    environments = [torii.other_environment for torii in (first, second)]
    keys = {first.secret_key, second.secret_key, *(other.secret_key for other in environments)}
    assert len(keys) == 4
    ids = {first.environment_id, second.environment_id}
    ids |= {other.environment_id for other in environments}
    assert len(ids) == 4
    assert {str(uuid.UUID(environment_id)) for environment_id in ids} == ids


def test_no_repr_shows_a_secret_key() -> None:
    torii = Emulator()
    other = torii.other_environment
    assert repr(other) == str(other) == f"Environment(environment_id={other.environment_id!r})"
    assert "sk_test_" not in repr([torii, other])


def test_it_serves_on_a_chosen_port() -> None:
    port = free_port()
    with Emulator(port=port) as torii:
        assert torii.issuer == f"http://127.0.0.1:{port}"
        assert Wire(torii.issuer).kids()


def test_the_name_localhost_is_kept_in_the_issuer() -> None:
    with Emulator(host="localhost") as torii:
        assert torii.issuer.startswith("http://localhost:")
        assert Wire(torii.issuer).kids()


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6 loopback")
def test_an_ipv6_issuer_has_brackets() -> None:
    with Emulator(host="::1") as torii:
        assert re.fullmatch(r"http://\[::1\]:\d+", torii.issuer)
        assert Wire(torii.issuer).kids()


@pytest.mark.parametrize("host", [ANY_ADDRESS, "::", "192.0.2.1", "example.com"])
def test_a_host_that_is_not_loopback_is_rejected(host: str) -> None:
    with pytest.raises(ConfigurationError, match="allow_remote"):
        Emulator(host=host)


@pytest.mark.parametrize("host", ["", None, 2130706433])
def test_an_invalid_host_is_rejected(host: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^host must be"):
        Emulator(host=host, allow_remote=True)


@pytest.mark.parametrize("port", [-1, 65_536, "80", None, True, 80.0])
def test_an_invalid_port_is_rejected(port: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^port must be"):
        Emulator(port=port)


def test_a_wildcard_address_is_allowed_explicitly_and_has_a_loopback_issuer() -> None:
    with Emulator(host=ANY_ADDRESS, allow_remote=True) as torii:
        assert torii.issuer.startswith("http://127.0.0.1:")
        assert Wire(torii.issuer).kids()


@pytest.mark.parametrize("host", ["192.0.2.1", "a\0b", "a" * 70, "fe80:nonsense"])
def test_an_address_that_cannot_be_bound_is_a_configuration_error(
    host: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Emulator(host=host, allow_remote=True).start()
    assert str(caught.value).endswith(".")
    assert capfd.readouterr() == ("", "")


def test_a_port_in_use_is_a_configuration_error(
    torii: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    port = int(torii.issuer.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match=f"^Port {port} of 127.0.0.1 is in use\\. .*\\.$"):
        Emulator(port=port).start()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("key", ["sk_live_1", ' "sk_live_1"'])
def test_it_does_not_start_if_the_environment_holds_a_live_key(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", key)
    with pytest.raises(ConfigurationError, match="live key") as caught:
        Emulator().start()
    assert "sk_live_1" not in str(caught.value)


def test_it_starts_if_the_environment_holds_a_test_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", "sk_test_1")
    with Emulator() as torii:
        assert Wire(torii.issuer).kids()


@pytest.mark.parametrize(
    "use",
    [
        lambda torii: torii.issuer,
        lambda torii: torii.api_url,
        lambda torii: torii.issue_token(),
        lambda torii: torii.rotate_keys(),
        lambda torii: torii.outage("error"),
        lambda torii: torii.reset(),
    ],
)
def test_before_the_start_methods_raise_a_runtime_error(use: Callable[[Emulator], object]) -> None:
    with pytest.raises(RuntimeError, match="was not started"):
        use(Emulator())


def test_stop_frees_the_port_and_may_be_called_again() -> None:
    torii = Emulator()
    torii.stop()
    torii.start()
    wire = Wire(torii.issuer)
    assert wire.kids()
    torii.stop()
    torii.stop()
    with pytest.raises(ConnectionRefusedError):
        wire.kids()
    socket.create_server(wire.address).close()


def test_it_starts_only_once() -> None:
    torii = Emulator()
    with torii, pytest.raises(RuntimeError, match="was started before"):
        torii.start()
    with pytest.raises(RuntimeError, match="was started before"):
        torii.start()


def test_a_stopped_emulator_still_issues_tokens() -> None:
    with Emulator() as torii:
        wire = Wire(torii.issuer)
        token = torii.issue_token().access_token
        assert wire.verified(token)
    assert torii.issuer
    assert torii.issue_token().access_token.split(".")[0] == token.split(".")[0]


def test_it_stops_if_the_block_raises() -> None:
    wires = []

    def fail() -> None:
        with Emulator() as torii:
            wires.append(Wire(torii.issuer))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with pytest.raises(ConnectionRefusedError):
        wires[0].kids()


def test_many_emulators_run_side_by_side() -> None:
    with Emulator() as one, Emulator() as two:
        one.outage("error")
        assert Wire(one.issuer).get("/.well-known/openid-configuration").status == 503
        assert Wire(two.issuer).get("/.well-known/openid-configuration").status == 200


def test_verifiers_of_this_process_start_anew_after_a_reset(torii: Emulator) -> None:
    """Neither rotations nor outages of one test slow down the next."""
    verifier, others = Verifier(torii.issuer), []
    for _ in range(50):
        torii.rotate_keys(withdraw=True)
        assert verifier.verify(torii.issue_token().access_token)
        torii.outage("error")
        others.append(Verifier(torii.issuer))
        with pytest.raises(KeysUnavailable):
            others[-1].verify(torii.issue_token().access_token)
        torii.reset()
        assert verifier.verify(torii.issue_token().access_token)
        assert others[-1].verify(torii.issue_token().access_token)


def test_a_token_that_was_verified_before_a_reset_is_verified_again(torii: Emulator) -> None:
    verifier = Verifier(torii.issuer)
    torii.rotate_keys()
    token = torii.issue_token().access_token
    verifier.verify(token)
    torii.reset()
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(token)
    assert caught.value.reason == "unknown_key"


def test_a_reset_leaves_other_issuers_and_fixed_keys_alone(torii: Emulator, wire: Wire) -> None:
    jwks, token = wire.jwks(), torii.issue_token().access_token
    fixed = Verifier(torii.issuer, jwks=jwks, refresh=False)
    with Emulator() as elsewhere:
        other = Verifier(elsewhere.issuer)
        other.warm()
        torii.reset()
        assert other.stats().keys_age is not None
    assert fixed.verify(token)


def test_a_fetch_that_hangs_is_given_up_by_a_reset(torii: Emulator) -> None:
    verifier = Verifier(torii.issuer)
    token = torii.issue_token().access_token
    torii.outage("hang")
    verifier.prefetch()
    torii.reset()
    assert verifier.verify(token)


def test_a_new_emulator_at_the_same_port_has_new_keys() -> None:
    with Emulator() as first:
        verifier, port = Verifier(first.issuer), int(first.issuer.rpartition(":")[2])
        for _ in range(4):
            first.rotate_keys()
            assert verifier.verify(first.issue_token().access_token)
    with Emulator(port=port) as second:
        assert verifier.verify(second.issue_token().access_token)
