"""`help()`, completion and `get_type_hints()` show the keywords of Django's guards."""

from __future__ import annotations

import pydoc
from importlib import import_module
from inspect import signature
from typing import Any, get_type_hints

import pytest

from torii_backend import GuardOptions, PolicyOptions

ALL = frozenset(GuardOptions.__annotations__)
# Guards by module, name, what must be installed, and the keywords.
GUARDS = [
    ("torii_backend.django", "require_auth", "django", ALL),
    ("torii_backend.django", "optional_auth", "django", ALL - {"required"}),
    ("torii_backend.ninja", "ToriiBearer", "ninja", ALL),
    (
        "torii_backend.drf",
        "RequirePolicy",
        "rest_framework",
        frozenset(PolicyOptions.__annotations__),
    ),
]


@pytest.mark.parametrize(("module", "name", "needed", "keywords"), GUARDS)
def test_tools_show_every_keyword(
    module: str, name: str, needed: str, keywords: frozenset[str]
) -> None:
    pytest.importorskip(needed)
    guard: Any = getattr(import_module(module), name)
    function: Any = vars(guard)["__init__"] if isinstance(guard, type) else guard
    parameters = signature(guard).parameters
    shown = [each.name for each in parameters.values() if each.kind is each.KEYWORD_ONLY]
    assert set(shown) == keywords
    assert shown[0] == ("issuer" if "issuer" in keywords else "email_verified")
    hints = get_type_hints(function)
    assert hints.keys() >= keywords
    assert not hints.keys() & {"options", "keywords"}
    assert "email_verified: bool = False" in pydoc.plain(pydoc.render_doc(guard))


@pytest.mark.parametrize(("module", "name", "needed", "keywords"), GUARDS)
@pytest.mark.parametrize("runs", [False, True])
def test_an_editor_completes_every_keyword(
    module: str, name: str, needed: str, keywords: frozenset[str], jedi: Any, *, runs: bool
) -> None:
    """Of source code, and of live objects as in IPython."""
    pytest.importorskip(needed)
    line = f"{name}("
    if runs:
        found = jedi.Interpreter(line, [vars(import_module(module))]).complete(1, len(line))
    else:
        found = jedi.Script(f"from {module} import {name}\n{line}").complete(2, len(line))
    assert {each.name[:-1] for each in found if each.name.endswith("=")} >= keywords
