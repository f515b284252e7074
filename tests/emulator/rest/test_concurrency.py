"""Many clients at once, each on its own persistent connection."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from threading import Barrier
from typing import Any

from tests.emulator.conftest import WATCHDOG

from .api import PREFIX, Api

CLIENTS = 32
Send = Callable[[str, str, Any], Any]


@contextmanager
def _connected(api: Api) -> Iterator[Send]:
    """Return a function that sends a request over one connection, and expects success."""
    connection = HTTPConnection(*api.wire.address, timeout=WATCHDOG)
    headers = {
        "Authorization": f"Bearer {api.secret_key}",
        "Content-Type": "application/json",
    }

    def send(method: str, path: str, document: Any) -> Any:
        connection.request(method, PREFIX + path, json.dumps(document), headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status in {200, 201}, (response.status, body)
        return json.loads(body)

    try:
        yield send
    finally:
        connection.close()


def _at_once(api: Api, work: Callable[[int, Send], Any]) -> list[Any]:
    """Let 32 clients work, all of them at the same time; gives what each returns."""
    barrier = Barrier(CLIENTS)

    def client(number: int) -> Any:
        with _connected(api) as send:
            barrier.wait(WATCHDOG)
            return work(number, send)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(client, range(CLIENTS)))


def test_clients_that_create_change_and_search_do_not_disturb_each_other(api: Api) -> None:
    def work(number: int, send: Send) -> list[str]:
        ids = []
        for turn in range(4):
            name = f"client-{number}-{turn}."
            user = send("POST", "/users", {"email": f"{name}@example.com", "name": name})
            ids.append(user["id"])
            changed = send("PATCH", f"/users/{user['id']}", {"firstName": name})
            assert changed["firstName"] == name
            found = send("POST", "/users/search", {"name": name})
            assert found["items"] == [changed]
        return ids

    ids = [user_id for made in _at_once(api, work) for user_id in made]
    assert len(set(ids)) == CLIENTS * 4
    assert api.found() == set(ids)


def test_no_merge_into_the_same_metadata_is_lost(api: Api) -> None:
    user_id, organization_id = api.user()["id"], api.organization()["id"]
    api.join(organization_id, user_id)
    invitation_id = api.invite()["id"]
    paths = [
        f"/users/{user_id}/metadata",
        f"/organizations/{organization_id}/metadata",
        f"/organizations/{organization_id}/members/{user_id}/metadata",
        f"/invitations/{invitation_id}",
    ]

    def work(number: int, send: Send) -> None:
        for turn in range(3):
            metadata = {"shared": {f"client-{number}": {f"turn-{turn}": turn}}}
            for path in paths:
                send("PATCH", path, {"privateMetadata": metadata})

    _at_once(api, work)
    turns = {f"turn-{turn}": turn for turn in range(3)}
    expected = {"shared": {f"client-{number}": turns for number in range(CLIENTS)}}
    for path in paths:
        assert api.ok("PATCH", path, {"privateMetadata": {}})["privateMetadata"] == expected


def test_no_change_of_one_record_is_lost(api: Api) -> None:
    """Profile and metadata are changed by different calls, of which none may undo another."""
    user_id = api.user()["id"]
    path = f"/users/{user_id}"

    def work(number: int, send: Send) -> None:
        if number == 0:
            send("PATCH", path, {"firstName": "Ada"})
        elif number == 1:
            send("PATCH", path, {"lastName": "Lovelace"})
        elif number == 2:
            send("POST", f"{path}/ban", {})
        elif number % 2:
            send("PATCH", path, {"unsafeMetadata": {str(number): number}})
        else:
            send("PATCH", f"{path}/metadata", {"publicMetadata": {str(number): number}})

    _at_once(api, work)
    user = api.read(user_id)
    assert (user["firstName"], user["lastName"]) == ("Ada", "Lovelace")
    assert user["status"] == "banned"
    numbers = range(3, CLIENTS)
    assert user["unsafeMetadata"] == {str(n): n for n in numbers if n % 2}
    assert user["publicMetadata"] == {str(n): n for n in numbers if not n % 2}


def test_only_one_client_can_create_a_user_with_an_email(api: Api) -> None:
    def work(number: int, send: Send) -> int:
        response = api.request("POST", "/users", {"email": "ada@example.com"})
        return response.status

    assert sorted(_at_once(api, work)) == [201] + [409] * (CLIENTS - 1)


def test_only_one_client_can_redeem_an_impersonation_token(api: Api) -> None:
    user_id, actor_id = api.user()["id"], api.user()["id"]
    body = {"actorUserId": actor_id, "reason": "Ticket 7"}
    token = api.ok("POST", f"/users/{user_id}/impersonation-token", body)["token"]

    def work(number: int, send: Send) -> int:
        return api.wire.post("/_torii/auth/session/impersonate", {"token": token}).status

    statuses = _at_once(api, work)
    assert statuses.count(200) == 1
    assert all(400 <= status < 500 for status in statuses if status != 200)
    assert len(api.sessions(user_id)) == 1
