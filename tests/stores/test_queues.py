"""The recipes for queues in docs/event-recipes.md run as they are written, with workers on a real Redis."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any

import pytest

from tests.docs.test_examples import BLOCK, SECTION
from tests.installed import is_left_out
from tests.support.clock import WATCHDOG
from tests.support.redis_server import RedisServer
from torii_backend import verify_webhook
from torii_backend.emulator import sign_webhook

PAGE = Path(__file__).parents[2] / "docs" / "event-recipes.md"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="
BODY = b'{"type": "user.deleted", "id": "evt_1", "data": {"id": "user_ada"}}'
HEADERS = sign_webhook(secret=SECRET, payload=BODY)
DELETED = verify_webhook(secret=SECRET, payload=BODY, headers=HEADERS)


class Recipe(ModuleType):
    """A module with one section of the page, and what the section needs of the page's start."""

    def __init__(self, title: str) -> None:
        super().__init__(f"recipe_{title.lower()}")
        text = PAGE.read_text("utf-8")
        sections = {section[0].split("\n", 1)[0]: section[0] for section in SECTION.finditer(text)}
        for each in ("# Recipes for events", "## Slow work belongs to a queue", f"## {title}"):
            for block in BLOCK.findall(sections[each]):
                exec(compile(block, PAGE, "exec", dont_inherit=True), vars(self))  # noqa: S102


@pytest.fixture
def recipe(
    request: pytest.FixtureRequest, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Recipe:
    title: str = request.param
    if is_left_out(title.lower()):
        pytest.skip(f"{title} is not installed; `tox run -e queues` has it")
    monkeypatch.setenv("REDIS_URL", redis_server.url)
    module = Recipe(title)
    # RQ's workers import it by its name.
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def recipes(*titles: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("recipe", titles, indirect=True)


@recipes("Celery")
def test_celery(recipe: Any) -> None:
    from celery.contrib.testing.worker import start_worker
    from celery.signals import task_postrun

    finished = Event()

    def finish(**_: object) -> None:
        finished.set()

    task_postrun.connect(finish, weak=False)
    assert recipe.events.dispatch(DELETED) == "ok"
    with start_worker(recipe.celery_app, perform_ping_check=False, pool="solo"):
        assert finished.wait(WATCHDOG)
    assert recipe.forgotten == ["user_ada"]


@recipes("RQ")
def test_rq(recipe: Any) -> None:
    from rq import SimpleWorker

    assert recipe.events.dispatch(DELETED) == "ok"
    worker = SimpleWorker(
        [recipe.queue], connection=recipe.queue.connection, serializer=recipe.queue.serializer
    )
    assert worker.work(burst=True)
    assert recipe.forgotten == ["user_ada"]


@recipes("arq")
@pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")  # by arq
def test_arq(recipe: Any) -> None:
    from arq.worker import create_worker
    from fastapi.testclient import TestClient

    with TestClient(recipe.fastapi_app) as client:
        response = client.post("/torii/events", content=BODY, headers=HEADERS)
    assert response.json() == {"status": "ok"}

    async def work() -> None:
        worker = create_worker(recipe.WorkerSettings, burst=True, handle_signals=False)
        await worker.async_run()
        await worker.close()

    asyncio.run(work())
    assert recipe.forgotten == ["user_ada"]


@recipes("Dramatiq")
def test_dramatiq(recipe: Any) -> None:
    import dramatiq

    assert recipe.events.dispatch(DELETED) == "ok"
    broker = dramatiq.get_broker()
    worker = dramatiq.Worker(broker, worker_timeout=100)
    worker.start()
    try:
        broker.join(recipe.forget.queue_name, timeout=1000 * WATCHDOG)
        worker.join()
    finally:
        worker.stop()
        broker.close()
    assert recipe.forgotten == ["user_ada"]


@recipes("Celery", "RQ", "Dramatiq")
def test_the_sender_must_try_again_if_the_queue_is_down(
    recipe: Any, redis_server: RedisServer
) -> None:
    redis_server.stop()
    for _ in range(2):
        with pytest.raises(Exception, match="Connection refused"):
            recipe.events.dispatch(DELETED)
