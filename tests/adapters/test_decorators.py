"""What the decorators of Flask and Django have in common."""

from __future__ import annotations

from typing import Any

import pytest

from torii_backend import django, flask


@pytest.mark.parametrize(
    "decorator",
    [flask.require_auth, flask.optional_auth, django.require_auth, django.optional_auth],
)
def test_an_issuer_is_passed_by_name(decorator: Any) -> None:
    with pytest.raises(TypeError, match="options by name, such as issuer="):
        decorator("https://acme.torii.so")
