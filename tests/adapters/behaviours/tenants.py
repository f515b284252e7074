"""`issuer` as a function: each request has the issuer of its tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from tests.adapters.application import Crash
from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import bearer
from torii_backend import IncomingRequest


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
    """Returns the same for every request."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __call__(self, _: IncomingRequest) -> Any:
        return self._value


def crash(request: IncomingRequest) -> str:
    raise Crash


def _tenants(guard: Guard) -> ByHost:
    home, other, _ = guard.issuers
    return ByHost({"acme.example": home.issuer, "umbra.example": other.issuer})


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


@behaviour
def a_host_without_a_tenant_accepts_no_token(guard: Guard) -> None:
    for host in ("evil.example", "acme.example.evil.example", "", "acme.example."):
        request = guard.good()._replace(host=host)
        guard.refuses(request, "wrong_issuer", issuer=_tenants(guard))
        guard.refuses(request, "wrong_issuer", issuer=_tenants(guard), required=False)


@behaviour
def the_issuer_may_depend_on_method_path_and_header(guard: Guard) -> None:
    resolver = ByRest({"POST /acme/me acme": guard.issuers.home.issuer})
    request = guard.good("/acme/me?x=1", method="POST")
    request = request._replace(headers=(*request.headers, ("X-Tenant", "acme")))
    guard.admits(request, issuer=resolver)
    guard.refuses(request._replace(method="PUT"), "wrong_issuer", issuer=resolver)
    guard.refuses(request._replace(target="/umbra/me"), "wrong_issuer", issuer=resolver)
    guard.refuses(request._replace(headers=request.headers[:1]), "wrong_issuer", issuer=resolver)


@behaviour
def a_function_without_a_usable_issuer_accepts_no_token(guard: Guard) -> None:
    for resolver in (crash, Always("acme"), Always(7)):
        for required in (True, False):
            response = guard.call(guard.good(), issuer=resolver, required=required)
            assert response.status == 500


@behaviour
def audience_and_policy_apply_to_every_tenant(guard: Guard) -> None:
    options: Any = {"issuer": _tenants(guard), "audience": "shop", "role": "admin"}
    request = bearer(guard.token(aud="shop", org_id="org_1", org_role="admin"))
    guard.admits(request._replace(host="acme.example"), **options)
    guard.refuses(guard.good()._replace(host="acme.example"), "missing_claim", **options)
    request = bearer(guard.token(aud="shop"))._replace(host="acme.example")
    guard.refuses(request, "role", **options)
