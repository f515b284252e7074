"""What an `on_error` answers, in the form of Django REST framework."""

from __future__ import annotations

from typing import Any

import pytest

from torii_backend._guard.refusal import RefusalResponse
from torii_backend.drf import RequirePolicy

from .drf_views import answer_to, permitting
from .messages import Request


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'{"left":3,"of":["ten"]}', {"left": 3, "of": ["ten"]}),
        (b'"closed"', {"detail": "closed"}),
        (b"plain text", {"detail": "plain text"}),
        (b'"\xff"', {"detail": '"\ufffd"'}),
        (b"", {"detail": ""}),
    ],
)
def test_a_replaced_answer_keeps_its_document(
    torii: dict[str, Any], body: bytes, document: object
) -> None:
    torii["ON_ERROR"] = lambda _: RefusalResponse(
        401, (("Content-Type", "application/json"),), body
    )
    response = answer_to(Request(), **permitting(RequirePolicy()))
    assert (response.status, response.json()) == (401, document)
