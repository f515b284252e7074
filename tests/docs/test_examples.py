"""Every Python example of the README and of docs/ runs as it is written."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse

from tests.adapters.django_project import wsgi_handler
from tests.adapters.messages import Request, Response, bearer
from tests.adapters.transport import call_asgi, call_wsgi
from torii_backend import ToriiClient, current_auth
from torii_backend.emulator import Emulator

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ISSUER = "https://acme.torii.so"
USER_ID = "user_ada"


@pytest.fixture
def torii(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    monkeypatch.delenv("TORII_ISSUER", raising=False)
    monkeypatch.delenv("TORII_SECRET_KEY", raising=False)
    with Emulator() as emulator:
        monkeypatch.setenv("TORII_SECRET_KEY", emulator.secret_key)
        monkeypatch.setenv("TORII_API_URL", emulator.api_url)
        yield emulator


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_run_one_after_the_other(page: Path, torii: Emulator) -> None:
    text = page.read_text("utf-8")
    namespace: dict[str, Any] = {"__name__": page.stem}
    for block in BLOCK.finditer(text):
        # An issuer in a page stands for the reader's own; so does the token, which nobody makes.
        namespace["token"] = token = torii.issue_token(user_id=USER_ID).access_token
        # Blank lines before it, so that a traceback shows the line of the page.
        above = "\n" * text.count("\n", 0, block.start(1))
        source = above + block[1].replace(ISSUER, torii.issuer)
        exec(compile(source, page, "exec", dont_inherit=True), namespace)  # noqa: S102
        if "auth" in namespace:
            assert namespace.pop("auth").user_id == USER_ID
        if "app" in namespace:
            _assert_guarded(namespace.pop("app"), token)
        if "MIDDLEWARE" in namespace:
            settings = {name: namespace.pop(name) for name in ("MIDDLEWARE", "TORII")}
            _assert_guarded(wsgi_handler(_me, **settings), token)
        if "api" in namespace:
            asyncio.run(_assert_shows(namespace["api"], namespace["support"].id))
            del namespace["api"]
    for value in namespace.values():
        if isinstance(value, ToriiClient):
            value.close()


@pytest.mark.parametrize("env", ["demo", "py"])
def test_the_readme_shows_each_command_once(env: str) -> None:
    command = (
        "python3 -m venv .venv && .venv/bin/pip install -q tox && .venv/bin/tox run -q -e " + env
    )
    assert PAGES[0].read_text("utf-8").splitlines().count(command) == 1


def _me(request: HttpRequest) -> HttpResponse:
    """Answer as a view of the Django project that a page configures."""
    auth = current_auth()
    assert auth is request.auth  # type: ignore[attr-defined]
    assert auth is not None
    return HttpResponse(auth.user_id)


def _assert_guarded(app: Any, token: str) -> None:
    refused = _call(app, Request())
    assert refused.status == 401
    assert refused.header("WWW-Authenticate") == 'Bearer realm="torii"'
    admitted = _call(app, bearer(token))
    assert admitted.status == 200
    assert USER_ID.encode() in admitted.body


async def _assert_shows(api: Any, user_id: str) -> None:
    async with api.router.lifespan_context(api):
        response = await call_asgi(api, Request(f"/users/{user_id}"))
    assert response.json() == {"id": user_id, "status": "active"}


def _call(app: Any, request: Request) -> Response:
    if iscoroutinefunction(app.__call__):
        return asyncio.run(call_asgi(app, request))
    return call_wsgi(app, request)
