"""The public names of the package."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from inspect import isfunction
from pathlib import Path
from types import ModuleType

import pytest
from django.conf import settings

import torii_backend
import torii_backend.client
from tests.installed import is_left_out

ALIASES = {
    "ToriiAuth": "Auth",
    "ToriiUpdateUserInput": "UpdateUser",
    "create_async_torii_client": "AsyncToriiClient",
    "create_torii_client": "ToriiClient",
}
ADAPTERS = [
    "asgi",
    "django",
    "drf",
    "fastapi",
    "fastmcp",
    "flask",
    "mcp",
    "ninja",
    "observing",
    "otel",
    "wsgi",
]
NEEDS = {"drf": "rest_framework", "ninja": "ninja", "otel": "opentelemetry"}


def test_the_public_names_are_these() -> None:
    assert torii_backend.__all__ == [
        "AsyncToriiClient",
        "Auth",
        "Authenticator",
        "ConfigurationError",
        "Event",
        "Events",
        "GuardOptions",
        "InboxUnavailable",
        "IncomingRequest",
        "InvalidRequest",
        "InvalidToken",
        "InvalidWebhook",
        "Issuer",
        "KeysUnavailable",
        "MemoryInbox",
        "MissingCredentials",
        "PermissionDenied",
        "Policy",
        "PolicyOptions",
        "RefusalResponse",
        "ResourceMetadata",
        "Revocations",
        "RevocationsUnavailable",
        "ToriiApiError",
        "ToriiAuth",
        "ToriiAuthError",
        "ToriiClient",
        "ToriiConnectionError",
        "ToriiError",
        "ToriiTimeout",
        "ToriiUpdateUserInput",
        "Verifier",
        "__version__",
        "authenticate_request",
        "authenticate_request_async",
        "create_async_torii_client",
        "create_torii_client",
        "current_auth",
        "verify_token",
        "verify_token_async",
        "verify_webhook",
    ]


def test_the_public_names_are_sorted() -> None:
    assert torii_backend.__all__ == sorted(torii_backend.__all__)


@pytest.mark.parametrize("name", torii_backend.__all__)
def test_a_public_name_resolves(name: str) -> None:
    value = getattr(torii_backend, name)
    if isinstance(value, type) or isfunction(value):
        assert value.__name__ == ALIASES.get(name, name)


class _AsFreezersRead(ast.NodeTransformer):
    """What Nuitka and PyInstaller follow: import statements, but not those for type checkers."""

    def __init__(self) -> None:
        self.modules: set[str] = set()

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) != "TYPE_CHECKING":
            self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.modules |= {f"{node.module}.{alias.name}" for alias in node.names}


@pytest.mark.parametrize("package", [torii_backend, torii_backend.client])
def test_freezers_find_the_module_of_every_public_name(package: ModuleType) -> None:
    source = Path(str(package.__file__)).read_text("utf-8")
    reader = _AsFreezersRead()
    reader.visit(ast.parse(source))
    needed = {package._MODULES.get(name, "errors") for name in package.__all__}
    assert reader.modules == {f"{package.__name__}.{path}" for path in needed}.union(
        {"__future__.annotations", "typing.TYPE_CHECKING", "typing.Any"}
    )
    assert "import_module" not in source


def test_dir_shows_the_public_names() -> None:
    assert set(torii_backend.__all__) <= set(dir(torii_backend))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'torii_backend' has no attribute 'verify'"):
        _ = torii_backend.verify  # type: ignore[attr-defined]


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_the_names_of_an_adapter_are_sorted_and_resolve(adapter: str) -> None:
    if is_left_out(NEEDS.get(adapter, adapter)):
        pytest.skip("for `tox -e frameworks`")
    if not settings.configured:
        settings.configure()  # django-ninja reads them when it is imported
    module = import_module(f"torii_backend.{adapter}")
    assert module.__all__ == sorted(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)


def test_an_adapter_does_not_hide_its_framework(root: Path) -> None:
    program = "import django, flask; print(django.__file__, flask.__file__, sep='\\n')"
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    files = [Path(line) for line in printed.splitlines()]
    assert [file.parent.name for file in files] == ["django", "flask"]
    assert all("site-packages" in file.parts for file in files)
