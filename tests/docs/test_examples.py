"""Every Python example of the README and of docs/ runs as it is written."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import unittest
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from inspect import iscoroutine, iscoroutinefunction, signature
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import re_path

from tests.adapters.django_project import wsgi_handler_of
from tests.adapters.messages import Request, Response, bearer
from tests.adapters.transport import call_asgi, call_wsgi
from tests.installed import is_left_out
from tests.support.redis_server import missing_for_redis, redis_server  # noqa: F401
from torii_backend import Revocations, ToriiClient, current_auth
from torii_backend.emulator import Emulator
from torii_backend.observing.slots import forget_listeners
from torii_backend.testing import ToriiFixture, auth_as

from .mcp_servers import assert_tells_where_to_sign_in, assert_tools_need_a_user
from .socket_io import assert_connections_are_verified

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SECTION = re.compile(r"(?:\A|^## ).*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAVED = re.compile(r"Save this as `(\w+)\.py`")
EXPORT = re.compile(r"^export (\w+)=(\S+)$", re.MULTILINE)
ABOUT_ALL = (
    "## Guard keywords",
    "## Other frameworks",
    "## Which routes are open",
    "## Error responses",
    "## Caches",
    "## More about Flask",
    "## Servers",
)
STEPS = ["Install", "Configure", "Guard", "Read", "Refuse"]
ISSUER = "https://acme.torii.so"
LOCAL = "http://127.0.0.1:4100"  # where `torii emulator` listens
USER_ID = "user_ada"


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    """Take back the level that an example gives a logger, and its listeners."""
    yield
    for name in ("torii_backend.client", "torii_backend.refusals"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    forget_listeners()


@pytest.fixture(autouse=True)
def _environment(torii: ToriiFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORII_ISSUER", raising=False)
    torii.reset()
    monkeypatch.setenv("TORII_SECRET_KEY", torii.secret_key)
    monkeypatch.setenv("TORII_API_URL", torii.api_url)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_run_one_after_the_other(
    page: Path,
    torii: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    text = page.read_text("utf-8")
    monkeypatch.chdir(tmp_path)  # for the databases of examples
    # A module that can be found, as some frameworks look up the names in annotations there.
    module = ModuleType(f"page_{page.stem}")
    _make_importable(module, text, monkeypatch)
    namespace = vars(module)
    for section in SECTION.finditer(text):
        if "REDIS_URL" in section[0]:
            if missing_for_redis() and "TORII_TESTS_NEED_REDIS" not in os.environ:
                continue
            monkeypatch.setenv("REDIS_URL", request.getfixturevalue("redis_server").url)
        if "\n# shop/" in section[0]:
            continue  # a Django project, which test_pages.py runs
        _export(section, torii, monkeypatch)
        try:
            _run(page, section, namespace, request)
        except ModuleNotFoundError as error:
            if not is_left_out(error.name or ""):
                raise
        apps = {name: namespace.pop(name) for name in _APPS if name in namespace}
        # Only the routes of that page's app count.
        has_app = apps.keys() & {"app", "MIDDLEWARE", "urlpatterns"}
        if page.name == "proxy.md":
            _assert_proxied({**apps, **namespace})
        elif has_app and page.name != "commands.md":
            with _served(apps) as app:
                _assert_guarded(app, torii)
                if page.name == "frameworks.md":
                    _assert_refused_by_policy(app, torii)
        _check_other_apps(page, namespace, torii)
    _close(namespace)


def _make_importable(module: ModuleType, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let examples import what the page says they are saved as."""
    for name in (module.__name__, *SAVED.findall(text)):
        monkeypatch.setitem(sys.modules, name, module)


def _close(namespace: dict[str, Any]) -> None:
    for value in list(namespace.values()):
        if isinstance(value, (ToriiClient, Revocations)):
            value.close()
    if "engine" in namespace:
        namespace["engine"].dispose()


def _export(section: re.Match[str], torii: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in EXPORT.findall(section[0]):
        monkeypatch.setenv(name, value.replace(ISSUER, torii.issuer).replace(LOCAL, torii.issuer))


def test_every_framework_takes_the_same_five_steps() -> None:
    text = (ROOT / "docs" / "frameworks.md").read_text("utf-8")
    sections = [
        section for section in SECTION.findall(text)[1:] if not section.startswith(ABOUT_ALL)
    ]
    assert sections
    for section in sections:
        assert re.findall(r"\*\*(\w+)\*\*", section) == STEPS


@pytest.mark.parametrize("env", ["demo", "py"])
def test_the_readme_shows_each_command_once(env: str) -> None:
    command = (
        "python3 -m venv .venv && .venv/bin/pip install -q tox && .venv/bin/tox run -q -e " + env
    )
    assert PAGES[0].read_text("utf-8").splitlines().count(command) == 1


_GUARDED = {"guarded", "also_guarded"}
_PROXIED = {"app", "application", "asgi_application", *_GUARDED}
# What a page may make of an application; names in capitals are settings of Django.
_APPS = ("app", "urlpatterns", "MIDDLEWARE", "TORII")


def _run(
    page: Path, section: re.Match[str], namespace: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    torii: Emulator = request.getfixturevalue("torii")
    for block in BLOCK.finditer(section.string, section.start(), section.end()):
        # An issuer in a page stands for the reader's own; so does the token, which nobody makes.
        namespace["token"] = torii.issue_token(user_id=USER_ID).access_token
        # Blank lines before it, so that a traceback shows the line of the page.
        above = "\n" * section.string.count("\n", 0, block.start(1))
        source = above + block[1].replace(ISSUER, torii.issuer)
        exec(compile(source, page, "exec", dont_inherit=True), namespace)  # noqa: S102
        _run_tests(namespace, request)
        if "auth" in namespace:
            assert namespace.pop("auth").user_id == USER_ID


def _run_tests(namespace: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """Run the tests of an example, with the Django project of its section, if there is one."""
    marks = [namespace.pop("pytestmark", None)]
    settings = {name: namespace[name] for name in ("MIDDLEWARE", "TORII") if name in namespace}
    with override_settings(ROOT_URLCONF=tuple(namespace.get("urlpatterns", ())), **settings):
        for name in [name for name in namespace if name.startswith("test_")]:
            test = namespace.pop(name)
            fixtures = {each: request.getfixturevalue(each) for each in signature(test).parameters}
            nearest = [*getattr(test, "pytestmark", []), *marks][0]
            with nullcontext() if nearest is None else auth_as(*nearest.args, **nearest.kwargs):
                result = test(**fixtures)
                if iscoroutine(result):
                    asyncio.run(result)
        for name in [name for name in namespace if name.endswith("Tests")]:
            result = unittest.TestResult()
            unittest.defaultTestLoader.loadTestsFromTestCase(namespace.pop(name)).run(result)
            assert result.testsRun and result.wasSuccessful(), result.errors + result.failures


@contextmanager
def _served(apps: dict[str, Any]) -> Iterator[Any]:
    """Give the application of a section; a Django project is served with its settings."""
    if "app" in apps:
        yield apps["app"]
        return
    settings = {name: value for name, value in apps.items() if name.isupper()}
    with override_settings(**settings):
        yield wsgi_handler_of(tuple(apps.get("urlpatterns", [re_path("", _me)])))


def _me(request: HttpRequest) -> HttpResponse:
    """Answer as a view of the Django project that a page configures."""
    auth = current_auth()
    assert auth is request.auth  # type: ignore[attr-defined]
    assert auth is not None
    return HttpResponse(auth.user_id)


def _assert_guarded(app: Any, torii: Emulator) -> None:
    refused = _call(app, Request())
    assert refused.status == 401
    assert refused.header("WWW-Authenticate") == 'Bearer realm="torii"'
    admitted = _call(app, bearer(torii.issue_token(user_id=USER_ID).access_token))
    assert admitted.status == 200
    assert USER_ID.encode() in admitted.body


def _assert_proxied(apps: dict[str, Any]) -> None:
    """Ask each application of a section for what only Torii has."""
    for name in _PROXIED & apps.keys():
        response = _call(apps[name], Request("/_torii/client", (("Cookie", "a=1"),)))
        assert response.status == 200
        assert response.json()["authenticated"] is False
        expected = (401,) if name in _GUARDED else (200, 404)
        assert _call(apps[name], Request()).status in expected


def _assert_refused_by_policy(app: Any, torii: Emulator) -> None:
    """Look for the path that asks for a verified email address: one of two."""
    good = torii.issue_token(user_id=USER_ID).access_token
    bad = torii.issue_token(claims={"email_verified": False}).access_token
    refused = [_call(app, bearer(bad, target)) for target in ("/me", "/invoices")]
    assert 403 in [response.status for response in refused]
    for target, response in zip(("/me", "/invoices"), refused):
        if response.status == 403:
            assert b"email_unverified" in response.body
            assert _call(app, bearer(good, target)).status in (200, 404)


def _check_other_apps(page: Path, namespace: dict[str, Any], torii: Emulator) -> None:
    if page.name == "policies.md" and "reports_with_problems" in namespace:
        _assert_custom_responses(namespace["reports_or_login"], namespace["reports_with_problems"])
    if page.name == "websockets.md" and "sockets" in namespace:
        assert_connections_are_verified(namespace, torii)
        del namespace["sockets"]
    if page.name == "mcp.md" and "guarded" in namespace:
        assert_tools_need_a_user(namespace.pop("guarded"), torii)
    if page.name == "mcp.md" and "service" in namespace:
        assert_tells_where_to_sign_in(namespace)
    if page.name == "client.md" and "api" in namespace:
        asyncio.run(_assert_shows(namespace["api"], namespace["support"].id))
        del namespace["api"]


def _assert_custom_responses(reports_or_login: Any, reports_with_problems: Any) -> None:
    redirected = _call(reports_or_login, Request())
    assert redirected.status == 302
    assert redirected.header("Location") == "https://acme.example.com/login"
    problem = _call(reports_with_problems, Request("/monthly"))
    assert (problem.status, problem.header("Cache-Control")) == (401, "no-store")
    assert problem.json()["instance"] == "/monthly"


async def _assert_shows(api: Any, user_id: str) -> None:
    async with api.router.lifespan_context(api):
        response = await call_asgi(api, Request(f"/users/{user_id}"))
    shown = response.json()
    assert (shown["id"], shown["email"]) == (user_id, "support@example.com")
    assert shown.keys() == {"id", "email", "created_at"}


def _call(app: Any, request: Request) -> Response:
    if iscoroutinefunction(app.__call__):
        return asyncio.run(call_asgi(app, request))
    return call_wsgi(app, request)
