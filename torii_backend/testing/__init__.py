"""Test a guarded app: sign a user in with one line, and see which routes are open.

    with auth_as("user_ada", role="admin"):
        assert client.get("/invoices").status_code == 200

Nothing here works if the environment has a live secret key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torii_backend.testing.identity import make_auth
    from torii_backend.testing.routes import assert_guarded
    from torii_backend.testing.sign_in import AuthBlock, auth_as, refused, signed_out
    from torii_backend.testing.torii_fixture import ToriiFixture

__all__ = [
    "AuthBlock",
    "ToriiFixture",
    "assert_guarded",
    "auth_as",
    "make_auth",
    "refused",
    "signed_out",
]


# Type checkers do not see it: they would take every misspelt name for a public one.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used: pytest imports this package in every run."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name == "make_auth":
            from torii_backend.testing import identity as module
        elif name == "ToriiFixture":
            from torii_backend.testing import torii_fixture as module
        elif name == "assert_guarded":
            from torii_backend.testing import routes as module
        else:
            from torii_backend.testing import sign_in as module
        globals()[name] = value = getattr(module, name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
