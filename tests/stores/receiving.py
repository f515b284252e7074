"""Run by test_inbox_workers.py, with gunicorn: an application that receives webhooks and writes down which.

Its environment: TRIAL_INBOX, the name of an inbox; TRIAL_URL, the URL of its store; TRIAL_FOLDER, where the
handler adds a line to `ran` for each delivery. If there is a file `die`, it removes it and kills its process.
As a script, it creates the tables.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from torii_backend import Event, Events
from torii_backend.wsgi import EventReceiver

NAME, URL, FOLDER = (os.environ[f"TRIAL_{each}"] for each in ("INBOX", "URL", "FOLDER"))
LEASE = float(os.environ["TRIAL_LEASE"])


class ShortLease:
    """An inbox whose leases are shorter than 60 s."""

    def __init__(self, inbox: Any) -> None:
        self._inbox = inbox
        self.is_atomic = getattr(inbox, "is_atomic", False)
        self.done, self.release = inbox.done, inbox.release

    def claim(self, key: str, owner: str, lease: float) -> Any:
        return self._inbox.claim(key, owner, min(lease, LEASE))


def make_inbox() -> Any:
    if NAME == "redis":
        from torii_backend.events.redis import RedisInbox

        return RedisInbox(URL)
    if NAME.startswith("django"):
        configure_django()
        from torii_backend.django import Inbox

        return Inbox(atomic=NAME.endswith("atomic"))
    from sqlalchemy import create_engine
    from sqlalchemy.orm import sessionmaker

    from torii_backend.events.sqlalchemy import SqlAlchemyInbox

    engine = create_engine(URL)
    return SqlAlchemyInbox(sessionmaker(engine) if NAME.endswith("sessions") else engine)


def configure_django() -> None:
    import django
    from django.conf import settings

    parts = urlsplit(URL)
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.path[1:]}
    if parts.hostname:
        database = {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "torii"}
        database.update(HOST=parts.hostname, PORT=str(parts.port))
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={"default": database},
        INSTALLED_APPS=["torii_backend.django.events"],
        ROOT_URLCONF=__name__,
    )
    django.setup()


def create_tables() -> None:
    if NAME.startswith("django"):
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
    elif not NAME.startswith("redis"):
        inbox.create_tables()


def note(event: Event) -> None:
    with Path(FOLDER, "ran").open("a", encoding="utf-8") as ran:
        ran.write(f"{event.delivery_id}\n")
    die = Path(FOLDER, "die")
    if die.exists():
        die.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    # The others should come in the meantime. If they don't, the trial proves less.
    time.sleep(0.05)


inbox = make_inbox()
events = Events(inbox=ShortLease(inbox))
events.on("*")(note)
app: Any
if NAME.startswith("django"):
    from django.core.wsgi import get_wsgi_application
    from django.urls import path

    from torii_backend.django import receive

    urlpatterns = [path("", receive(events))]
    app = get_wsgi_application()
else:
    app = EventReceiver(events)

if __name__ == "__main__":
    create_tables()
