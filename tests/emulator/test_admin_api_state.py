"""What the admin API tells of the emulator: settings, the outage, and why a token is rejected."""

from __future__ import annotations

from typing import Any

import pytest

from torii_backend.emulator import Emulator

from .conftest import Wire


def explain(wire: Wire, token: str, **more: str) -> dict[str, Any]:
    report: dict[str, Any] = wire.post("/_emulator/explain", {"token": token, **more}).json()
    return report


def test_settings_are_those_that_an_app_needs(torii: Emulator, wire: Wire) -> None:
    settings = wire.get("/_emulator/settings").json()
    assert settings == {
        "issuer": torii.issuer,
        "apiUrl": torii.api_url,
        "secretKey": torii.secret_key,
        "environmentId": torii.environment_id,
        "webhookSecret": torii.webhooks.secret,
        "webhookUrls": [],
        "otherEnvironment": {
            "environmentId": torii.other_environment.environment_id,
            "secretKey": torii.other_environment.secret_key,
        },
    }


def test_an_outage_shows_until_it_is_ended(wire: Wire) -> None:
    none = {"mode": None, "target": None, "secondsLeft": None}
    assert wire.get("/_emulator/outage").json() == none
    wire.post("/_emulator/outage", {"mode": "html", "target": "both"})
    shown = wire.get("/_emulator/outage").json()
    assert shown == {"mode": "html", "target": "both", "secondsLeft": None}
    assert wire.send("DELETE", "/_emulator/outage").json() == {}
    assert wire.get("/_emulator/outage").json() == none
    assert wire.kids()


def test_an_outage_tells_how_long_it_lasts(wire: Wire) -> None:
    wire.post("/_emulator/outage", {"mode": "error", "seconds": 3600})
    assert 3000 < wire.get("/_emulator/outage").json()["secondsLeft"] <= 3600


def test_a_token_of_the_emulator_is_accepted_even_in_an_outage(wire: Wire) -> None:
    token = wire.post("/_emulator/tokens", {"claims": {"plan": "pro"}}).json()["accessToken"]
    wire.post("/_emulator/outage", {"mode": "refuse"})
    report = explain(wire, token)
    assert (report["accepted"], report["reason"], report["message"]) == (True, None, None)
    assert report["claims"]["plan"] == "pro"
    assert {rule["outcome"] for rule in report["rules"]} == {"ok"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"expiresIn": -60}, "expired"),
        ({"claims": {"iss": "https://elsewhere.example"}}, "wrong_issuer"),
        ({"claims": {"sub": None}}, "invalid_claim"),
    ],
    ids=["expired", "foreign", "broken"],
)
def test_a_rejected_token_is_explained(wire: Wire, body: dict[str, object], reason: str) -> None:
    token = wire.post("/_emulator/tokens", body).json()["accessToken"]
    report = explain(wire, token)
    assert (report["accepted"], report["reason"]) == (False, reason)
    assert report["message"]
    (failed,) = [rule for rule in report["rules"] if rule["outcome"] == "failed"]
    assert failed["expected"] and failed["actual"]


def test_a_withdrawn_key_and_an_audience_matter(wire: Wire) -> None:
    token = wire.post("/_emulator/tokens", {"claims": {"aud": "web"}}).json()["accessToken"]
    assert explain(wire, token, audience="web")["accepted"] is True
    assert explain(wire, token, audience="mobile")["reason"] == "wrong_audience"
    wire.post("/_emulator/keys/rotate", {"withdraw": True})
    assert explain(wire, token)["reason"] == "unknown_key"


@pytest.mark.parametrize("token", ["", "a.b.c", "ü", "x" * 100_000])
def test_any_text_is_explained(wire: Wire, token: str) -> None:
    report = explain(wire, token)
    assert (report["accepted"], report["reason"], report["claims"]) == (False, "malformed", None)


def test_a_token_of_an_issuer_with_a_private_name_is_explained() -> None:
    with Emulator(issuer="http://torii:4100") as torii:
        wire = Wire(torii.api_url)
        assert explain(wire, torii.issue_token().access_token)["accepted"] is True


def test_no_guard_can_trust_an_issuer_with_plain_http_and_a_public_name() -> None:
    with Emulator(issuer="http://torii.example.com") as torii:
        wire = Wire(torii.api_url)
        token = torii.issue_token().access_token
        response = wire.post("/_emulator/explain", {"token": token})
        assert response.status == 400
        assert response.message.startswith("issuer must use https")
