"""The recipes for queues in docs/event-recipes.md run as they are written, with workers on a real Redis."""

from __future__ import annotations

import asyncio
import sys
from threading import Event
from typing import Any

import pytest

from tests.docs.sections import run_sections
from tests.installed import is_left_out
from tests.support.clock import WATCHDOG
from tests.support.redis_server import RedisServer
from torii_backend import verify_webhook
from torii_backend.emulator import sign_webhook

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="
BODY = b'{"type": "user.deleted", "id": "evt_1", "data": {"id": "user_ada"}}'
DELETED = verify_webhook(
    secret=SECRET, payload=BODY, headers=sign_webhook(secret=SECRET, payload=BODY)
)


@pytest.fixture
def recipe(
    request: pytest.FixtureRequest, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Any:
    title: str = request.param
    if is_left_out(title.lower()):
        pytest.skip(f"{title} is not installed; `tox run -e queues` has it")
    monkeypatch.setenv("REDIS_URL", redis_server.url)
    start = ("# Recipes for events", "## Slow work belongs to a queue")
    module = run_sections("event-recipes.md", *start, f"## {title}")
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

    headers = sign_webhook(secret=SECRET, payload=BODY)
    with TestClient(recipe.fastapi_app) as client:
        response = client.post("/torii/events", content=BODY, headers=headers)
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
