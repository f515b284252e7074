"""A defect of the emulator itself is a response in the envelope of the path, and is reported."""

from __future__ import annotations

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.application import Application
from torii_backend.emulator.routes import Route


def _fail(request: Request) -> Response:
    raise ZeroDivisionError


def test_a_bug_is_a_500_that_says_where_to_look(capfd: pytest.CaptureFixture[str]) -> None:
    paths = ["/api/server/v1/users", "/_emulator/tokens"]
    client = Client(Application([Route("GET", path, _fail) for path in paths]))
    rest, admin = (client.get(path) for path in paths)
    assert (rest.status_code, rest.mimetype) == (500, "application/problem+json")
    assert rest.get_json()["code"] == admin.get_json()["error"]["code"] == "internal_error"
    assert admin.status_code == 500
    assert capfd.readouterr().err.count("Traceback") == 2
