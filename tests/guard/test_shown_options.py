"""`help()`, completion and `get_type_hints()` show the keywords of every guard."""

from __future__ import annotations

import pydoc
from collections.abc import Callable
from importlib import import_module
from inspect import Parameter, signature
from typing import Any, get_type_hints

import pytest

from torii_backend import Authenticator, GuardOptions, Policy, PolicyOptions
from torii_backend._guard.options import CheckedOptions, checked_options

ASGI = {
    "query_parameter": None,
    "query_parameter_paths": (),
    "allowed_origins": None,
    "close_on_expiry": False,
    "close_on_revocation": False,
    "first_message": None,
}
# Guards by module and name, with the keywords that they take besides those of every guard.
GUARDS: list[tuple[str, str, dict[str, Any]]] = [
    ("torii_backend", "Authenticator", {}),
    ("torii_backend.wsgi", "AuthMiddleware", {}),
    ("torii_backend.asgi", "AuthMiddleware", ASGI),
    ("torii_backend.flask", "Torii", {}),
    ("torii_backend.flask", "Torii.guard", {}),
    ("torii_backend.flask", "require_auth", {}),
    ("torii_backend.fastapi", "require_auth", {}),
]
guards = pytest.mark.parametrize(("module", "name", "more"), GUARDS)


def guard_of(module: str, name: str) -> Any:
    framework = module.rpartition(".")[2]
    if framework in ("flask", "fastapi"):
        pytest.importorskip(framework)
    found: Any = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def keywords_of(function: Callable[..., Any]) -> dict[str, Parameter]:
    parameters = signature(function).parameters
    return {name: each for name, each in parameters.items() if each.kind is each.KEYWORD_ONLY}


@guards
def test_the_signature_names_every_keyword_and_issuer_first(
    module: str, name: str, more: Any
) -> None:
    keywords = keywords_of(guard_of(module, name))
    assert next(iter(keywords)) == "issuer"
    assert keywords.keys() == GuardOptions.__annotations__.keys() | more.keys()
    for keyword, default in {"issuer": None, "required": True, "leeway": 30.0, **more}.items():
        assert keywords[keyword].default == default


@guards
def test_the_types_of_every_keyword_can_be_resolved(module: str, name: str, more: Any) -> None:
    guard = guard_of(module, name)
    function: Any = vars(guard)["__init__"] if isinstance(guard, type) else guard
    hints = get_type_hints(function)
    assert hints.keys() > GuardOptions.__annotations__.keys() | more.keys()
    assert "options" not in hints
    for keyword, hint in get_type_hints(GuardOptions).items():
        assert hints[keyword] == hint


@guards
def test_help_shows_the_keywords_and_their_defaults(module: str, name: str, more: Any) -> None:
    shown = pydoc.plain(pydoc.render_doc(guard_of(module, name)))
    assert "leeway: float = 30.0" in shown
    assert "header: str = 'authorization'" in shown
    assert all(keyword in shown for keyword in more)


def completed(jedi: Any, module: str, name: str, *, runs: bool) -> list[str]:
    """List the keywords that jedi offers, of source code or, as IPython does, of live objects."""
    imported, *_ = name.split(".")
    lines = [f"from {module} import {imported}", f"{name}("]
    if name == "Torii.guard":
        lines[1] = "Torii().guard("
    if runs:
        scope: dict[str, Any] = {}
        exec(lines[0], scope)  # noqa: S102
        script = jedi.Interpreter(lines[1], [scope])
        found = script.complete(1, len(lines[1]))
    else:
        script = jedi.Script("\n".join(lines))
        found = script.complete(2, len(lines[1]))
    return [each.name[:-1] for each in found if each.name.endswith("=")]


@pytest.mark.parametrize("runs", [False, True])
@guards
def test_an_editor_completes_every_keyword(
    module: str, name: str, more: Any, jedi: Any, *, runs: bool
) -> None:
    guard_of(module, name)
    offered = completed(jedi, module, name, runs=runs)
    assert set(offered) >= GuardOptions.__annotations__.keys() | more.keys()


def test_what_is_shown_is_what_is_checked() -> None:
    """The types that checkers read and the parameters that are checked name the same keywords."""
    checked = keywords_of(CheckedOptions).keys() | PolicyOptions.__annotations__.keys()
    assert checked == GuardOptions.__annotations__.keys()
    assert keywords_of(Policy).keys() == PolicyOptions.__annotations__.keys()
    defaults = {name: each.default for name, each in keywords_of(Authenticator).items()}
    assert vars(checked_options(**defaults)).keys() <= defaults.keys()
