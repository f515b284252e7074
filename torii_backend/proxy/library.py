"""The HTTP library of the proxy: httpcore2, or httpcore, which has the same interface."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from torii_backend.errors import ConfigurationError
from torii_backend.proxy.exchange import current_exchange

if TYPE_CHECKING:
    import httpcore2 as httpcore
else:

    def _load(*names: str) -> Any:
        for name in names:
            try:
                return import_module(name)
            except ModuleNotFoundError as error:
                if error.name != name:
                    raise
        raise ConfigurationError(
            "ToriiProxy needs httpcore and anyio. Install them with: "
            "pip install 'torii-backend[proxy]'"
        )

    httpcore = _load("httpcore2", "httpcore")
    # httpcore imports it if it is there, and can't await anything without it.
    _load("anyio")

__all__ = ["httpcore"]


def _is_of_others(record: logging.LogRecord) -> bool:
    """Drop what httpcore logs of our requests at DEBUG: it shows the cookies of responses."""
    return current_exchange.get(None) is None


logging.getLogger(f"{httpcore.__name__}.http11").addFilter(_is_of_others)
