"""What the tests run against where it is installed beyond a plain run: frameworks, servers, stores, queues."""

from __future__ import annotations

import os
from importlib.util import find_spec

FRAMEWORKS = (
    "bottle",
    "drf_spectacular",
    "falcon",
    "flask_login",
    "flask_restx",
    "flask_smorest",
    "flask_socketio",
    "gevent",
    "jedi",
    "litestar",
    "ninja",
    "opentelemetry",
    "prometheus_client",
    "pyramid",
    "quart",
    "rest_framework",
    "sqlalchemy",
    "structlog",
)
MCP = ("fastmcp", "mcp")
QUEUES = ("arq", "celery", "dramatiq", "rq")
STORES = ("psycopg", "redis")
SERVERS = ("daphne", "gunicorn", "hypercorn", "uvicorn", "uvicorn_worker", "waitress")


def is_left_out(module: str) -> bool:
    """Return whether what needs a module is left out, because this run does without it.

    Where `tox run` asks for all of a kind by its environment, such as `servers`, nothing is.
    """
    name = module.partition(".")[0]
    return (
        (name in FRAMEWORKS and "TORII_TESTS_NEED_FRAMEWORKS" not in os.environ)
        or (name in MCP and "TORII_TESTS_NEED_MCP" not in os.environ)
        or (name in QUEUES and "TORII_TESTS_NEED_QUEUES" not in os.environ)
        or (name in STORES and "TORII_TESTS_NEED_REDIS" not in os.environ)
        or (name in SERVERS and "TORII_TESTS_NEED_SERVERS" not in os.environ)
    ) and not _is_found(module)


def _is_found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # what it is in
        return False
