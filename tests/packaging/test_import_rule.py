"""Which room may import which: the rule in five lines of ARCHITECTURE.md, held over every import there is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

Edge = tuple[str, str]

ROOT = Path(__file__).parents[2]
DOOR = "torii_backend"
GROUND = {"_version", "auth", "errors", "observing", "plain_http", "settings"}
CORE = ["_jose", "_keys", "_verify", "_guard"]
FEATURES = {"events", "proxy", "revocation"}
BESIDE = {"client", *FEATURES}
TOP = ["emulator", "testing", "cli", "__main__"]

# What each adapter adapts: nothing else imports these packages.
ADAPTED: dict[str, set[str]] = {
    "asgi": set(),
    "django": {"django"},
    "drf": {"django", "drf_spectacular", "rest_framework"},
    "fastapi": {"fastapi", "starlette"},
    "fastmcp": {"fastmcp", "mcp"},
    "flask": {"flask"},
    "mcp": {"mcp"},
    "ninja": {"django", "ninja"},
    "otel": {"opentelemetry"},
    "wsgi": set(),
}
# A module of a feature that has the name of a store uses its client.
STORES = {"redis", "sqlalchemy"}
PRODUCTS = STORES.union(*ADAPTED.values())
# What does I/O or starts threads.
IO = {
    "asyncio",
    "concurrent",
    "http",
    "requests",
    "select",
    "socket",
    "ssl",
    "threading",
    "urllib3",
}

BELOW: dict[str, set[str]] = {
    DOOR: {*GROUND, *CORE, *BESIDE, *ADAPTED},
    **dict.fromkeys(GROUND, GROUND),
    **{name: {*GROUND, *CORE[:index]} for index, name in enumerate(CORE)},
    **{name: {*GROUND, *CORE} for name in BESIDE},
    **{name: {*GROUND, "_guard", "events", "proxy"} for name in ADAPTED},
    **{
        name: {DOOR, *GROUND, *CORE, *BESIDE, *ADAPTED, *TOP[:index]}
        for index, name in enumerate(TOP)
    },
}
BELOW["drf"] |= {"django"}
BELOW["ninja"] |= {"django"}
BELOW["fastmcp"] |= {"mcp"}


def room(module: str) -> str:
    """Name the room of a module of ours; what belongs to none is the door's."""
    part = f"{module}.".split(".")[1]
    return part if part in BELOW else DOOR


def may_import(source: str, target: str) -> bool:
    """Return whether one module may import another, or a package that isn't ours."""
    own, package = room(source), target.partition(".")[0]
    if package == DOOR:
        # FastAPI's receiver of webhooks is that of ASGI.
        received = own == "fastapi" and f"{target}.".startswith(f"{DOOR}.asgi.events.")
        event = own == "revocation" and f"{target}.".startswith(f"{DOOR}.events.event.")
        # A command of manage.py is a front end of `cli`, and nothing imports it either.
        front = source.startswith(f"{DOOR}.django.management.") and room(target) == "cli"
        return room(target) in {own, *BELOW[own]} or event or front or received
    # It drops the body of a refused request, which is with the server.
    drops = source == f"{DOOR}._guard.upload"
    if own in {"_jose", "_verify", "_guard"} and package in IO and not drops:
        return False
    if package in STORES and own in FEATURES:
        return source.rpartition(".")[2] == package
    return own in TOP or package in ADAPTED.get(own, set()) or package not in PRODUCTS


def against_the_rule(edges: set[Edge]) -> set[Edge]:
    """Give the imports that break the rule."""
    broken = {edge for edge in edges if not may_import(*edge)}
    for name in BESIDE:
        down = {edge for edge in edges if room(edge[0]) == name and room(edge[1]) in CORE}
        if len({room(target) for _, target in down}) > 1:
            broken |= down
    return broken


def imports(tree: ast.AST, module: str, package: str) -> Iterator[Edge]:
    """Give what a module imports: at its top, in functions, and of our own for type checkers, too."""
    guards = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    typing = [node for node in guards if ast.unparse(node.test) == "TYPE_CHECKING"]
    types = {inner for node in typing for part in node.body for inner in ast.walk(part)}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            names = [f"{origin}.{alias.name}" for alias in node.names]
        # To name a foreign type opens no connection.
        yield from ((module, name) for name in names if node not in types or _is_ours(name))


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == DOOR


def _modules() -> Iterator[tuple[str, str, Path]]:
    """Give each module, its package and its file; links lead to what is found without them."""
    for folder in (DOOR, "adapters"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = [DOOR, *path.relative_to(ROOT).with_suffix("").parts[1:]]
            if not any(parent.is_symlink() for parent in path.parents):
                package = parts[:-1]
                name = package if parts[-1] == "__init__" else parts
                yield ".".join(name), ".".join(package), path


EDGES = {
    edge
    for module, package, path in _modules()
    for edge in imports(ast.parse(path.read_text("utf-8")), module, package)
}


def test_every_module_has_its_room() -> None:
    assert {name.split(".")[1] for name, _, _ in _modules() if name != DOOR} <= BELOW.keys()


def test_no_import_is_against_the_rule() -> None:
    assert against_the_rule(EDGES) == set()


PLANTED = {
    "line 1: ground imports ground alone": [
        "errors imports torii_backend._guard.policy",
        "auth imports torii_backend.client.models",
        "settings imports torii_backend.Verifier",
    ],
    "line 2: the core imports what is left of it": [
        "_jose.jws imports torii_backend._keys.fetch",
        "_keys.keystore imports torii_backend._verify.verifier",
        "_verify.verifier imports torii_backend._guard.bearer",
        "_guard.context imports torii_backend.client.models",
        "_guard.context imports torii_backend.flask.guard",
        "_guard.context imports flask",
    ],
    "line 2: only _keys does I/O or starts threads": [
        "_jose.jwks imports requests",
        "_verify.verifier imports threading.Thread",
        "_verify.token_cache imports asyncio",
        "_guard.policy imports concurrent.futures.ThreadPoolExecutor",
    ],
    "line 3: what stands beside imports one room at most, and not its neighbours": [
        "client.users imports torii_backend.events.inbox",
        "events.event imports torii_backend.revocation.table",
        "revocation.log imports torii_backend.events.inbox",
        "proxy.target imports torii_backend.wsgi",
        "events.inbox imports redis.Redis",
        "events.redis imports sqlalchemy.Engine",
    ],
    "line 4: an adapter imports ground, _guard, its product and its feature": [
        "wsgi imports torii_backend._jose.jws",
        "asgi.expiry imports torii_backend._keys.keystore",
        "flask.guard imports torii_backend._verify.verifier",
        "flask.guard imports torii_backend.django.guard",
        "flask.guard imports django.http.HttpRequest",
        "flask.guard imports torii_backend.revocation.table",
        "fastapi.dependency imports torii_backend.asgi.middleware",
        "drf.user imports torii_backend.ninja.bearer",
    ],
    "line 5: nothing imports what sits on top, but what sits higher": [
        "emulator.tokens imports torii_backend.testing.auth_as",
        "testing.plugin imports torii_backend.cli.main",
        " imports torii_backend.emulator.Emulator",
        "_keys.fetch imports torii_backend.emulator.keys",
        "client.client imports torii_backend.testing",
        "flask.extension imports torii_backend.cli.main",
        "django.checks imports torii_backend.cli.doctor.checks",
        "django.management.commands.torii_routes imports torii_backend.testing.routes",
    ],
}


@pytest.mark.parametrize("planted", [edge for line in PLANTED.values() for edge in line])
def test_an_import_against_the_rule_is_found(planted: str) -> None:
    source, _, target = planted.partition(" imports ")
    edge = (f"{DOOR}.{source}", target)
    assert against_the_rule({*EDGES, edge}) == {edge}


def test_two_rooms_of_the_core_are_one_too_many() -> None:
    edges = {("torii_backend.proxy.target", f"torii_backend.{name}.x") for name in CORE[2:]}
    assert against_the_rule(edges) == edges
    assert against_the_rule({edges.pop()}) == set()


ALLOWED = [
    "revocation.log imports torii_backend.events.event.Event",
    "drf.user imports torii_backend.django.guard",
    "events.redis imports redis.Redis",
    "revocation.redis imports redis",
    "flask.events imports torii_backend.events.receiver",
    "cli.routes imports torii_backend.flask.routes",
    "django.management.commands.torii_doctor imports torii_backend.cli.doctor.checks",
]


@pytest.mark.parametrize("edge", ALLOWED)
def test_what_the_rule_allows(edge: str) -> None:
    source, _, target = edge.partition(" imports ")
    assert may_import(f"{DOOR}.{source}", target)


def test_imports_are_found_wherever_they_are() -> None:
    source = """
import a.b
if TYPE_CHECKING:
    import requests
    from torii_backend import Auth
def f():
    from .c import d
    from ..e import f as g
"""
    assert set(imports(ast.parse(source), "torii_backend.x.y", "torii_backend.x")) == {
        ("torii_backend.x.y", name)
        for name in ("a.b", "torii_backend.Auth", "torii_backend.x.c.d", "torii_backend.e.f")
    }
