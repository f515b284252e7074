"""Authenticator: the one configured step between a request's headers and its Auth."""

from __future__ import annotations

import asyncio
import pickle
import time
from copy import copy, deepcopy
from functools import partial
from typing import Any, Callable, Optional

import pytest

from tests.support.clock import Clock
from tests.support.issuer import NOW, URL, Issuer, SigningKey
from tests.support.jwks_server import JwksServer
from torii_backend import (
    Auth,
    Authenticator,
    ConfigurationError,
    InvalidRequest,
    InvalidToken,
    MissingCredentials,
    PermissionDenied,
    ToriiAuthError,
    Verifier,
    authenticate_request,
    authenticate_request_async,
)
from torii_backend._guard.options import merged_options, view_options
from torii_backend._guard.refusal import RefusalResponse, refusal_response
from torii_backend._guard.request import HeadersRequest

Paths = Optional[tuple[str, str]]


class Routed(HeadersRequest):
    """A request whose path is known."""

    def __init__(self, headers: Any, paths: tuple[str, str]) -> None:
        super().__init__(headers)
        self._paths = paths

    def paths(self) -> tuple[str, str]:
        return self._paths

    def is_mounted_at(self, _: str) -> bool:
        return True


def request_of(headers: Any, paths: Paths) -> Any:
    return headers if paths is None else Routed(headers, paths)


def outcome(authenticator: Authenticator, headers: Any, paths: Paths = None) -> Any:
    """What comes of a request, the same whether it is waited for or awaited."""

    def described(result: Any) -> Any:
        return result.claims if isinstance(result, Auth) else result

    ways: tuple[Callable[[], Optional[Auth]], ...] = (
        lambda: authenticator.authenticate(request_of(headers, paths)),
        lambda: asyncio.run(authenticator.authenticate_async(request_of(headers, paths))),
    )
    results: list[Any] = []
    for way in ways:
        try:
            results.append(described(way()))
        except ToriiAuthError as refusal:
            results.append((type(refusal), refusal.reason))
    assert results[0] == results[1]
    return results[0]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_good_token(verifier: Verifier, issuer: Issuer) -> None:
    authenticator = Authenticator(verifier=verifier)
    assert outcome(authenticator, bearer(issuer.token())) == issuer.claims()


REFUSED: list[tuple[Any, Any]] = [
    ({}, (MissingCredentials, "missing_credentials")),
    ({"authorization": "Basic YTpi"}, (MissingCredentials, "missing_credentials")),
    ({"authorization": "Bearer"}, (InvalidRequest, "invalid_request")),
    ({"authorization": ["Bearer a", "Bearer b"]}, (InvalidRequest, "invalid_request")),
    ({"authorization": "Basic x, Bearer a"}, (InvalidRequest, "invalid_request")),
    (bearer("a.b.c"), (InvalidToken, "malformed")),
]


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(("headers", "refused"), REFUSED)
def test_what_is_refused(verifier: Verifier, headers: Any, refused: Any, required: bool) -> None:
    """Without `required`, only a request with no bearer credentials at all passes."""
    authenticator = Authenticator(verifier=verifier, required=required)
    passes = not required and refused[0] is MissingCredentials
    assert outcome(authenticator, headers) == (None if passes else refused)


def test_an_expired_token_is_refused_where_none_is_required(
    verifier: Verifier, issuer: Issuer
) -> None:
    authenticator = Authenticator(verifier=verifier, required=False)
    expired = bearer(issuer.token(exp=NOW - 31))
    assert outcome(authenticator, expired) == (InvalidToken, "expired")


def test_an_exempt_path_is_open_whatever_it_carries(verifier: Verifier, issuer: Issuer) -> None:
    authenticator = Authenticator(verifier=verifier, exempt=["/health", "/static/*"])
    for path in ("/health", "/static/app.js"):
        for headers in ({}, bearer("a.b.c"), bearer(issuer.token()), {"authorization": "Bearer"}):
            assert outcome(authenticator, headers, (path, path)) is None
    refused = (MissingCredentials, "missing_credentials")
    assert outcome(authenticator, {}, ("/me", "/me")) == refused
    assert outcome(authenticator, {}, ("/health", "/me")) == refused
    assert outcome(authenticator, {}) == refused


def test_another_header(verifier: Verifier, issuer: Issuer) -> None:
    authenticator = Authenticator(verifier=verifier, header="X-Token")
    token = f"Bearer {issuer.token()}"
    assert outcome(authenticator, {"HTTP_X_TOKEN": token}) == issuer.claims()
    assert outcome(authenticator, {"authorization": token})[0] is MissingCredentials


def test_on_error_may_restyle_a_refusal() -> None:
    seen: list[ToriiAuthError] = []
    own = RefusalResponse(418, (), b"teapot")

    def on_error(refusal: ToriiAuthError) -> Optional[RefusalResponse]:
        seen.append(refusal)
        return own if isinstance(refusal, InvalidToken) else None

    authenticator = Authenticator(issuer=URL, on_error=on_error)
    missing, expired = MissingCredentials(), InvalidToken("expired")
    assert authenticator.response_to(missing, {}) == refusal_response(missing)
    assert authenticator.response_to(expired, {}) is own
    assert seen == [missing, expired]
    assert Authenticator(issuer=URL).response_to(expired, {}) == refusal_response(expired)


class Handlers:
    """Functions of every form that may stand as `on_error`; each notes its arguments."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def refusal(self, refusal: ToriiAuthError) -> None:
        self.calls.append((refusal,))

    def both(self, refusal: ToriiAuthError, request: Any) -> None:
        self.calls.append((refusal, request))

    def maybe_both(self, refusal: ToriiAuthError, request: Any = None, /) -> None:
        self.calls.append((refusal, request))

    def any_number(self, *given: Any) -> None:
        self.calls.append(given)

    def with_default(self, refusal: ToriiAuthError, log: str = "its own") -> None:
        assert log == "its own"
        self.calls.append((refusal,))

    def named(self, refusal: ToriiAuthError, *, request: Any = None) -> None:
        assert request is None
        self.calls.append((refusal,))

    def without_signature(self, refusal: ToriiAuthError) -> None:
        self.calls.append((refusal,))

    def prefixed(self, _: str, refusal: ToriiAuthError, request: Any) -> None:
        self.calls.append((refusal, request))


@pytest.mark.parametrize("form", ["both", "maybe_both", "any_number", "prefixed"])
def test_on_error_gets_the_request_if_it_takes_two_arguments(form: str) -> None:
    handlers, missing = Handlers(), MissingCredentials()
    on_error: Any = getattr(handlers, form)
    if form == "prefixed":
        on_error = partial(on_error, "prefix")
    incoming = Routed({"host": "acme.example"}, ("/me", "/me"))
    authenticator = Authenticator(issuer=URL, on_error=on_error)
    authenticator.response_to(missing, incoming)
    authenticator.response_to(missing, {"host": "acme.example"})
    assert handlers.calls[0] == (missing, incoming)
    assert handlers.calls[1][1].host == "acme.example"


@pytest.mark.parametrize("form", ["refusal", "with_default", "named", "without_signature"])
def test_on_error_gets_the_refusal_alone_if_it_takes_one_argument(form: str) -> None:
    handlers, missing = Handlers(), MissingCredentials()

    class Opaque:
        """A function that does not tell what it takes, like some that are written in C."""

        __signature__ = "unknown"

        def __call__(self, refusal: ToriiAuthError) -> None:
            handlers.without_signature(refusal)

    on_error = Opaque() if form == "without_signature" else getattr(handlers, form)
    Authenticator(issuer=URL, on_error=on_error).response_to(missing, {})
    assert handlers.calls == [(missing,)]


@pytest.mark.parametrize(
    "on_error",
    [
        lambda: None,
        lambda refusal, request, more: None,  # noqa: ARG005
        lambda refusal, *, request: None,  # noqa: ARG005
        lambda **given: None,  # noqa: ARG005
    ],
)
def test_on_error_must_take_one_or_two_arguments(on_error: Any) -> None:
    with pytest.raises(ConfigurationError, match="one or two positional arguments"):
        Authenticator(issuer=URL, on_error=on_error)


@pytest.mark.parametrize("answer", [True, "teapot", b"", 418, (418, (), b""), RefusalResponse])
def test_on_error_must_return_a_refusal_response_or_none(answer: Any) -> None:
    authenticator = Authenticator(issuer=URL, on_error=lambda _: answer)
    with pytest.raises(ConfigurationError, match=r"^on_error must return .*\.$"):
        authenticator.response_to(MissingCredentials(), {})


@pytest.mark.parametrize(
    "answer",
    [
        RefusalResponse(199, (), b""),
        RefusalResponse(600, (), b""),
        RefusalResponse("401", (), b""),  # type: ignore[arg-type]
        RefusalResponse(401, (), "text"),  # type: ignore[arg-type]
        RefusalResponse(401, (("X-Note", "a\r\nSet-Cookie: b=1"),), b""),
        RefusalResponse(401, (("X Note", "a"),), b""),
        RefusalResponse(401, (("X-Note", "\u20ac"),), b""),
        RefusalResponse(401, (("X-Note",),), b""),  # type: ignore[arg-type]
        RefusalResponse(401, ("ab",), b""),  # type: ignore[arg-type]
    ],
)
def test_on_error_must_return_a_response_that_can_be_sent(answer: RefusalResponse) -> None:
    authenticator = Authenticator(issuer=URL, on_error=lambda _: answer)
    with pytest.raises(ConfigurationError, match=r"^on_error must return a RefusalResponse .*\.$"):
        authenticator.response_to(MissingCredentials(), {})


def test_on_error_cannot_set_the_content_length() -> None:
    own = RefusalResponse(401, (("Content-Length", "99"), ("X-Note", "a")), b"no")
    authenticator = Authenticator(issuer=URL, on_error=lambda _: own)
    assert authenticator.response_to(MissingCredentials(), {}).headers == (("X-Note", "a"),)


async def awaited(_: Any) -> Any:
    raise AssertionError("called")


class Awaited:
    def __init__(self, refusal: object = None) -> None:
        """Take what `on_error` is given."""

    async def __call__(self, _: Any) -> Any:
        raise AssertionError("called")

    async def method(self, _: Any) -> Any:
        raise AssertionError("called")


@pytest.mark.parametrize("option", ["issuer", "on_error"])
@pytest.mark.parametrize(
    "function",
    [
        awaited,
        partial(awaited),
        partial(partial(awaited)),
        Awaited(),
        partial(Awaited()),
        Awaited().method,
        partial(Awaited().method),
    ],
)
def test_functions_that_nobody_awaits_are_refused(option: str, function: Any) -> None:
    options: Any = {"issuer": URL, option: function}
    with pytest.raises(ConfigurationError, match=f"^{option} must not be async"):
        Authenticator(**options)


def test_a_class_can_be_used_as_a_function() -> None:
    """Its instances are what is called asynchronously, and nobody asks for one here."""
    options: Any = {"on_error": Awaited}
    assert Authenticator(issuer=URL, **options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"issuer": ""},
        {"issuer": URL, "audience": ""},
        {"issuer": URL, "leeway": -1},
        {"issuer": URL, "leeway": None},
        {"issuer": URL, "header": "not a header"},
        {"issuer": URL, "required": None},
        {"issuer": URL, "required": 0},
        {"issuer": URL, "required": "false"},
        {"issuer": URL, "exempt": "/health"},
        {"issuer": URL, "exempt": None},
        {"issuer": URL, "exempt": ["health"]},
        {"issuer": URL, "on_error": "log"},
        {"verifier": URL},
        {"verifier": Verifier},
        {"verifier": Verifier(URL), "issuer": URL},
        {"verifier": Verifier(URL), "audience": "app"},
        {"verifier": Verifier(URL), "leeway": 30.0},
    ],
)
def test_a_wrong_setting(options: Any) -> None:
    with pytest.raises(ConfigurationError):
        Authenticator(**options)


def test_guards_with_equal_settings_share_their_keys(server: JwksServer, key: SigningKey) -> None:
    now = int(time.time())
    headers = bearer(Issuer(server.issuer, key).token(iat=now, exp=now + 300))
    options: list[Any] = [{}, {"required": False}, {"leeway": 30}, {"exempt": ["/health"]}]
    for more in options:
        assert Authenticator(issuer=server.issuer, **more).authenticate(headers)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("configured", "keywords", "merged"),
    [
        ({}, {}, {}),
        ({"issuer": URL}, {}, {"issuer": URL}),
        ({"issuer": URL}, {"issuer": "https://b.so"}, {"issuer": "https://b.so"}),
        (
            {"issuer": URL, "leeway": 1},
            {"audience": "a"},
            {"issuer": URL, "leeway": 1, "audience": "a"},
        ),
        ({"issuer": URL, "header": "x"}, {"verifier": 1}, {"header": "x", "verifier": 1}),
        ({"audience": "a", "leeway": 1}, {"verifier": 1}, {"verifier": 1}),
        ({"verifier": 1, "header": "x"}, {"issuer": URL}, {"header": "x", "issuer": URL}),
        ({"verifier": 1}, {"leeway": 1}, {"verifier": 1, "leeway": 1}),
        ({"verifier": 1}, {"audience": "a"}, {"verifier": 1, "audience": "a"}),
        ({"verifier": 1}, {"issuer": None}, {"verifier": 1}),
        ({"issuer": URL, "audience": "a"}, {"verifier": None}, {"issuer": URL, "audience": "a"}),
        ({"issuer": URL, "audience": "a"}, {"audience": None}, {"issuer": URL, "audience": "a"}),
        (
            {"policy": 1, "role": "admin"},
            {"policy": None, "role": None},
            {"policy": 1, "role": "admin"},
        ),
        ({"scheme": "bearer"}, {"scheme": None}, {"scheme": None}),
        ({"verifier": 1}, {"header": "x"}, {"verifier": 1, "header": "x"}),
        ({"required": False}, {"exempt": ["/x"]}, {"required": False, "exempt": ["/x"]}),
    ],
)
def test_keywords_are_laid_over_the_configuration(
    configured: Any, keywords: Any, merged: Any
) -> None:
    before = dict(configured)
    assert merged_options(configured, keywords) == merged
    assert configured == before


@pytest.mark.parametrize("keywords", [{"leeway": 1}, {"audience": "mine"}])
def test_a_configured_verifier_keeps_its_audience(keywords: Any) -> None:
    configured: Any = {"verifier": Verifier(URL, audience="mine")}
    with pytest.raises(ConfigurationError, match="either verifier or issuer"):
        Authenticator(**merged_options(configured, keywords))


def test_a_view_does_not_inherit_required_or_exempt() -> None:
    configured: Any = {"issuer": URL, "required": False, "exempt": ["/x"], "header": "x"}
    assert view_options(configured, {}) == {"issuer": URL, "header": "x"}
    assert view_options(configured, {"required": False})["required"] is False
    assert set(configured) == {"issuer", "required", "exempt", "header"}


def test_the_seconds_that_are_left_count_as_the_verifier_counts(
    issuer: Issuer, clock: Clock
) -> None:
    verifier = Verifier(URL, leeway=10, fetch=issuer.fetch, clock=clock)
    authenticator = Authenticator(verifier=verifier)
    auth = verifier.verify(issuer.token(exp=NOW + 300))
    assert authenticator.seconds_left(auth) == 310
    clock.advance(310)
    assert authenticator.seconds_left(auth) == 0
    with pytest.raises(InvalidToken):
        verifier.verify(issuer.token(exp=NOW + 300))


@pytest.mark.parametrize("copied", [copy, deepcopy, lambda it: pickle.loads(pickle.dumps(it))])  # noqa: S301
def test_a_guard_and_its_verifier_can_be_copied(issuer: Issuer, copied: Any) -> None:
    settings: Any = {
        "audience": ["shop"],
        "leeway": 5.0,
        "jwks": issuer.fetch("", 1)[0],
        "refresh": False,
    }
    verifier = copied(Verifier(URL, **settings, cache_size=7, max_stale=60))
    guard = copied(
        Authenticator(verifier=verifier, exempt=["/health"], organization=True, role="admin")
    )
    token = issuer.token(
        iat=time.time(), exp=time.time() + 60, aud="shop", org_id="o", org_role="admin"
    )
    assert guard.authenticate({"authorization": f"Bearer {token}"}).user_id
    assert guard.authenticate(Routed({}, ("/health", "/health"))) is None
    token = issuer.token(iat=time.time(), exp=time.time() + 60, aud="other")
    with pytest.raises(InvalidToken, match="audience"):
        guard.authenticate({"authorization": f"Bearer {token}"})


@pytest.mark.parametrize("owner", ["instance", "class"])
def test_a_verify_that_is_replaced_later_gets_the_token_as_text(
    monkeypatch: pytest.MonkeyPatch, owner: str
) -> None:
    verifier = Verifier(URL)
    authenticator = Authenticator(verifier=verifier)
    seen: list[Any] = []

    def verify(*args: Any) -> Any:
        seen.append(args[-1])

    async def verify_async(*args: Any) -> Any:
        seen.append(args[-1])

    target: Any = verifier if owner == "instance" else Verifier
    monkeypatch.setattr(target, "verify", verify)
    monkeypatch.setattr(target, "verify_async", verify_async)
    headers = {"Authorization": "Bearer a.b.c"}
    authenticator.authenticate(headers)
    asyncio.run(authenticator.authenticate_async(headers))
    if owner == "class":
        authenticate_request(headers, issuer=URL)
        asyncio.run(authenticate_request_async(headers, issuer=URL))
    assert seen == ["a.b.c"] * (2 if owner == "instance" else 4)


@pytest.mark.parametrize(
    ("keyword", "hint"), [("isuer", " Did you mean 'issuer'?"), ("colour", ""), ("", "")]
)
def test_an_unknown_keyword_is_named_with_the_one_that_may_be_meant(
    keyword: str, hint: str
) -> None:
    options: Any = {keyword: "https://acme.torii.so"}
    with pytest.raises(TypeError) as caught:
        Authenticator(**options)
    assert str(caught.value) == f"a guard got an unexpected keyword argument {keyword!r}.{hint}"


class Closed(Authenticator):
    """Refuses everybody besides."""

    def authorize(self, auth: Optional[Auth]) -> None:
        super().authorize(auth)
        raise PermissionDenied("No.")

    async def authorize_async(self, auth: Optional[Auth]) -> None:
        self.authorize(auth)


class Nobody(Authenticator):
    """Knows nobody."""

    def identify(self, request: Any) -> Optional[Auth]:
        super().identify(request)
        raise PermissionDenied("No.")

    async def identify_async(self, request: Any) -> Optional[Auth]:
        return self.identify(request)


@pytest.mark.parametrize("kind", [Closed, Nobody])
@pytest.mark.parametrize("options", [{}, {"email_verified": True}])
def test_what_a_subclass_checks_besides_counts(
    verifier: Verifier, issuer: Issuer, kind: type[Authenticator], options: Any
) -> None:
    guard = kind(verifier=verifier, **options)
    headers = bearer(issuer.token())
    with pytest.raises(PermissionDenied):
        guard.authenticate(headers)
    with pytest.raises(PermissionDenied):
        asyncio.run(guard.authenticate_async(headers))
