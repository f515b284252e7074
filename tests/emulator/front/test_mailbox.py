"""The mailbox: what Torii would have mailed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from .browser import Browser

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator


def test_the_mailbox_over_http_and_in_python(torii: Emulator, browser: Browser) -> None:
    assert browser.ok(browser.send("GET", "/_emulator/mailbox")) == {"messages": []}
    browser.sign_up("ada@example.com")
    (message,) = torii.mailbox()
    (served,) = browser.ok(browser.send("GET", "/_emulator/mailbox"))["messages"]
    at = datetime.fromisoformat(served.pop("at").replace("Z", "+00:00"))
    assert served == {
        "to": "ada@example.com",
        "kind": "sign_up",
        "code": message.code,
        "link": None,
    }
    assert at == message.at
    assert "ada" not in repr(message) and str(message.code) not in repr(message)


def test_the_last_200_messages_are_kept_until_a_reset(torii: Emulator, browser: Browser) -> None:
    for number in range(201):
        browser.sign_up(f"user{number}@example.com")
    messages = torii.mailbox()
    assert (len(messages), messages[0].to, messages[-1].to) == (
        *(200, "user1@example.com"),
        "user200@example.com",
    )
    torii.reset()
    assert torii.mailbox() == []


def test_a_refused_call_mails_nothing(torii: Emulator, browser: Browser) -> None:
    connection = torii._started().database._connection
    connection.execute("PRAGMA query_only = 1")
    body = {"email": "ada@example.com", "password": "correct horse"}
    response = browser.send("POST", "/_torii/auth/signup", body)
    assert (response.status, response.json()["error"]["code"]) == (507, "insufficient_storage")
    assert torii.mailbox() == []
    connection.execute("PRAGMA query_only = 0")
    assert browser.signed_up("ada@example.com")["email"] == "ada@example.com"


def test_a_full_disk_leaves_nothing_half_written(torii: Emulator, browser: Browser) -> None:
    started = browser.sign_up("ada@example.com")
    connection = torii._started().database._connection
    connection.execute("PRAGMA query_only = 1")
    assert browser.verify(started).status == 507
    connection.execute("PRAGMA query_only = 0")
    assert browser.client()["authenticated"] is False
    assert browser.verify(started).status == 200
