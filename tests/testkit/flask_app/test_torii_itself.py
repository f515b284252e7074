"""Rotations, outages, stopped clocks and mocks of HTTP, in any order."""

from datetime import datetime, timezone

import freezegun
import pytest
import requests
import requests_mock
import responses
import time_machine
from app import app

# What they change, all threads would see.
pytestmark = pytest.mark.thread_unsafe
FREEZERS = [freezegun.freeze_time, time_machine.travel]


@pytest.mark.parametrize("turn", range(10))
def test_rotations_and_outages(torii, turn):
    client = app.test_client()
    with torii.outage("error"):
        assert client.get("/me", headers=torii.headers()).status_code == 503
    old = torii.headers()
    assert client.get("/me", headers=old).status_code == 200
    torii.rotate_keys(withdraw=True)
    assert client.get("/me", headers=torii.headers()).status_code == 200
    assert client.get("/me", headers=old).status_code == 401
    torii.outage("refuse")


@pytest.mark.parametrize("tick", [False, True])
@pytest.mark.parametrize("freeze", FREEZERS, ids=["freezegun", "time-machine"])
@pytest.mark.parametrize("year", [2020, 2030])
def test_stopped_clocks(torii, freeze, year, tick):
    client, at = app.test_client(), datetime(year, 1, 1, tzinfo=timezone.utc)
    with freeze(at, tick=tick):
        headers = torii.headers()
        assert client.get("/me", headers=headers).status_code == 200
    with freeze(at.replace(hour=1), tick=tick):
        assert client.get("/me", headers=headers).status_code == 401
        assert client.get("/me", headers=torii.headers()).status_code == 200


@responses.activate
def test_responses(torii):
    responses.get("https://api.example.com/", json={})
    assert requests.get("https://api.example.com/", timeout=5).json() == {}
    assert app.test_client().get("/me", headers=torii.headers()).status_code == 200


def test_requests_mock(torii):
    with requests_mock.Mocker() as http:
        http.get("https://api.example.com/", json={})
        assert requests.get("https://api.example.com/", timeout=5).json() == {}
        assert app.test_client().get("/me", headers=torii.headers()).status_code == 200
