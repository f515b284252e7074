"""The metadata of a protected resource: addresses as in RFC 9728, and a document without empty members."""

from __future__ import annotations

import json
from typing import Any

import pytest

from torii_backend import ConfigurationError, ResourceMetadata

LOGIN = "https://login.example"


def described(resource: str, **more: Any) -> ResourceMetadata:
    return ResourceMetadata(resource, authorization_servers=[LOGIN], **more)


@pytest.mark.parametrize(
    ("resource", "url"),
    [
        # The examples of RFC 9728 section 3.1.
        (
            "https://resource.example.com",
            "https://resource.example.com/.well-known/oauth-protected-resource",
        ),
        (
            "https://resource.example.com/resource1",
            "https://resource.example.com/.well-known/oauth-protected-resource/resource1",
        ),
        # Its slash after the host goes, and no other.
        (
            "https://resource.example.com/",
            "https://resource.example.com/.well-known/oauth-protected-resource",
        ),
        (
            "https://a.example/v1/mcp/",
            "https://a.example/.well-known/oauth-protected-resource/v1/mcp/",
        ),
        (
            "https://a.example:8443/x",
            "https://a.example:8443/.well-known/oauth-protected-resource/x",
        ),
        (
            "http://localhost:8000/mcp",
            "http://localhost:8000/.well-known/oauth-protected-resource/mcp",
        ),
        ("http://[::1]:8000/mcp", "http://[::1]:8000/.well-known/oauth-protected-resource/mcp"),
    ],
)
def test_the_well_known_segment_is_between_host_and_path(resource: str, url: str) -> None:
    metadata = described(resource)
    assert (metadata.url, metadata.url.endswith(metadata.path)) == (url, True)
    # A client compares it with the address that it knows (RFC 9728 section 3.3).
    assert (metadata.resource, json.loads(metadata.document)["resource"]) == (resource, resource)


def test_the_document_has_what_was_given() -> None:
    metadata = described("https://api.example/mcp", scopes=["files:read", "files"], name="Files")
    assert json.loads(metadata.document) == {
        "resource": "https://api.example/mcp",
        "authorization_servers": [LOGIN],
        "scopes_supported": ["files:read", "files"],
        "resource_name": "Files",
    }


def test_the_document_has_no_member_without_a_value() -> None:
    document = json.loads(described("https://api.example/mcp").document)
    assert document == {"resource": "https://api.example/mcp", "authorization_servers": [LOGIN]}


@pytest.mark.parametrize(
    "resource",
    [
        "https://api.example/mcp?tenant=acme",
        "https://api.example/mcp?",
        "https://api.example/mcp#tools",
        "https://api.example/#",
        "https://ada:secret@api.example/mcp",
    ],
)
def test_an_address_has_no_query_fragment_or_user(resource: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        described(resource)
    assert str(caught.value) == "resource must be a URL without user, query or fragment."


@pytest.mark.parametrize(
    "resource",
    [
        "api.example/mcp",
        "/mcp",
        "",
        "ftp://api.example",
        "https://",
        "https://api.example:port/",
        "https://api.example//mcp",
        "https://api.example/a/../mcp",
        "https://api.example/./mcp",
        "https://api.example/..",
        'https://api.example/"',
        "https://api.example/a b",
        "https://api.example/a\r\nSet-Cookie:b",
        "https://api.example/mcp\n",
        "https://api.example/<int:id>",
        "https://api.example/{id}",
        "https://api.example/%2e%2e",
        "https://api.example/caf\u00e9",
        "https://caf\u00e9.example/",
        "https://*.example/",
        None,
        b"https://api.example/mcp",
    ],
)
def test_an_address_is_plain(resource: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"resource must be the full URL of your API"):
        described(resource)


def test_plain_http_is_for_loopback() -> None:
    with pytest.raises(ConfigurationError, match="resource must use https"):
        described("http://api.example/mcp")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"authorization_servers": LOGIN}, "authorization_servers must be a list of strings"),
        ({"authorization_servers": [3]}, "authorization_servers must be a list of strings"),
        ({"authorization_servers": ["login"]}, "each of authorization_servers must be the full"),
        (
            {"authorization_servers": [f"{LOGIN}?a=b"]},
            "each of authorization_servers must be a URL",
        ),
        ({"authorization_servers": ["http://login.example"]}, "must use https"),
        ({"scopes": "read"}, "scopes must be a list of strings"),
        ({"scopes": ["read write"]}, "each of scopes must be a scope of OAuth"),
        ({"scopes": ['"']}, "each of scopes must be a scope of OAuth"),
        ({"scopes": [""]}, "each of scopes must be a scope of OAuth"),
        ({"name": ""}, "name must be a text for people"),
        ({"name": "a\nb"}, "name must be a text for people"),
        ({"name": 3}, "name must be a text for people"),
    ],
)
def test_other_arguments_are_checked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ResourceMetadata("https://api.example", **arguments)


@pytest.mark.parametrize("field", ["resource", "authorization_servers"])
def test_a_password_is_in_no_message_and_no_variable(field: str) -> None:
    bad = "https://ada:hunter2@api.example/mcp"
    resource, servers = (bad, []) if field == "resource" else ("https://api.example/mcp", [bad])
    with pytest.raises(ConfigurationError) as caught:
        ResourceMetadata(resource, authorization_servers=servers)
    assert "hunter2" not in str(caught.value)
    frame = caught.tb
    while frame is not None:
        if frame.tb_frame.f_code.co_filename.endswith("_guard/resource_metadata.py"):
            assert "hunter2" not in repr(frame.tb_frame.f_locals)
        frame = frame.tb_next  # type: ignore[assignment]


def test_its_repr_is_short() -> None:
    assert repr(described("https://api.example/mcp")) == (
        "ResourceMetadata('https://api.example/mcp')"
    )
