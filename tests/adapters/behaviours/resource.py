"""`resource`: a 401 or 403 names the metadata of the protected resource (RFC 9728), and adds nothing else."""

from __future__ import annotations

from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, Response, authorization, bearer
from torii_backend import RefusalResponse, ResourceMetadata, ToriiAuthError

_RESOURCE = ResourceMetadata(
    "https://api.example/mcp", authorization_servers=["https://login.example"]
)
_PARAMETER = 'resource_metadata="https://api.example/.well-known/oauth-protected-resource/mcp"'


def _told(response: Response, plain: Response) -> bool:
    """Return whether a refusal names the metadata; otherwise it must be as without them."""
    rest = [pair for pair in plain.headers if pair[0] not in ("www-authenticate", "date")]
    assert (response.status, response.body) == (plain.status, plain.body)
    assert [pair for pair in response.headers if pair[0] in dict(rest)] == rest
    challenge, before = (each.header("www-authenticate") for each in (response, plain))
    if challenge == before:
        return False
    assert challenge == f"{before}, {_PARAMETER}"
    return True


@behaviour
def a_401_and_a_403_name_the_metadata_of_the_resource(guard: Guard) -> None:
    expired = bearer(guard.token(expires_in=-3600))
    for request in (Request(), authorization("Basic YWRhOmFkYQ=="), expired):
        assert _told(guard.call(request, resource=_RESOURCE), guard.call(request))
    refused = guard.call(guard.good(), role="admin", any_organization=True, resource=_RESOURCE)
    assert _told(refused, guard.call(guard.good(), role="admin", any_organization=True))
    assert refused.status == 403


@behaviour
def no_other_response_names_the_metadata_of_the_resource(guard: Guard) -> None:
    down = guard.issuers.down
    undecided = bearer(down.issue_token().access_token)
    malformed = authorization("Bearer")
    assert not _told(guard.call(malformed, resource=_RESOURCE), guard.call(malformed))
    response = guard.call(undecided, issuer=down.issuer, resource=_RESOURCE)
    assert (response.status, response.header("www-authenticate")) == (503, None)
    response = guard.call(Request(), on_error=_own_response, resource=_RESOURCE)
    assert response.header("www-authenticate") == "Own"
    guard.admits(guard.good(), resource=_RESOURCE)


@behaviour
def nothing_names_the_metadata_of_a_resource_without_authorization_server(guard: Guard) -> None:
    nobody = ResourceMetadata("https://api.example/mcp", scopes=["read"], name="API")
    guard.refuses(Request(), "no_credentials", resource=nobody)
    guard.refuses(Request(nobody.path), "no_credentials", resource=nobody)


def _own_response(_: ToriiAuthError) -> RefusalResponse:
    """Respond in a way of its own; a function with a name, so that servers can be told of it."""
    return RefusalResponse.json(401, {}, {"WWW-Authenticate": "Own"})
