"""A refusal as an exception of Django REST framework."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.request import Request

from torii_backend._guard.refusal import RefusalResponse


class AuthAPIException(APIException):
    """The response to a refused request; the ToriiAuthError is its cause.

    The project's exception handler may change it, like any APIException. `reason` becomes the code
    of each string in `detail`.
    """

    def __init__(self, response: RefusalResponse, reason: str, request: Request) -> None:
        super().__init__(code=reason)
        self.status_code: int = response.status
        self.detail: Any = _with_code(response.document, reason)
        view = (request.parser_context or {}).get("view")
        # REST framework sends the view's headers with every response. Its renderer sets the type.
        headers: dict[str, str] = getattr(view, "headers", {})
        set_by_renderer = ("content-type", "content-length")
        varies = headers.pop("Vary", "")
        headers.update(pair for pair in response.headers if pair[0].lower() not in set_by_renderer)
        add_to_vary(headers, map(str.strip, varies.split(",")))


def add_to_vary(headers: dict[str, str], names: Iterable[str]) -> None:
    """Add names to the `Vary` among the headers of a view, and keep those that are there."""
    present = [name.strip() for name in headers.get("Vary", "").split(",") if name.strip()]
    known = {name.lower() for name in present}
    present += [name for name in names if name and name.lower() not in known]
    if present:
        headers["Vary"] = ", ".join(present)


def _with_code(value: Any, code: str) -> Any:
    """Turn the strings of a JSON document into ErrorDetail."""
    if isinstance(value, dict):
        return {name: _with_code(member, code) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_code(member, code) for member in value]
    return ErrorDetail(value, code) if isinstance(value, str) else value
