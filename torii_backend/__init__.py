"""Sign-in with Torii for Python backends: tokens, guards, the REST client, a local Torii.

PYTEST_DONT_REWRITE: pytest would warn if this is imported before it starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torii_backend._guard.authenticator import (
        Authenticator,
        authenticate_request,
        authenticate_request_async,
    )
    from torii_backend._guard.context import current_auth
    from torii_backend._guard.options import GuardOptions
    from torii_backend._guard.policy import Policy, PolicyOptions
    from torii_backend._guard.refusal import RefusalResponse
    from torii_backend._guard.request import IncomingRequest
    from torii_backend._guard.resource_metadata import ResourceMetadata
    from torii_backend._verify.verifier import Verifier
    from torii_backend._verify.verifier_pool import verify_token, verify_token_async
    from torii_backend.auth import Auth, ToriiAuth
    from torii_backend.client.client import (
        AsyncToriiClient,
        ToriiClient,
        create_async_torii_client,
        create_torii_client,
    )
    from torii_backend.client.inputs import ToriiUpdateUserInput
    from torii_backend.errors import (
        ConfigurationError,
        InboxUnavailable,
        InvalidRequest,
        InvalidToken,
        InvalidWebhook,
        KeysUnavailable,
        MissingCredentials,
        PermissionDenied,
        RevocationsUnavailable,
        ToriiApiError,
        ToriiAuthError,
        ToriiConnectionError,
        ToriiError,
        ToriiTimeout,
    )
    from torii_backend.events.dispatcher import Events
    from torii_backend.events.event import Event
    from torii_backend.events.inbox import MemoryInbox
    from torii_backend.events.webhook import verify_webhook
    from torii_backend.revocation.revocations import Revocations
    from torii_backend.settings import Issuer

    __version__: str

__all__ = [
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

_MODULES = {
    "AsyncToriiClient": "client",
    "Auth": "auth",
    "Authenticator": "_guard.authenticator",
    "Event": "events.event",
    "Events": "events.dispatcher",
    "GuardOptions": "_guard.options",
    "IncomingRequest": "_guard.request",
    "Issuer": "settings",
    "MemoryInbox": "events.inbox",
    "Policy": "_guard.policy",
    "PolicyOptions": "_guard.policy",
    "RefusalResponse": "_guard.refusal",
    "ResourceMetadata": "_guard.resource_metadata",
    "Revocations": "revocation.revocations",
    "ToriiAuth": "auth",
    "ToriiClient": "client",
    "ToriiUpdateUserInput": "client",
    "Verifier": "_verify.verifier",
    "__version__": "settings",
    "authenticate_request": "_guard.authenticator",
    "authenticate_request_async": "_guard.authenticator",
    "create_async_torii_client": "client",
    "create_torii_client": "client",
    "current_auth": "_guard.context",
    "verify_token": "_verify.verifier_pool",
    "verify_token_async": "_verify.verifier_pool",
    "verify_webhook": "events.webhook",
}


# Type checkers do not see it: they would take every misspelt name for a public one.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used, so that a process pays for nothing else."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = _module(_MODULES.get(name, "errors"))
        value = module.package_version() if name == "__version__" else getattr(module, name)
        globals()[name] = value
        return value

    def _module(path: str) -> Any:  # noqa: C901, PLR0912 (one step a module)
        """Import a module of this package. Nuitka and PyInstaller follow import statements only."""
        if path == "auth":
            from torii_backend import auth as module
        elif path == "client":
            from torii_backend import client as module
        elif path == "errors":
            from torii_backend import errors as module
        elif path == "settings":
            from torii_backend import settings as module
        elif path == "_guard.authenticator":
            from torii_backend._guard import authenticator as module
        elif path == "_guard.context":
            from torii_backend._guard import context as module
        elif path == "_guard.options":
            from torii_backend._guard import options as module
        elif path == "_guard.policy":
            from torii_backend._guard import policy as module
        elif path == "_guard.refusal":
            from torii_backend._guard import refusal as module
        elif path == "_guard.request":
            from torii_backend._guard import request as module
        elif path == "_guard.resource_metadata":
            from torii_backend._guard import resource_metadata as module
        elif path == "events.dispatcher":
            from torii_backend.events import dispatcher as module
        elif path == "events.event":
            from torii_backend.events import event as module
        elif path == "events.inbox":
            from torii_backend.events import inbox as module
        elif path == "events.webhook":
            from torii_backend.events import webhook as module
        elif path == "_verify.verifier":
            from torii_backend._verify import verifier as module
        elif path == "revocation.revocations":
            from torii_backend.revocation import revocations as module
        else:
            from torii_backend._verify import verifier_pool as module
        return module


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
