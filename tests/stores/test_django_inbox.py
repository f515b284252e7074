"""The inbox of Django alone: its table, and the transaction that it shares with handlers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client, override_settings
from django.urls import path

from tests.events.deliveries import SECRET, body, event, signed
from torii_backend import ConfigurationError, Event, Events, InboxUnavailable
from torii_backend.django import Inbox, receive

from .inboxes import django_database

on_databases = pytest.mark.parametrize("product", ["sqlite", "postgres"])


@pytest.fixture
def _database(product: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    with django_database(product, tmp_path, request):
        yield


@pytest.fixture
def _log(_database: None) -> None:
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("create table log (line varchar(20))")


def write(line: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("insert into log values (%s)", [line])


def rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {table}")  # noqa: S608
        found: int = cursor.fetchone()[0]
    return found


@on_databases
@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.usefixtures("_database")
def test_a_missing_table_is_one_sentence(atomic: bool, caplog: pytest.LogCaptureFixture) -> None:
    inbox = Inbox(atomic=atomic)
    events = Events(SECRET, inbox=inbox)
    events.on("user.deleted")(lambda _: None)
    sentence = "the table torii_events_delivery must exist: run python manage.py migrate."
    with pytest.raises(ConfigurationError) as caught:
        inbox.claim("k", "ada", 60)
    assert str(caught.value) == sentence
    with caplog.at_level(logging.ERROR), pytest.raises(InboxUnavailable):
        events.dispatch(event())
    assert [each.getMessage() for each in caplog.records] == [
        f"The inbox is unavailable: {sentence}"
    ]
    call_command("migrate", verbosity=0)
    assert events.dispatch(event()) == "ok"


@on_databases
@pytest.mark.parametrize("atomic_requests", [True, False])
@pytest.mark.usefixtures("_log")
def test_handlers_share_the_transaction_of_the_row(atomic_requests: bool) -> None:
    events = Events(SECRET, inbox=Inbox())
    failing, committed = [True], []

    @events.on("user.deleted")
    def note(event: Event) -> None:
        write(event.id)
        transaction.on_commit(lambda: committed.append(rows("torii_events_delivery")))

    @events.on("user.*")
    def fail(event: Event) -> None:
        if failing:
            raise ValueError(failing.pop())

    connection.settings_dict["ATOMIC_REQUESTS"] = atomic_requests

    def post() -> Any:
        headers = signed(body())
        kind = headers.pop("Content-Type")
        return Client().post("/events", body(), content_type=kind, headers=headers)

    with override_settings(ROOT_URLCONF=(path("events", receive(events)),)):
        assert post().status_code == 500
        assert (rows("log"), rows("torii_events_delivery"), committed) == (0, 0, [])
        assert [post().json() for _ in range(2)] == [{"status": "ok"}, {"status": "duplicate"}]
    assert (rows("log"), rows("torii_events_delivery"), committed) == (1, 1, [1])


def mark_for_rollback() -> None:
    transaction.set_rollback(True)


def fail_and_go_on() -> None:
    with suppress(DatabaseError), transaction.atomic(savepoint=False):
        rows("missing")


@on_databases
@pytest.mark.parametrize("break_transaction", [mark_for_rollback, fail_and_go_on])
@pytest.mark.usefixtures("_log")
def test_what_would_be_rolled_back_is_not_done(break_transaction: Callable[[], None]) -> None:
    events = Events(SECRET, inbox=Inbox())
    breaking = [break_transaction]

    @events.on("user.deleted")
    def note(event: Event) -> None:
        write(event.id)
        for function in breaking:
            function()

    with pytest.raises(InboxUnavailable):
        events.dispatch(event())
    assert rows("log") == rows("torii_events_delivery") == 0
    breaking.clear()
    assert events.dispatch(event()) == "ok"


@pytest.mark.parametrize("product", ["sqlite"])
@pytest.mark.usefixtures("_log")
def test_an_inbox_works_within_a_transaction() -> None:
    events = Events(SECRET, inbox=Inbox())
    events.on("user.deleted")(lambda event: write(event.id))
    with transaction.atomic():
        assert [events.dispatch(event()) for _ in range(2)] == ["ok", "duplicate"]
    assert rows("log") == 1


@pytest.mark.parametrize("product", ["sqlite"])
@pytest.mark.usefixtures("_database")
def test_the_migrations_are_complete() -> None:
    call_command("makemigrations", "torii_events", check=True, dry_run=True, verbosity=0)


def test_the_app_must_be_installed() -> None:
    with (
        override_settings(INSTALLED_APPS=[]),
        pytest.raises(
            ConfigurationError,
            match=r'^INSTALLED_APPS must contain "torii_backend\.django\.events"',
        ),
    ):
        Inbox()
    wrong: Any = "yes"
    with pytest.raises(ConfigurationError, match=r"^atomic must be True or False\.$"):
        Inbox(atomic=wrong)
    assert repr(Inbox()) == "Inbox(atomic=True)"
