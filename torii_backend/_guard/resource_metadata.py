"""ResourceMetadata: where clients of an API find out who issues tokens for it (RFC 9728). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple, Optional

import msgspec

from torii_backend._guard.request import IncomingRequest
from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError
from torii_backend.settings import Unchanging, is_loopback, without_secrets

_WELL_KNOWN = "/.well-known/oauth-protected-resource"
_URL = re.compile(
    r"(?P<host>https?://(?P<name>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?)"
    # What every router and every quoted string takes as it stands: RFC 3986 section 3.3, without `%`.
    r"(?P<path>(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~!$&'()+,;=:-]+)*/?)\Z"
)
# RFC 6749 section 3.3.
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+\Z")
_MAX_AGE = 3600
# The document holds nothing secret, and browsers ask before a client may send headers of MCP.
_OPEN = ("Access-Control-Allow-Origin", "*")
METHODS = ("GET", "HEAD", "OPTIONS")
_ALLOW = ("Allow", ", ".join(METHODS))


class MetadataResponse(NamedTuple):
    """The response to a request for the document.

    Attributes:
        status: the HTTP status code.
        headers: names and values.
        body: the bytes to send.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_PREFLIGHT = MetadataResponse(
    200,
    (
        _TEXT,
        _OPEN,
        ("Access-Control-Allow-Methods", "GET, HEAD"),
        ("Access-Control-Allow-Headers", "*"),
        ("Access-Control-Max-Age", str(_MAX_AGE)),
        _ALLOW,
    ),
    b"",
)
_NOT_ALLOWED = MetadataResponse(405, (_TEXT, _OPEN, _ALLOW), b"")


@not_from_requests()
class ResourceMetadata(Unchanging):
    """What an API tells clients about itself: above all, who issues tokens for it.

    Pass it to guards as `resource`. Their 401 and 403 responses then name the URL of the document.
    Without an authorization server there is nothing to tell: nothing is served and nothing is added.

    Args:
        resource: the address of the API, as your clients write it, such as
            `https://api.example/mcp`. Plain http is for loopback addresses only.
        authorization_servers: the issuer URLs of the OAuth authorization servers that issue tokens
            for it (RFC 8414). None by default. Torii isn't one.
        scopes: the OAuth scopes that clients may ask for. None by default.
        name: what the API is called, for people. None by default.

    Attributes:
        resource: as given.
        path: the path of the document, with the well-known segment between host and path
            (RFC 9728 section 3.1), such as `/.well-known/oauth-protected-resource/mcp`.
        url: the URL of the document.
        document: the JSON document, encoded. It has no member without a value.
        is_served: whether there is an authorization server, and so a document.

    Raises:
        ConfigurationError: an argument can't be used.
    """

    __slots__ = ("document", "is_served", "path", "resource", "url")

    def __init__(
        self,
        resource: str,
        *,
        authorization_servers: Collection[str] = (),
        scopes: Collection[str] = (),
        name: Optional[str] = None,
    ) -> None:
        # Error trackers send variables, and a refused URL may have a password.
        resource = without_secrets(resource)
        self.resource: str = resource
        authorization_servers = without_secrets(authorization_servers)
        parts = _matched(resource, "resource", "URL of your API, such as https://api.example/mcp")
        self.path: str = _WELL_KNOWN + (parts["path"] if parts["path"] != "/" else "")
        self.url: str = parts["host"] + self.path
        servers = _checked_servers(authorization_servers)
        self.is_served: bool = bool(servers)
        members = {
            "resource": resource,
            "authorization_servers": servers,
            "scopes_supported": _checked_scopes(scopes),
            "resource_name": _checked_name(name),
        }
        self.document: bytes = msgspec.json.encode(
            {member: value for member, value in members.items() if value}
        )

    def __repr__(self) -> str:
        return f"ResourceMetadata({self.resource!r})"

    def response_to(self, request: IncomingRequest) -> Optional[MetadataResponse]:
        """Return the response if a request is for the document, else None.

        Whoever asks gets the same bytes, so only the decoded path counts.
        """
        paths = request.paths() if self.is_served else None
        return None if paths is None or paths[1] != self.path else self.respond(request.method)

    def respond(self, method: str) -> MetadataResponse:
        """Return the response to a request for the document, by its method."""
        if method == "OPTIONS":
            return _PREFLIGHT
        if method not in ("GET", "HEAD"):
            return _NOT_ALLOWED
        headers = (
            ("Content-Type", "application/json"),
            ("Cache-Control", f"public, max-age={_MAX_AGE}"),
            _OPEN,
        )
        return MetadataResponse(200, headers, self.document)


def require_resource(resource: Optional[ResourceMetadata]) -> Optional[ResourceMetadata]:
    """Check the `resource` of a guard; None if there is nothing to serve."""
    if resource is None:
        return None
    if not isinstance(resource, ResourceMetadata):
        raise ConfigurationError(
            "resource must be a torii_backend.ResourceMetadata, such as "
            "ResourceMetadata('https://api.example/mcp', authorization_servers=[...])."
        )
    return resource if resource.is_served else None


def _matched(url: str, name: str, wanted: str) -> re.Match[str]:
    """Check an identifier of RFC 9728 or RFC 8414, which is compared as it is written."""
    if isinstance(url, str) and ("?" in url or "#" in url or "@" in url.partition("/")[2]):
        raise ConfigurationError(f"{name} must be a URL without user, query or fragment.")
    match = _URL.match(url) if isinstance(url, str) else None
    if match is None:
        raise ConfigurationError(f"{name} must be the full {wanted}, with a plain path if any.")
    if url.startswith("http:") and not is_loopback(match["name"].strip("[]")):
        raise ConfigurationError(f"{name} must use https; plain http is for loopback addresses.")
    return match


def _checked_servers(servers: Collection[str]) -> list[str]:
    name = "authorization_servers"
    found = _texts(servers, name, "['https://login.example']")
    for each in found:
        _matched(each, f"each of {name}", "issuer URL of a server, such as https://login.example")
    return found


def _checked_scopes(scopes: Collection[str]) -> list[str]:
    found = _texts(scopes, "scopes", "['files:read']")
    if not all(map(_SCOPE.match, found)):
        raise ConfigurationError(
            "each of scopes must be a scope of OAuth, such as files:read, without spaces or quotes."
        )
    return found


def _texts(values: Collection[str], name: str, example: str) -> list[str]:
    is_list = isinstance(values, Collection) and not isinstance(values, (str, bytes, bytearray))
    found = list(values) if is_list else [None]
    if not all(isinstance(each, str) for each in found):
        raise ConfigurationError(f"{name} must be a list of strings, such as {example}.")
    return [str(each) for each in found]


def _checked_name(name: Optional[str]) -> Optional[str]:
    if name is None or (isinstance(name, str) and name.strip() and name.isprintable()):
        return name
    raise ConfigurationError("name must be a text for people, such as 'Invoices'.")
