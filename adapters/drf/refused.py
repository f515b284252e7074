"""A refusal, in the form that Django REST framework answers by itself."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.request import Request

from torii_backend._guard.refusal import RefusalResponse


class Refused(APIException):
    """A request may not pass; its cause is the ToriiAuthError.

    An exception handler of the project's own may restyle it, like any APIException.

    Args:
        challenge: the answer.
        reason: becomes the code of its texts.
        request: the refused request.
    """

    def __init__(self, challenge: RefusalResponse, reason: str, request: Request) -> None:
        super().__init__(code=reason)
        self.status_code: int = challenge.status
        self.detail: Any = _coded(challenge.document, reason)
        view = (request.parser_context or {}).get("view")
        # These reach the answer whatever handles the exception. The renderer chooses the type.
        headers: dict[str, str] = getattr(view, "headers", {})
        own = ("content-type", "content-length")
        headers.update(pair for pair in challenge.headers if pair[0].lower() not in own)


def _coded(value: Any, code: str) -> Any:
    """Turn the texts in a document into what REST framework calls details of an error."""
    if isinstance(value, dict):
        return {name: _coded(member, code) for name, member in value.items()}
    if isinstance(value, list):
        return [_coded(member, code) for member in value]
    return ErrorDetail(value, code) if isinstance(value, str) else value
