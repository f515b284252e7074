"""Settings that are missing, malformed or at odds with one another."""

from __future__ import annotations

import pytest

from torii_backend.cli.doctor.settings import masked

from .conftest import NOWHERE, Diagnose, Host

LIVE = "sk_live_" + "x" * 24 + "a1b2"
TEST = "sk_test_" + "x" * 24 + "a1b2"


def test_with_nothing_configured_the_issuer_is_missing(diagnose: Diagnose) -> None:
    found = diagnose()
    assert found.has("failed", "settings.issuer", "No issuer")
    assert found.has("unknown", "settings.issuer_form", "because settings.issuer failed")
    assert found.has("unknown", "issuer.dns", "no usable issuer")
    assert found.has("unknown", "settings.secret_key", "not set")
    assert [each.id for each in found.values() if each.status == "failed"] == ["settings.issuer"]


@pytest.mark.parametrize(
    ("issuer", "check"),
    [
        ("acme.torii.so", "form"),
        ("https://ada:hunter2@acme.torii.so", "form"),
        ("https://acme.torii.so?token=hunter2", "form"),
        ("sk_live_hunter2hunter2", "form"),
        ("https://[", "form"),
        ("http://acme.torii.so", "scheme"),
        ("https://acme.torii.so/_torii/.well-known/jwks.json", "path"),
    ],
)
def test_an_issuer_of_the_wrong_form(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch, issuer: str, check: str
) -> None:
    monkeypatch.setenv("TORII_ISSUER", issuer)
    found = diagnose()
    others = {"form", "scheme", "path"} - {check}
    assert found.has("failed", f"settings.issuer_{check}", "issuer must")
    assert all(found.has("ok", f"settings.issuer_{other}") for other in others)
    assert found.has("unknown", "issuer.dns", "no usable issuer")


def test_a_listed_insecure_host_is_no_fault(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_ISSUER", "http://torii.invalid.test:4100")
    monkeypatch.setenv("TORII_API_URL", "http://torii.invalid.test:4100")
    monkeypatch.setenv("TORII_INSECURE_HOSTS", "torii.invalid.test")
    monkeypatch.setenv("TORII_SECRET_KEY", TEST)
    found = diagnose()
    assert found.has("ok", "settings.insecure_hosts", "torii.invalid.test (from TORII_INSECURE")
    assert found.has("ok", "settings.issuer_scheme")
    assert found.has("ok", "settings.hosts")


@pytest.mark.parametrize(
    ("hosts", "key", "words"),
    [("acme.com", TEST, "names that can't be public"), ("torii.test", LIVE, "a test key")],
)
def test_a_list_of_insecure_hosts_that_is_refused(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch, hosts: str, key: str, words: str
) -> None:
    monkeypatch.setenv("TORII_ISSUER", f"http://{hosts}:4100,https://acme.torii.so")
    monkeypatch.setenv("TORII_INSECURE_HOSTS", hosts)
    monkeypatch.setenv("TORII_SECRET_KEY", key)
    found = diagnose(seconds=0.2)
    assert found.has("failed", "settings.insecure_hosts", words)
    assert found.has("failed", "settings.issuer_scheme", "must use https")


def test_an_issuer_with_a_path_is_a_warning(
    diagnose: Diagnose, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_ISSUER", f"{host.issuer}/login")
    found = diagnose()
    assert found.has("warning", "settings.issuer_path", "has a path")
    assert found["settings.issuer_path"].remedy == f"Write {host.issuer}."


def test_a_slash_at_the_end_is_none(
    diagnose: Diagnose, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_ISSUER", f"{host.issuer}/")
    assert diagnose().has("ok", "settings.issuer_path")


def test_a_name_that_is_almost_ours(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_ISUER", "https://hunter2.torii.so")
    found = diagnose()
    assert found.has("warning", "settings.names", "TORII_ISUER")
    assert "TORII_ISSUER" in found["settings.names"].remedy


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("pk_live_hunter2", "publishable"),
        ("sk_test_hunter2 hunter2", "plain ASCII"),
        ("hunter2hunter2hunter2hunter2", "does not begin"),
    ],
)
def test_a_secret_key_of_the_wrong_form(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch, key: str, words: str
) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", key)
    found = diagnose()
    assert found.has("failed", "settings.secret_key_form", words)
    assert found.has("unknown", "api.key", "no usable secret key")


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (TEST, "sk_test_…a1b2"),
        (LIVE, "sk_live_…a1b2"),
        ("sk_test_short", "sk_test_…"),
        ("x" * 30 + "a1b2", "…a1b2"),
        ("", "…"),
    ],
)
def test_what_is_shown_of_a_secret_key(key: str, shown: str) -> None:
    assert masked(key) == shown


def test_an_api_url_of_the_wrong_form(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_API_URL", "http://ada:hunter2@api.torii.so")
    monkeypatch.setenv("TORII_SECRET_KEY", TEST)
    found = diagnose()
    assert found.has("failed", "settings.api_url", "must use https")
    assert found.has("unknown", "api.reachable", "because settings.api_url failed")


def test_a_fetch_timeout_of_the_wrong_form(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_FETCH_TIMEOUT", "5s")
    assert diagnose().has("failed", "settings.fetch_timeout", "TORII_FETCH_TIMEOUT must be")


def test_a_live_key_beside_an_emulator_is_not_sent(
    diagnose: Diagnose, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", LIVE)
    monkeypatch.setenv("TORII_API_URL", host.issuer)
    found = diagnose()
    assert found.has("failed", "settings.live_key", "live key")
    assert found.has("unknown", "api.key", "never sent to an emulator")
    assert all("Authorization" not in request.headers for request in host.requests)


def test_tokens_of_an_emulator_and_the_api_of_torii(
    diagnose: Diagnose, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", TEST)
    assert diagnose().has("warning", "settings.hosts", "api.torii.so is not")
    monkeypatch.setenv("TORII_API_URL", NOWHERE)
    assert diagnose().has("ok", "settings.hosts")
    assert host.requests


def test_each_setting_says_where_it_comes_from(
    diagnose: Diagnose, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = diagnose()
    assert found.has("ok", "settings.issuer", f"{host.issuer} (from TORII_ISSUER)")
    assert found.has("ok", "settings.api_url", "https://api.torii.so (the default)")
    assert found.has("ok", "settings.fetch_timeout", "5 s (the default)")
    monkeypatch.setenv("TORII_FETCH_TIMEOUT", "2")
    monkeypatch.setenv("TORII_API_URL", NOWHERE)
    monkeypatch.setenv("TORII_SECRET_KEY", TEST)
    found = diagnose()
    assert found.has("ok", "settings.secret_key", "sk_test_…a1b2 (from TORII_SECRET_KEY)")
    assert found.has("ok", "settings.api_url", f"{NOWHERE} (from TORII_API_URL)")
    assert found.has("ok", "settings.fetch_timeout", "2 s (from TORII_FETCH_TIMEOUT)")
