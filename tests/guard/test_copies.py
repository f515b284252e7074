"""Guards can be deep-copied, as tools that derive one application from another do."""

from __future__ import annotations

import copy
import pickle
from importlib import import_module
from typing import Any

import pytest

from torii_backend import Authenticator, Policy, Verifier

ISSUER = "https://acme.example"
POLICY = Policy(role="admin", organization="org_1", check=bool)


def app(*_: Any) -> Any: ...


GUARDS: list[tuple[str, str, tuple[Any, ...]]] = [
    ("asgi", "AuthMiddleware", (app,)),
    ("wsgi", "AuthMiddleware", (app,)),
    ("flask", "Torii", ()),
    ("flask", "require_auth", ()),
    ("fastapi", "require_auth", ()),
    ("fastapi", "optional_auth", ()),
    ("ninja", "ToriiBearer", ()),
]


@pytest.mark.parametrize(("module", "name", "given"), GUARDS)
@pytest.mark.parametrize("shared", [True, False])
def test_a_guard_can_be_copied(module: str, name: str, given: Any, shared: bool) -> None:
    if module == "ninja":
        # django-ninja reads Django's settings on import.
        pytest.importorskip("django")
        import_module("tests.adapters.django_project")
    pytest.importorskip(module if module in ("flask", "fastapi", "ninja") else "torii_backend")
    make = getattr(import_module(f"torii_backend.{module}"), name)
    trusted: Any = {"verifier": Verifier(ISSUER)} if shared else {"issuer": ISSUER}
    guard = make(*given, **trusted, policy=POLICY, exempt=["/health", lambda path: path == "/x"])
    for through in (copy.copy, copy.deepcopy):
        assert type(through(guard)) is type(guard)
    if module == "fastapi":
        # FastAPI knows a dependency, and what overrides it in tests, by identity.
        assert copy.deepcopy({"guard": guard})["guard"] is guard


def test_a_copy_shares_keys_and_conditions() -> None:
    verifier = Verifier(ISSUER)
    for one in (verifier, Authenticator(verifier=verifier), POLICY):
        assert copy.deepcopy([one])[0] is one
        assert copy.copy(one) is one


def test_a_verifier_of_your_own_is_not_pickled_without_its_checks() -> None:
    class Stricter(Verifier):
        pass

    with pytest.raises(TypeError, match="__reduce__"):
        pickle.dumps(Stricter("https://acme.torii.so"))
