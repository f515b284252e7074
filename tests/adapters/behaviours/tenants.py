"""`issuer` as a function: each request has the issuer of its tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from tests.adapters.application import Crash
from tests.adapters.contract import Guard, behaviour, behaviours
from tests.adapters.messages import Request, authorization, bearer
from torii_backend import IncomingRequest

from .preflight import PREFLIGHT


class ByHost:
    """Looks the issuer up by the host that the client asked for."""

    def __init__(self, issuers: Mapping[str, str]) -> None:
        self._issuers = issuers

    def __call__(self, request: IncomingRequest) -> Optional[str]:
        return self._issuers.get(request.host)


class ByRest(ByHost):
    """Looks the issuer up by all the rest of a request."""

    def __call__(self, request: IncomingRequest) -> Optional[str]:
        tenant = ",".join(request.getlist("x-tenant"))
        return self._issuers.get(f"{request.method} {request.path} {tenant}")


class Always:
    """Answers everything in the same way."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def __call__(self, _: IncomingRequest) -> Any:
        return self._answer


def crash(request: IncomingRequest) -> str:
    raise Crash


def _tenants(guard: Guard) -> ByHost:
    home, other, down = guard.issuers
    return ByHost(
        {"acme.example": home.issuer, "umbra.example": other.issuer, "down.example": down.issuer}
    )


@behaviour
def each_tenant_has_its_own_issuer(guard: Guard) -> None:
    other = guard.issuers.other.issue_token(user_id="grace").access_token
    for host in ("acme.example", "ACME.example", "acme.example:8443"):
        guard.admits(guard.good()._replace(host=host), issuer=_tenants(guard))
    guard.admits(bearer(other)._replace(host="umbra.example"), "grace", issuer=_tenants(guard))


@behaviour
def the_token_of_another_tenant_is_refused(guard: Guard) -> None:
    other = guard.issuers.other.issue_token().access_token
    tenants = _tenants(guard)
    guard.refuses(bearer(other)._replace(host="acme.example"), "wrong_issuer", issuer=tenants)
    guard.refuses(guard.good()._replace(host="umbra.example"), "wrong_issuer", issuer=tenants)


@behaviours(
    stranger="evil.example", longer="acme.example.evil.example", none="", dot="acme.example."
)
def no_token_is_good_for_a_host_without_tenant(guard: Guard, host: str) -> None:
    request = guard.good()._replace(host=host)
    guard.refuses(request, "wrong_issuer", issuer=_tenants(guard))
    guard.refuses(request, "wrong_issuer", issuer=_tenants(guard), required=False)


@behaviour
def one_tenant_that_is_down_does_not_hurt_another(guard: Guard) -> None:
    down = bearer(guard.issuers.down.issue_token().access_token)._replace(host="down.example")
    guard.refuses(down, "keys_unavailable", issuer=_tenants(guard))
    guard.admits(guard.good()._replace(host="acme.example"), issuer=_tenants(guard))


@behaviour
def a_tenant_may_be_told_by_method_path_and_header(guard: Guard) -> None:
    resolver = ByRest({"POST /acme/me acme": guard.issuers.home.issuer})
    request = guard.good("/acme/me?x=1", method="POST")
    request = request._replace(headers=(*request.headers, ("X-Tenant", "acme")))
    guard.admits(request, issuer=resolver)
    guard.refuses(request._replace(method="PUT"), "wrong_issuer", issuer=resolver)
    guard.refuses(request._replace(target="/umbra/me"), "wrong_issuer", issuer=resolver)
    guard.refuses(request._replace(headers=request.headers[:1]), "wrong_issuer", issuer=resolver)


@behaviour
def nobody_is_asked_for_an_issuer_without_a_token(guard: Guard) -> None:
    guard.refuses(Request(), "no_credentials", issuer=crash)
    guard.refuses(authorization("Bearer"), "malformed_credentials", issuer=crash)
    guard.admits(Request(), None, issuer=crash, required=False)
    guard.admits(guard.good("/health"), None, issuer=crash, exempt=["/health"])
    guard.admits(PREFLIGHT, None, issuer=crash)


@behaviours(crash=crash, no_address=Always("acme"), key=Always("sk_test_0"), number=Always(7))
def a_function_without_a_usable_issuer_lets_nobody_in(guard: Guard, resolver: Any) -> None:
    assert guard.call(guard.good(), issuer=resolver).status == 500
    assert guard.call(guard.good(), issuer=resolver, required=False).status == 500


@behaviour
def a_tenant_may_have_several_issuers(guard: Guard) -> None:
    home, other, down = guard.issuers
    resolver = Always([home.issuer, other.issuer])
    guard.admits(guard.good(), issuer=resolver)
    guard.admits(bearer(other.issue_token(user_id="grace").access_token), "grace", issuer=resolver)
    guard.refuses(bearer(down.issue_token().access_token), "wrong_issuer", issuer=resolver)


@behaviour
def audience_and_policy_count_for_every_tenant(guard: Guard) -> None:
    options: Any = {"issuer": _tenants(guard), "audience": "shop", "role": "admin"}
    request = bearer(guard.token(aud="shop", org_id="org_1", org_role="admin"))
    guard.admits(request._replace(host="acme.example"), **options)
    guard.refuses(guard.good()._replace(host="acme.example"), "missing_claim", **options)
    request = bearer(guard.token(aud="shop"))._replace(host="acme.example")
    guard.refuses(request, "role", **options)
