"""Files of the package that browsers load, such as stylesheets."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from werkzeug.wrappers import Response

from torii_backend.emulator.pages.page import secured

_CONTENT_TYPES = {"css": "text/css", "html": "text/html", "js": "text/javascript"}


def static_file(package: str, name: str) -> Response:
    """Return a file of a package."""
    content_type = f"{_CONTENT_TYPES[name.rpartition('.')[2]]}; charset=utf-8"
    return secured(Response(_read(package, name), content_type=content_type))


@cache
def _read(package: str, name: str) -> bytes:
    return (files(package) / name).read_bytes()
