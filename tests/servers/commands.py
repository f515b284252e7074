"""How each server is started."""

from __future__ import annotations

_WSGI = "{module}:wsgi"
_ASGI = "{module}:asgi"
_GUNICORN = ("gunicorn", "--bind", "127.0.0.1:{port}", "--limit-request-field_size", "65536")
_THREADS = "16"

SERVERS: dict[str, tuple[str, ...]] = {
    "daphne": ("daphne", "--bind", "127.0.0.1", "--port", "{port}", _ASGI),
    "gunicorn_gthread": (*_GUNICORN, "--worker-class", "gthread", "--threads", _THREADS, _WSGI),
    "gunicorn_sync": (*_GUNICORN, "--worker-class", "sync", _WSGI),
    "gunicorn_uvicorn": (*_GUNICORN, "--worker-class", "uvicorn_worker.UvicornWorker", _ASGI),
    "hypercorn": ("hypercorn", "--bind", "127.0.0.1:{port}", _ASGI),
    "uvicorn": ("uvicorn", "--port", "{port}", _ASGI),
    "waitress": ("waitress", "--listen", "127.0.0.1:{port}", "--threads", _THREADS, _WSGI),
}
"""By name: the module to run, and its arguments. `{module}` has the applications."""

NEEDS = {**{name: name.partition("_")[0] for name in SERVERS}, "gunicorn_uvicorn": "uvicorn_worker"}
"""By name: the module that has to be installed."""
