"""The client of Torii's REST API: users, sessions, organizations, invitations and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torii_backend.client._transport.response import ApiResponse
    from torii_backend.client.client import (
        AsyncToriiClient,
        ToriiClient,
        create_async_torii_client,
        create_torii_client,
    )
    from torii_backend.client.errors import (
        BadRequest,
        Conflict,
        Forbidden,
        InvalidResponse,
        NotFound,
        PaymentRequired,
        RateLimited,
        ServerError,
        Unauthorized,
    )
    from torii_backend.client.inputs import ToriiUpdateUserInput
    from torii_backend.client.models import (
        AllowedOrigins,
        ImpersonationToken,
        Invitation,
        InvitationDetail,
        Organization,
        OrganizationMember,
        Page,
        Session,
        User,
        UserOrganization,
    )
    from torii_backend.client.paging import AsyncPageIterator, PageIterator

__all__ = [
    "AllowedOrigins",
    "ApiResponse",
    "AsyncPageIterator",
    "AsyncToriiClient",
    "BadRequest",
    "Conflict",
    "Forbidden",
    "ImpersonationToken",
    "InvalidResponse",
    "Invitation",
    "InvitationDetail",
    "NotFound",
    "Organization",
    "OrganizationMember",
    "Page",
    "PageIterator",
    "PaymentRequired",
    "RateLimited",
    "ServerError",
    "Session",
    "ToriiClient",
    "ToriiUpdateUserInput",
    "Unauthorized",
    "User",
    "UserOrganization",
    "create_async_torii_client",
    "create_torii_client",
]

# Names of other modules than `errors`.
_MODULES = {
    "ApiResponse": "_transport.response",
    "AsyncPageIterator": "paging",
    "AsyncToriiClient": "client",
    "PageIterator": "paging",
    "ToriiClient": "client",
    "ToriiUpdateUserInput": "inputs",
    "create_async_torii_client": "client",
    "create_torii_client": "client",
    **dict.fromkeys(
        (
            "AllowedOrigins",
            "ImpersonationToken",
            "Invitation",
            "InvitationDetail",
            "Organization",
            "OrganizationMember",
            "Page",
            "Session",
            "User",
            "UserOrganization",
        ),
        "models",
    ),
}


# As in the package itself: the emulator needs the models, and not an HTTP library.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(_module(_MODULES.get(name, "errors")), name)
        return value

    def _module(path: str) -> Any:
        """Import a module of this package. Nuitka and PyInstaller follow import statements only."""
        if path == "client":
            from torii_backend.client import client as module
        elif path == "errors":
            from torii_backend.client import errors as module
        elif path == "inputs":
            from torii_backend.client import inputs as module
        elif path == "models":
            from torii_backend.client import models as module
        elif path == "paging":
            from torii_backend.client import paging as module
        else:
            from torii_backend.client._transport import response as module
        return module


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
