"""A client of the REST API and of the admin API, over plain HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Optional
from urllib.parse import urlencode
from uuid import uuid4

from tests.emulator.conftest import Response, Wire

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator

PREFIX = "/api/server/v1"
NO_BODY = object()


class Api:
    """What a backend with the secret key of one environment sees."""

    def __init__(self, origin: str, environment_id: str, secret_key: str) -> None:
        self.wire = Wire(origin)
        self.environment_id = environment_id
        self.secret_key = secret_key

    def request(self, method: str, path: str, document: Any = NO_BODY, **query: Any) -> Response:
        """Send a request below `/api/server/v1`; a list in the query repeats its name."""
        headers = {"Authorization": f"Bearer {self.secret_key}"}
        target = PREFIX + path + ("?" + urlencode(query, doseq=True) if query else "")
        if document is NO_BODY:
            return self.wire.send(method, target, None, headers)
        headers["Content-Type"] = "application/json"
        return self.wire.send(method, target, json.dumps(document), headers)

    def ok(self, method: str, path: str, document: Any = NO_BODY, **query: Any) -> Any:
        """Send a request that must succeed with a document. Return the document."""
        response = self.request(method, path, document, **query)
        assert response.status in {200, 201}, response
        assert response.headers.get_content_type() == "application/json"
        return response.json()

    def done(self, method: str, path: str) -> None:
        """Send a request that must succeed without a body."""
        response = self.request(method, path)
        assert (response.status, response.body) == (204, b"")

    def error(
        self, status: int, method: str, path: str, document: Any = NO_BODY, **query: Any
    ) -> Any:
        """Send a request that must fail with this status. Return the problem."""
        response = self.request(method, path, document, **query)
        assert response.status == status, response
        return problem(response)

    def user(self, **members: Any) -> Any:
        """Create a user, by default without anything."""
        return self.ok("POST", "/users", members)

    def read(self, user_id: str) -> Any:
        return self.ok("GET", f"/users/{user_id}")

    def search(self, filters: Any = NO_BODY, **query: Any) -> Any:
        """Return one page of users."""
        return self.ok("POST", "/users/search", filters, **query)

    def found(self, **filters: Any) -> set[str]:
        """Return the ids of all users that a search finds."""
        pages = self.pages("POST", "/users/search", filters, limit=100)
        return {user["id"] for page in pages for user in page["items"]}

    def pages(self, method: str, path: str, document: Any = NO_BODY, **query: Any) -> Iterator[Any]:
        """Walk through all pages, with the same filters each time."""
        page = self.ok(method, path, document, **query)
        yield page
        while page["hasMore"]:
            page = self.ok(method, path, document, **query, cursor=page["nextCursor"])
            yield page

    def invite(self, email: Optional[str] = None, **members: Any) -> Any:
        """Create an invitation, by default of an unused address."""
        body = {
            "email": email or f"{uuid4()}@example.com",
            "publicMetadata": {},
            "privateMetadata": {},
            **members,
        }
        return self.ok("POST", "/invitations", body)

    def admin(self, path: str, document: Any = None) -> Any:
        """Send a request to the admin API that must succeed. Return the document."""
        response = self.wire.post("/_emulator" + path, document)
        assert response.status in {200, 201}, response
        return response.json()

    def organization(self, name: str = "Acme", **members: Any) -> Any:
        """Make an organization in this environment."""
        members.setdefault("environmentId", self.environment_id)
        return self.admin("/organizations", {"name": name, **members})

    def join(self, organization_id: str, user_id: str, role: str = "member") -> Any:
        """Make a user a member."""
        body = {"organizationId": organization_id, "userId": user_id, "role": role}
        return self.admin("/members", body)

    def sign_in(self, user_id: str, organization_id: Optional[str] = None) -> Any:
        """Start a session. Return it with its first access token."""
        body = {"userId": user_id, "activeOrganizationId": organization_id}
        return self.admin("/sessions", {k: v for k, v in body.items() if v is not None})

    def sessions(self, user_id: str) -> list[str]:
        """Return the ids of a user's live sessions, in their order."""
        return [session["id"] for session in self.ok("GET", f"/users/{user_id}/sessions")]


def api_of(torii: Emulator) -> Api:
    """Return the API as its first secret key opens it."""
    return Api(torii.api_url, torii.environment_id, torii.secret_key)


def problem(response: Response) -> Any:
    """Return the problem in a response, which must be a complete one."""
    assert response.headers["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == response.status
    for member in ("title", "detail", "code", "supportId"):
        assert isinstance(document[member], str) and document[member]
    return document


def instant(text: str) -> datetime:
    """Read a time as the API writes it, which must name its offset."""
    timestamp = datetime.fromisoformat(text.replace("Z", "+00:00"))
    assert timestamp.tzinfo is not None
    return timestamp
