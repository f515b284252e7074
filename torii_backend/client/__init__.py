"""The client of Torii's REST API: users, sessions, organizations, invitations and the rest."""

from __future__ import annotations

from torii_backend.client._transport.response import ApiResponse
from torii_backend.client.client import (
    AsyncToriiClient,
    ToriiClient,
    create_async_torii_client,
    create_torii_client,
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

__all__ = [
    "AllowedOrigins",
    "ApiResponse",
    "AsyncToriiClient",
    "ImpersonationToken",
    "Invitation",
    "InvitationDetail",
    "Organization",
    "OrganizationMember",
    "Page",
    "Session",
    "ToriiClient",
    "ToriiUpdateUserInput",
    "User",
    "UserOrganization",
    "create_async_torii_client",
    "create_torii_client",
]
