"""The refusals in the OpenAPI document."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from fastapi import FastAPI

from torii_backend.fastapi.dependency import SCHEME

_SCHEMA = {
    "title": "Refusal",
    "type": "object",
    "required": ["detail"],
    "properties": {
        "detail": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "reason": {"type": "string", "description": "Which condition refused."},
            },
        }
    },
}
_SCHEMA_NAME = "ToriiRefusal"


def describe_refusals(app: FastAPI) -> None:
    """Show the answers of the guards in the OpenAPI document, on each route that has one.

    FastAPI itself shows the bearer scheme and cannot be told about answers of a dependency. Routes
    that are added later are described as well; answers that a route describes itself stay.

    Args:
        app: the application; one that is mounted in it has a document of its own.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        guarded = [
            operation
            for path in document.get("paths", {}).values()
            for operation in path.values()
            if isinstance(operation, dict)
            and any(SCHEME in scheme for scheme in operation.get("security", ()))
        ]
        for operation in guarded:
            for status, response in _RESPONSES.items():
                operation["responses"].setdefault(status, deepcopy(response))
        if guarded:
            schemas = document["components"].setdefault("schemas", {})
            schemas.setdefault(_SCHEMA_NAME, deepcopy(_SCHEMA))
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _response(description: str, header: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{_SCHEMA_NAME}"}}
        },
        "headers": {header: {"schema": {"type": "string"}}},
    }


_RESPONSES = {
    "400": _response("The bearer credentials are malformed.", "WWW-Authenticate"),
    "401": _response("No access token, or one that is not accepted.", "WWW-Authenticate"),
    "403": _response("The signed-in user isn't allowed to do this.", "WWW-Authenticate"),
    "503": _response("The access token cannot be judged at the moment.", "Retry-After"),
}
