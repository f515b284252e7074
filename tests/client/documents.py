"""Documents as the API returns them, one for each record, with every field that is published."""

from __future__ import annotations

from typing import Any

TIMESTAMP = "2026-03-01T12:30:00Z"
LATER = "2026-03-01T12:45:00.250+02:00"

USER: dict[str, Any] = {
    "id": "0198a000-0000-7000-8000-000000000001",
    "environmentId": "0198a000-0000-7000-8000-0000000000ee",
    "status": "active",
    "createdAt": TIMESTAMP,
    "updatedAt": LATER,
    "publicMetadata": {"plan": "public-secret"},
    "privateMetadata": {"crm": "private-secret"},
    "unsafeMetadata": {"step": "unsafe-secret"},
    "name": "Ada Lovelace",
    "firstName": "Ada",
    "lastName": "Lovelace",
    "locale": "en",
    "email": "ada@example.com",
    "emailVerifiedAt": TIMESTAMP,
    "deletedAt": LATER,
}

SESSION: dict[str, Any] = {
    "id": "0198a000-0000-7000-8000-000000000051",
    "userId": USER["id"],
    "environmentId": USER["environmentId"],
    "createdAt": TIMESTAMP,
    "expiresAt": LATER,
    "lastUsedAt": TIMESTAMP,
    "userAgent": "Netscape/4.8",
    "ipAddress": "203.0.113.9",
    "activeOrganizationId": "0198a000-0000-7000-8000-0000000000aa",
    "impersonatedBy": "0198a000-0000-7000-8000-000000000009",
}

ORGANIZATION: dict[str, Any] = {
    "id": "0198a000-0000-7000-8000-0000000000aa",
    "name": "Analytical Engines",
    "createdAt": TIMESTAMP,
    "publicMetadata": {"plan": "public-secret"},
    "privateMetadata": {"crm": "private-secret"},
    "slug": "engines",
    "roleSetId": "0198a000-0000-7000-8000-0000000000bb",
}

MEMBER: dict[str, Any] = {
    "organizationId": ORGANIZATION["id"],
    "userId": USER["id"],
    "role": "admin",
    "joinedAt": TIMESTAMP,
    "publicMetadata": {"desk": "public-secret"},
    "privateMetadata": {"salary": "private-secret"},
    "roleName": "Administrator",
}

USER_ORGANIZATION: dict[str, Any] = {
    "organizationId": ORGANIZATION["id"],
    "name": "Analytical Engines",
    "role": "admin",
    "joinedAt": TIMESTAMP,
    "publicMetadata": {"desk": "public-secret"},
    "privateMetadata": {"salary": "private-secret"},
    "slug": "engines",
    "roleName": "Administrator",
}

INVITATION: dict[str, Any] = {
    "id": "0198a000-0000-7000-8000-000000000071",
    "environmentId": USER["environmentId"],
    "email": "ada@example.com",
    "status": "PENDING",
    "expiresAt": LATER,
    "createdAt": TIMESTAMP,
    "acceptedAt": TIMESTAMP,
    "revokedAt": LATER,
}

INVITATION_DETAIL: dict[str, Any] = {
    **INVITATION,
    "publicMetadata": {"plan": "public-secret"},
    "privateMetadata": {"batch": "private-secret"},
}

IMPERSONATION_TOKEN: dict[str, Any] = {
    "token": "one-time-token",
    "expiresInSeconds": 600,
    "url": "https://acme.torii.so/land?token=one-time-token",
}

ORIGINS: dict[str, Any] = {"origins": ["capacitor://localhost"]}
