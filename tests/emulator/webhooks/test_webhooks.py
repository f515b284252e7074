"""Changes over the REST API become signed events."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.emulator.rest.api import Api, api_of
from tests.ports import free_port
from torii_backend import Events, InvalidWebhook, Revocations
from torii_backend.emulator import Emulator
from torii_backend.emulator.webhooks import post
from torii_backend.errors import ConfigurationError

from .endpoint import Endpoint

REMOTE = "http://192.0.2.1/torii/events"


def _events(torii: Emulator, endpoint: Endpoint) -> list[tuple[str, Any]]:
    """Return type and data of the events so far."""
    torii.webhooks.finish()
    events = [each.event(torii.webhooks.secret) for each in endpoint.received]
    return [(event.type, event.data) for event in events]


def test_the_life_of_a_user(torii: Emulator, api: Api, endpoint: Endpoint) -> None:
    user = api.user(email="ada@example.com")
    path = f"/users/{user['id']}"
    updated = api.ok("PATCH", path, {"firstName": "Ada"})
    with_metadata = api.ok("PATCH", f"{path}/metadata", {"publicMetadata": {"plan": "pro"}})
    banned = api.ok("POST", f"{path}/ban")
    unbanned = api.ok("POST", f"{path}/unban")
    api.done("DELETE", path)
    assert _events(torii, endpoint) == [
        ("user.created", user),
        ("user.updated", updated),
        ("user.updated", with_metadata),
        ("user.banned", banned),
        ("user.unbanned", unbanned),
        ("user.deleted", api.read(user["id"])),
    ]


def test_what_changes_nothing_is_no_event(torii: Emulator, api: Api, endpoint: Endpoint) -> None:
    user = api.user(email="ada@example.com")
    api.ok("PATCH", f"/users/{user['id']}", {"email": "ada@example.com"})
    api.ok("POST", f"/users/{user['id']}/unban")
    api.error(409, "POST", "/users", {"email": "ada@example.com"})
    assert _events(torii, endpoint) == [("user.created", user)]


def test_sessions_that_end(torii: Emulator, api: Api, endpoint: Endpoint) -> None:
    user = api.user()["id"]

    def sign_in() -> str:
        session = api.wire.post("/_emulator/sessions", {"userId": user}).json()
        return str(session["id"])

    first, second, third, fourth = (sign_in() for _ in range(4))
    for _ in range(2):
        api.done("DELETE", f"/users/{user}/sessions/{second}")
    api.done("DELETE", f"/users/{user}/sessions")
    fifth = sign_in()
    api.ok("POST", f"/users/{user}/ban")
    events = _events(torii, endpoint)[1:]
    assert [kind for kind, _ in events] == [*["session.revoked"] * 5, "user.banned"]
    assert {data["userId"] for _, data in events[:-1]} == {user}
    assert [data["id"] for _, data in events[:-1]] == [second, fourth, third, first, fifth]


def test_organizations_and_members(torii: Emulator, api: Api, endpoint: Endpoint) -> None:
    user = api.user(email="ada@example.com")["id"]
    wire, metadata = api.wire, {"publicMetadata": {"plan": "pro"}}
    organization = wire.post("/_emulator/organizations", {"name": "Acme"}).json()
    member = {"organizationId": organization["id"], "userId": user}
    added = wire.post("/_emulator/members", {**member, "role": "member"}).json()
    changed = wire.post("/_emulator/members", {**member, "role": "admin"}).json()
    path = f"/organizations/{organization['id']}"
    updated = api.ok("PATCH", f"{path}/metadata", metadata)
    with_metadata = api.ok("PATCH", f"{path}/members/{user}/metadata", metadata)
    verified = wire.post(f"/_emulator/users/{user}/verify-email").json()
    api.done("DELETE", f"/users/{user}")
    assert _events(torii, endpoint)[1:] == [
        ("organization.created", organization),
        ("organization.member_added", added),
        ("organization.member_updated", changed),
        ("organization.updated", updated),
        ("organization.member_updated", with_metadata),
        ("user.updated", verified),
        ("organization.member_removed", with_metadata),
        ("user.deleted", api.read(user)),
    ]


def test_each_event_that_ends_access_revokes_tokens(
    torii: Emulator, api: Api, endpoint: Endpoint
) -> None:
    events, revocations = Events(torii.webhooks.secret), Revocations()
    events.feed(revocations)
    users = [api.user()["id"] for _ in range(4)]
    banned, deleted, signed_out, removed = users
    organization = api.wire.post("/_emulator/organizations", {"name": "Acme"}).json()["id"]
    member = {"organizationId": organization, "userId": removed, "role": "admin"}
    api.wire.post("/_emulator/members", member)
    for path in (f"/users/{signed_out}/sessions", f"/users/{deleted}", f"/users/{removed}"):
        api.wire.post("/_emulator/sessions", {"userId": signed_out})
        api.done("DELETE", path)
    api.ok("POST", f"/users/{banned}/ban")
    torii.webhooks.finish()
    for received in endpoint.received:
        events.dispatch(received.event(torii.webhooks.secret))
    assert revocations.stats().entries == len(users)
    assert "not_revoked" not in events.stats()


def test_the_other_environment_sends_nothing(torii: Emulator, api: Api, endpoint: Endpoint) -> None:
    other = torii.other_environment
    Api(torii.api_url, other.environment_id, other.secret_key).user()
    api.user()
    assert len(_events(torii, endpoint)) == 1


def test_a_delivery_on_the_wire(torii: Emulator, api: Api, endpoint: Endpoint) -> None:
    start = datetime.now(timezone.utc)
    user = api.user()
    torii.webhooks.finish()
    (received,) = endpoint.received
    event = received.event(torii.webhooks.secret)
    assert received.path == "/torii/events"
    assert received.headers["content-type"] == "application/json"
    assert event.raw.keys() == {"id", "type", "created_at", "data"}
    assert event.id.startswith("evt_")
    assert event.created_at is not None
    assert start <= event.created_at <= datetime.now(timezone.utc)
    (delivery,) = torii.webhooks.deliveries()
    assert (delivery.id, delivery.url) == (event.delivery_id, endpoint.url)
    assert (delivery.event, delivery.state) == (event.raw, "delivered")
    assert (delivery.status, delivery.response) == (200, '{"status":"ok"}')
    assert delivery.event["data"] == user


def test_a_failure_is_tried_again_with_the_same_id(
    torii: Emulator, api: Api, endpoint: Endpoint
) -> None:
    endpoint.statuses = [500, 0, 302]
    endpoint.headers = {"Location": "/elsewhere"}
    api.user()
    api.user()
    first, second = torii.webhooks.finish()
    assert [each.status for each in first.attempts] == [500, None, 302, 200]
    assert first.attempts[1].problem == "connection failed (RemoteDisconnected)"
    received = [each.event(torii.webhooks.secret).delivery_id for each in endpoint.received]
    assert received == [first.id] * 4 + [second.id]


def test_it_gives_up_after_six_attempts(torii: Emulator, api: Api, endpoint: Endpoint) -> None:
    endpoint.statuses = [503] * 6
    torii.webhooks.register(f"http://127.0.0.1:{free_port()}/")
    api.user()
    deliveries = torii.webhooks.finish()
    assert {each.state for each in deliveries} == {"failed"}
    assert [len(each.attempts) for each in deliveries] == [6, 6]
    problems = {attempt.problem for each in deliveries for attempt in each.attempts}
    assert problems == {None, "nothing listens there"}
    api.user()
    assert torii.webhooks.finish()[-1].event["type"] == "user.created"


def test_a_change_does_not_wait_for_its_receiver(
    torii: Emulator, api: Api, endpoint: Endpoint
) -> None:
    endpoint.open.clear()
    api.user()
    endpoint.arrived.wait()
    assert [each.state for each in torii.webhooks.deliveries()] == ["pending"]
    with pytest.raises(TimeoutError, match="still pending"):
        torii.webhooks.finish(timeout=0)
    endpoint.open.set()
    assert [each.state for each in torii.webhooks.finish()] == ["delivered"]


@pytest.mark.parametrize(
    ("fault", "reason"), [("late", "too_old"), ("bad_signature", "bad_signature")]
)
def test_a_refused_delivery_and_then_the_right_one(
    torii: Emulator, api: Api, endpoint: Endpoint, fault: Any, reason: str
) -> None:
    torii.webhooks.stage_fault(fault)
    endpoint.statuses = [400]
    api.user()
    torii.webhooks.finish()
    wrong, right = endpoint.received
    with pytest.raises(InvalidWebhook) as raised:
        wrong.event(torii.webhooks.secret)
    assert raised.value.reason == reason
    assert right.event(torii.webhooks.secret).delivery_id == wrong.headers["webhook-id"]
    assert right.body == wrong.body


def test_half_a_body_and_then_the_whole(torii: Emulator, api: Api, endpoint: Endpoint) -> None:
    torii.webhooks.stage_fault("cut_body")
    endpoint.statuses = [400]
    api.user()
    torii.webhooks.finish()
    cut, whole = endpoint.received
    assert len(cut.body) < cut.length == len(whole.body)
    assert whole.body.startswith(cut.body)


def test_a_duplicate_and_a_swap(torii: Emulator, api: Api, endpoint: Endpoint) -> None:
    torii.webhooks.stage_fault("duplicate")
    torii.webhooks.stage_fault("reorder")
    user = api.user()["id"]
    api.ok("POST", f"/users/{user}/ban")
    api.ok("POST", f"/users/{user}/unban")
    kinds = [kind for kind, _ in _events(torii, endpoint)]
    assert kinds == ["user.created", "user.created", "user.unbanned", "user.banned"]
    assert len({each.headers["webhook-id"] for each in endpoint.received}) == 3


def test_a_secret_is_rotated(torii: Emulator, api: Api, endpoint: Endpoint) -> None:
    old = torii.webhooks.secret
    new = torii.webhooks.rotate_secret()
    assert new == torii.webhooks.secret != old
    api.user()
    torii.webhooks.finish()
    for secret in (old, new):
        endpoint.received[0].event(secret)
    torii.webhooks.rotate_secret(withdraw=True)
    api.user()
    torii.webhooks.finish()
    endpoint.received[1].event(torii.webhooks.secret)
    for secret in (old, new):
        with pytest.raises(InvalidWebhook):
            endpoint.received[1].event(secret)
    with pytest.raises(TypeError, match="withdraw must be true or false"):
        torii.webhooks.rotate_secret(withdraw=1)  # type: ignore[arg-type]


def test_a_database_keeps_the_secret(tmp_path: Path) -> None:
    db = tmp_path / "torii.db"
    first, second, other = Emulator(db=db), Emulator(db=db), Emulator()
    assert first.webhooks.secret == second.webhooks.secret != other.webhooks.secret


def test_a_reset_drops_everything_and_events_go_on(endpoint: Endpoint) -> None:
    with Emulator(webhooks=endpoint.url) as torii:
        secret = torii.webhooks.secret
        endpoint.open.clear()
        endpoint.statuses = [500]
        api_of(torii).user()
        api_of(torii).user()
        endpoint.arrived.wait()
        torii.webhooks.register("http://localhost:1/")
        torii.webhooks.rotate_secret()
        torii.webhooks.stage_fault("bad_signature")
        torii.reset()
        assert (torii.webhooks.secret, torii.webhooks.urls) == (secret, (endpoint.url,))
        assert torii.webhooks.finish() == []
        endpoint.open.set()
        user = api_of(torii).user()
        (delivery,) = torii.webhooks.finish()
        assert (delivery.event["data"], delivery.state) == (user, "delivered")
        # What was pending before came once, and not again.
        assert len(endpoint.received) == 2


def test_an_emulator_that_stops_sends_nothing_more(endpoint: Endpoint) -> None:
    with Emulator(webhooks=[endpoint.url]) as torii:
        endpoint.open.clear()
        api_of(torii).user()
        api_of(torii).user()
        endpoint.arrived.wait()
    endpoint.open.set()
    assert torii.webhooks.finish() == []
    assert len(endpoint.received) == 1


def test_an_event_that_a_test_makes_up(torii: Emulator, endpoint: Endpoint) -> None:
    endpoint.response = "ø".encode() * 2000 + b"\xff"
    delivery = torii.send_event("user.deleted", {"id": "user_ada"}, to=endpoint.url)
    assert (delivery.state, delivery.status, delivery.response) == ("delivered", 200, "ø" * 1000)
    event = endpoint.received[0].event(torii.webhooks.secret)
    assert (event.type, event.data) == ("user.deleted", {"id": "user_ada"})
    endpoint.statuses = [500]
    failed = torii.send_event("x", None, to=f"{endpoint.url}?a=b", fault="bad_signature")
    assert (failed.state, failed.status, len(failed.attempts)) == ("failed", 500, 1)
    assert endpoint.received[1].path == "/torii/events?a=b"
    twice = torii.send_event("x", [], to=endpoint.url, fault="duplicate")
    assert (twice.state, len(twice.attempts)) == ("delivered", 2)
    nowhere = torii.send_event("x", {}, to=f"http://127.0.0.1:{free_port()}")
    assert (nowhere.state, nowhere.status, nowhere.response) == ("failed", None, "")
    assert torii.webhooks.deliveries() == []


@pytest.mark.parametrize("arrives", [b"", b"HTTP/1.0 200 OK\r\nX: "], ids=["silent", "drips"])
def test_a_receiver_that_hangs(
    torii: Emulator, monkeypatch: pytest.MonkeyPatch, arrives: bytes
) -> None:
    monkeypatch.setattr(post, "TIMEOUT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.sendall(arrives)
                while arrives:
                    connection.sendall(b"x")
                    time.sleep(0.05)
                while connection.recv(100_000):
                    pass

        thread = Thread(target=drip)
        thread.start()
        to = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        (attempt,) = torii.send_event("x", {}, to=to).attempts
        assert (attempt.status, attempt.problem) == (None, "timeout")
        thread.join()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"to": REMOTE}, "to must be a loopback URL"),
        ({"to": "http://127.0.0.1.example.com/"}, "to must be a loopback URL"),
        ({"to": "ftp://127.0.0.1/"}, "to must be a URL, such as"),
        ({"to": "http://ada@127.0.0.1/"}, "to must be a URL, such as"),
        ({"to": "http://127.0.0.1:99999/"}, "to must be a URL, such as"),
        ({"to": "http://127.0.0.1/\r\nX: y"}, "to must be a URL, such as"),
        ({"to": None}, "to must be a URL, such as"),
        ({"type": ""}, "type must be the type of an event"),
        ({"data": {1, 2}.__iter__}, "data must be plain JSON"),
        ({"fault": "reorder"}, "fault must not be reorder"),
        ({"fault": "flood"}, "fault must be one of duplicate, reorder"),
    ],
)
def test_wrong_arguments(torii: Emulator, arguments: dict[str, Any], sentence: str) -> None:
    given: dict[str, Any] = {"type": "x", "data": {}, "to": "http://127.0.0.1:1/", **arguments}
    with pytest.raises(ValueError, match=sentence):
        torii.send_event(**given)


@pytest.mark.parametrize("urls", [REMOTE, [REMOTE], 5, b"http://127.0.0.1:1/", [""]])
def test_an_emulator_refuses_wrong_urls(urls: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^webhooks must be a (loopback )?URL, such as"):
        Emulator(webhooks=urls)


def test_remote_urls_if_they_are_allowed() -> None:
    assert Emulator(webhooks=REMOTE, allow_remote=True).webhooks.urls == (REMOTE,)
    with pytest.raises(RuntimeError, match="not started"):
        Emulator().send_event("x", {}, to="http://127.0.0.1:1/")


def test_over_http(torii: Emulator, api: Api, endpoint: Endpoint) -> None:
    wire, secret = api.wire, torii.webhooks.secret
    registered = wire.post("/_emulator/webhooks", {"url": "http://localhost:1/"}).json()
    assert registered == {"secret": secret, "urls": [endpoint.url, "http://localhost:1/"]}
    torii.reset()
    wire.post("/_emulator/webhooks", {"url": endpoint.url})
    assert wire.post("/_emulator/webhooks/fault", {"fault": "duplicate"}).json() == {}
    rotated = wire.post("/_emulator/webhooks/rotate").json()
    assert rotated == {"secret": torii.webhooks.secret}
    api.user()
    torii.webhooks.finish()
    (delivery,) = wire.get("/_emulator/deliveries").json()["deliveries"]
    assert sorted(delivery) == ["attempts", "event", "id", "state", "url"]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [200, 200]
    sent = {"type": "user.deleted", "data": {"id": "user_ada"}, "to": endpoint.url}
    assert wire.post("/_emulator/events", sent).json()["state"] == "delivered"
    assert endpoint.types(secret) == ["user.created", "user.created", "user.deleted"]


@pytest.mark.parametrize(
    ("path", "document", "sentence"),
    [
        ("webhooks", {"url": REMOTE}, "url must be a loopback URL"),
        ("webhooks/fault", {"fault": "flood"}, "fault must be one of bad_signature, "),
        ("webhooks/rotate", {"withdraw": 1}, "Expected `bool`"),
        ("events", {"type": "x"}, "missing required field `to`"),
        ("events", {"type": "x", "to": REMOTE}, "to must be a loopback URL"),
    ],
)
def test_wrong_requests(torii: Emulator, api: Api, path: str, document: Any, sentence: str) -> None:
    response = api.wire.post(f"/_emulator/{path}", document)
    assert response.status == 400
    assert sentence in response.message
