"""A canary token, secret key, e-mail address and key id are in nothing that is reported."""

from __future__ import annotations

from typing import Any

import pytest

from tests.events.deliveries import body, sender_of
from tests.observing.recorded import recorded
from tests.support.clock import Clock
from tests.support.issuer import URL, SigningKey, jwks
from tests.support.observed import all_logged, observed
from torii_backend import (
    Authenticator,
    Events,
    PermissionDenied,
    Revocations,
    ToriiAuthError,
    ToriiClient,
    ToriiError,
    Verifier,
)
from torii_backend._guard.refusal_log import forget_refusals
from torii_backend._guard.request import WSGIRequest
from torii_backend.emulator import Emulator
from torii_backend.events.receiver import Receiver
from torii_backend.observing import (
    Admitted,
    ApiCalled,
    EventHandled,
    KeysFetched,
    KeysFetchFailed,
    KeysStale,
    Refused,
    RevocationsFresh,
    RevocationsStale,
    Revoked,
    WebhookRefused,
)

KINDS = (
    Admitted,
    ApiCalled,
    EventHandled,
    KeysFetchFailed,
    KeysFetched,
    KeysStale,
    Refused,
    RevocationsFresh,
    RevocationsStale,
    Revoked,
    WebhookRefused,
)
KID = "kid-canary"
ADDRESS = "canary@example.com"
SECRET_KEY = "sk_test_canary0123456789"
USER_ID = "0198c0de-0000-7000-8000-0000000ca4a2"


class _Fetch:
    """A tenant host that fails with words that nobody should see."""

    def __init__(self) -> None:
        self.key = SigningKey(KID)
        self.is_down = False

    def __call__(self, url: str, _: float) -> Any:
        if self.is_down:
            raise OSError(f"GET {url}?key={SECRET_KEY} failed, token={SECRET_KEY}")
        return jwks(self.key), {}


def _serve(guard: Authenticator, *credentials: str, path: str = "/") -> None:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": f"email={ADDRESS}"}
    for value in credentials:
        environ["HTTP_AUTHORIZATION"] = value
        request = WSGIRequest(environ)
        try:
            guard.authenticate(request)
        except ToriiAuthError as refusal:
            guard.response_to(refusal, request, adapter="wsgi")


def test_no_canary_is_reported(torii: Emulator) -> None:
    fetch, clock = _Fetch(), Clock()
    verifier = Verifier(URL, fetch=fetch, clock=clock)
    claims = {"iss": URL, "sub": USER_ID, "pid": "env", "iat": clock.time(), "email": ADDRESS}
    claims["exp"] = clock.time() + 60
    good = fetch.key.compact({"alg": "ES256", "kid": KID}, claims)
    expired = fetch.key.compact({"alg": "ES256", "kid": KID}, {**claims, "exp": 1})
    foreign = fetch.key.compact({"alg": "ES256", "kid": KID}, {**claims, "iss": f"https://{KID}"})
    unknown = SigningKey("kid-canary-2").compact({"alg": "ES256", "kid": "kid-canary-2"}, claims)
    with recorded(user_id=True) as told, observed(*KINDS) as heard, all_logged() as records:
        forget_refusals()
        guards = [
            Authenticator(verifier=verifier),
            Authenticator(verifier=verifier, role="admin", email_verified=True),
            Authenticator(verifier=verifier, check=lambda auth: f"{auth.claims['email']}: no."),
        ]
        with told.tracers.get_tracer("app").start_as_current_span("request"):
            for guard in guards:
                for token in (good, expired, unknown, good[:-4] + "AAAA", f"{good} {good}"):
                    _serve(guard, f"Bearer {token}", path=f"/{ADDRESS}")
            for _ in range(25):
                _serve(Authenticator(verifier=Verifier(URL, fetch=fetch)), f"Bearer {foreign}")
        fetch.is_down = True
        clock.advance(90_000)
        _serve(guards[0], f"Bearer {good}")
        Revocations().revoke(USER_ID)
        events = Events("whsec_MDEyMzQ1Njc4OWFiY2RlZg==")
        Receiver(events).respond("POST", {"x": ADDRESS}, sender_of(body(email=ADDRESS)))
        with ToriiClient(secret_key=SECRET_KEY, api_url=torii.api_url, max_retries=0) as client:
            for call in (client.users.get, client.users.delete):
                with pytest.raises(ToriiError):
                    call(USER_ID)
            with pytest.raises(ToriiError):
                client.users.create(email=ADDRESS)
        heard.wait_for(lambda event: isinstance(event, KeysStale))
        spans = [span.to_json() for span in told.spans]
        metrics = [point for name in told.names() for point in told.points(name)]
    seen = {type(event) for event in heard.events}
    assert seen == {*KINDS} - {EventHandled, RevocationsFresh, RevocationsStale}
    assert records and spans and metrics
    # `user.id` was asked for. It is in no metric, and in no text but that of an Auth.
    told_of_user = [text for text in spans if USER_ID in text]
    assert len(told_of_user) == 1 and '"name": "request"' in told_of_user[0]
    reprs = [repr(event) for event in heard.events]
    assert all("Auth(" in text for text in reprs if USER_ID in text)
    everything = "\n".join([*reprs, *records, *spans, repr(metrics)])
    assert URL in everything
    for canary in (KID, ADDRESS, SECRET_KEY, good, good.split(".")[1], good.split(".")[2]):
        assert canary not in everything
    assert USER_ID not in repr(metrics)


def test_a_denial_with_an_auth_shows_ids_only() -> None:
    from torii_backend.testing import make_auth

    denied = PermissionDenied("No.")
    denied.auth = make_auth("user_ada", claims={"email": ADDRESS})
    assert ADDRESS not in repr(denied) + str(denied) + repr(vars(denied))
