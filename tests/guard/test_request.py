"""IncomingRequest: one view of a request, whatever the framework; and the options that use it."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Optional

import pytest

from tests.support.issuer import Issuer
from torii_backend import (
    Auth,
    Authenticator,
    ConfigurationError,
    IncomingRequest,
    InvalidToken,
    MissingCredentials,
    PermissionDenied,
    Policy,
    Verifier,
)
from torii_backend._guard.exempt_paths import ExemptPaths
from torii_backend._guard.request import ASGIRequest, HeadersRequest, WSGIRequest


def environ(headers: dict[str, str], method: str = "GET", path: str = "/me") -> IncomingRequest:
    names = {f"HTTP_{name.upper().replace('-', '_')}": name for name in headers}
    values = {key: headers[name] for key, name in names.items()}
    return WSGIRequest({"REQUEST_METHOD": method, "PATH_INFO": path, **values})


def scope(headers: dict[str, str], method: str = "GET", path: str = "/me") -> IncomingRequest:
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return ASGIRequest({"type": "http", "method": method, "path": path, "headers": pairs})


KINDS = pytest.mark.parametrize("request_of", [environ, scope])
RequestOf = Callable[..., IncomingRequest]


@KINDS
def test_what_is_known_of_a_request(request_of: RequestOf) -> None:
    request = request_of({"host": "Acme.example:8000", "x-tenant": "a"}, "POST", "/me")
    assert (request.method, request.path, request.host) == ("POST", "/me", "acme.example")
    assert request.getlist("x-tenant") == ["a"]
    assert request.getlist("x-other") == []


@pytest.mark.parametrize(
    ("sent", "host"),
    [
        ({}, ""),
        ({"host": "acme.example"}, "acme.example"),
        ({"host": " ACME.example:443 "}, "acme.example"),
        ({"host": "[::1]:8000"}, "[::1]"),
        ({"host": "[::1]"}, "[::1]"),
        ({"host": ["a.example", "b.example"]}, ""),
    ],
)
def test_the_host(sent: dict[str, Any], host: str) -> None:
    assert HeadersRequest(sent).host == host


def test_of_bare_headers_no_path_and_no_method_is_known() -> None:
    request = HeadersRequest({"Host": "a.example"})
    assert (request.method, request.path, request.paths()) == ("", "", None)


def test_content_type_has_a_name_of_its_own_in_an_environ() -> None:
    request = WSGIRequest({"CONTENT_TYPE": "text/plain", "HTTP_CONTENT_TYPE": "forged"})
    assert request.getlist("content-type") == ["text/plain"]


def test_a_scope_tells_names_apart_that_an_environ_joins() -> None:
    pairs = [(b"authorization", b"Bearer a"), (b"http_authorization", b"Bearer b")]
    request = ASGIRequest({"type": "http", "path": "/", "headers": pairs})
    assert request.getlist("authorization") == ["Bearer a"]


def test_a_scope_lists_headers_that_come_twice() -> None:
    pairs = [(b"authorization", b"Bearer a"), (b"Authorization", b"Bearer b")]
    request = ASGIRequest({"type": "http", "path": "/", "headers": pairs})
    assert request.getlist("authorization") == ["Bearer a", "Bearer b"]


def outcome(authenticator: Authenticator, request: Any) -> Optional[Auth]:
    """What comes of a request, the same whether it is waited for or awaited."""
    waited = authenticator.authenticate(request)
    assert asyncio.run(authenticator.authenticate_async(request)) is waited
    return waited


PREFLIGHT = {"access-control-request-method": "PUT", "origin": "https://app.example"}


@KINDS
def test_a_preflight_request_passes(verifier: Verifier, request_of: RequestOf) -> None:
    authenticator = Authenticator(verifier=verifier)
    assert outcome(authenticator, request_of(PREFLIGHT, "OPTIONS")) is None


@KINDS
@pytest.mark.parametrize(
    ("method", "headers"),
    [("GET", PREFLIGHT), ("PUT", PREFLIGHT), ("OPTIONS", {"origin": "https://app.example"})]
    + [
        ("OPTIONS", {**PREFLIGHT, "access-control-request-method": method})
        for method in ("", " ", "PUT,DELETE", "PUT DELETE", "PUT\n", "P\xdcT", "PUT;a")
    ],
)
def test_other_requests_do_not(
    verifier: Verifier, request_of: RequestOf, method: str, headers: dict[str, str]
) -> None:
    with pytest.raises(MissingCredentials):
        Authenticator(verifier=verifier).authenticate(request_of(headers, method))


@KINDS
@pytest.mark.parametrize("method", ["DELETE", "patch", "M-SEARCH", "x"])
def test_a_preflight_request_may_ask_for_any_method(
    verifier: Verifier, request_of: RequestOf, method: str
) -> None:
    headers = {**PREFLIGHT, "access-control-request-method": method}
    assert outcome(Authenticator(verifier=verifier), request_of(headers, "OPTIONS")) is None


def test_a_preflight_request_asks_for_one_method(verifier: Verifier) -> None:
    pairs = [(b"access-control-request-method", method) for method in (b"PUT", b"DELETE")]
    request = ASGIRequest({"type": "http", "method": "OPTIONS", "path": "/", "headers": pairs})
    with pytest.raises(MissingCredentials):
        Authenticator(verifier=verifier).authenticate(request)


@KINDS
def test_preflight_requests_can_be_guarded(verifier: Verifier, request_of: RequestOf) -> None:
    authenticator = Authenticator(verifier=verifier, preflight=False)
    with pytest.raises(MissingCredentials):
        authenticator.authenticate(request_of(PREFLIGHT, "OPTIONS"))


def open_to_read(request: IncomingRequest) -> bool:
    return request.method in ("GET", "HEAD") and request.path.startswith("/articles/")


def open_to_host(request: IncomingRequest) -> bool:
    return request.host == "status.example" and request.getlist("x-probe") == ["1"]


@KINDS
def test_a_function_may_take_the_request_instead_of_the_path(
    verifier: Verifier, request_of: RequestOf
) -> None:
    authenticator = Authenticator(
        verifier=verifier, exempt=[open_to_read, open_to_host, {"/health"}.__contains__]
    )

    def is_open(path: str, method: str = "GET", **headers: str) -> bool:
        try:
            return authenticator.authenticate(request_of(headers, method, path)) is None
        except MissingCredentials:
            return False

    assert is_open("/articles/1") and is_open("/articles/1", "HEAD") and is_open("/health", "POST")
    assert is_open("/me", "POST", **{"host": "status.example", "x-probe": "1"})
    assert not is_open("/articles/1", "POST") and not is_open("/articles")
    assert not is_open("/me", "POST", host="status.example")
    for path in ("/articles/../me", "/articles/%2e%2e/me", "//articles/1", "/%61rticles/1"):
        assert not is_open(path)


def test_the_path_that_a_function_gets_is_a_string_and_the_request() -> None:
    seen: list[Any] = []

    def note(path: IncomingRequest) -> bool:
        seen.append(path)
        return True

    exempt = ExemptPaths([note])
    assert exempt.matches("/caf%C3%A9", "/café", environ({"host": "a.example"}, path="/café"))
    for each in seen:
        assert isinstance(each, str) and isinstance(each, IncomingRequest)
        assert (each.path, each.host, type(each.path)) == (each, "a.example", str)
        assert each.paths() is not None and not each.is_preflight()
    assert {*seen} == {"/caf%C3%A9", "/café"}


@KINDS
def test_a_function_exempts_paths(verifier: Verifier, request_of: RequestOf) -> None:
    authenticator = Authenticator(verifier=verifier, exempt=[lambda path: path.startswith("/open")])
    assert outcome(authenticator, request_of({}, path="/open/1")) is None
    with pytest.raises(MissingCredentials):
        authenticator.authenticate(request_of({}, path="/me"))


@pytest.mark.parametrize("raw", ["/open/../me", "/%6fpen/../me", "/me", "//open/x"])
def test_a_function_must_exempt_every_form_of_a_path(verifier: Verifier, raw: str) -> None:
    authenticator = Authenticator(verifier=verifier, exempt=[lambda path: path.startswith("/open")])
    request = WSGIRequest({"REQUEST_METHOD": "GET", "PATH_INFO": "/open/x", "RAW_URI": raw})
    with pytest.raises(MissingCredentials):
        authenticator.authenticate(request)


def test_a_function_must_say_true(verifier: Verifier) -> None:
    vague: Any = "yes".__add__
    with pytest.raises(MissingCredentials):
        Authenticator(verifier=verifier, exempt=[vague]).authenticate(environ({}))


@KINDS
def test_a_host_without_an_issuer_is_refused(issuer: Issuer, request_of: RequestOf) -> None:
    asked: list[str] = []
    headers = {"host": "unknown.example", "authorization": f"Bearer {issuer.token()}"}
    with pytest.raises(InvalidToken) as refusal:
        Authenticator(issuer=lambda request: asked.append(request.host)).authenticate(
            request_of(headers)
        )
    assert refusal.value.reason == "wrong_issuer"
    assert asked == ["unknown.example"]


def test_without_a_token_nobody_asks_for_the_issuer() -> None:
    def issuer_of(request: IncomingRequest) -> str:
        raise AssertionError("asked")

    with pytest.raises(MissingCredentials):
        Authenticator(issuer=issuer_of).authenticate(environ({}))


def test_a_returned_value_that_is_not_an_issuer_is_an_error(issuer: Issuer) -> None:
    authenticator = Authenticator(issuer=lambda request: request.host)
    request = environ({"host": "acme.example", "authorization": f"Bearer {issuer.token()}"})
    with pytest.raises(ConfigurationError, match="issuer must be"):
        authenticator.authenticate(request)


def test_a_policy_counts_for_who_is_signed_in(verifier: Verifier, issuer: Issuer) -> None:
    authenticator = Authenticator(
        verifier=verifier, required=False, role="admin", policy=Policy(email_verified=True)
    )
    assert outcome(authenticator, {}) is None
    admin: dict[str, Any] = {"org_id": "org_1", "org_role": "admin"}
    good = issuer.odd_token(**admin, email_verified=True)
    assert outcome(authenticator, {"Authorization": f"Bearer {good}"}) is not None
    for claims, reason in (
        ({**admin}, "email_unverified"),
        ({"email_verified": True}, "role"),
    ):
        token = issuer.odd_token(**claims)
        for ask in (
            authenticator.authenticate,
            lambda headers: asyncio.run(authenticator.authenticate_async(headers)),
        ):
            with pytest.raises(PermissionDenied) as denied:
                ask({"Authorization": f"Bearer {token}"})
            assert denied.value.reason == reason


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preflight": "yes"}, "preflight must be True or False"),
        ({"policy": "admin"}, r"policy must be a torii_backend\.Policy"),
        ({"role": ""}, "role must"),
        ({"exempt": [5]}, "exempt path must be a string"),
    ],
)
def test_an_option_that_means_nothing_is_refused(
    verifier: Verifier, options: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Authenticator(verifier=verifier, **options)


def test_a_verifier_and_a_function_for_the_issuer_exclude_each_other(verifier: Verifier) -> None:
    with pytest.raises(ConfigurationError, match="either verifier or issuer"):
        Authenticator(verifier=verifier, issuer=lambda request: request.host)
