"""The client of Torii's REST API: users, sessions, organizations, invitations and the rest."""

from __future__ import annotations

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
