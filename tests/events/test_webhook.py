"""verify_webhook: the vectors, and one rule after the other."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.events.deliveries import OTHER_SECRET, SECRET, body, signed
from torii_backend import ConfigurationError, Event, InvalidWebhook, verify_webhook
from torii_backend.emulator import sign_webhook
from torii_backend.events import STANDARD_WEBHOOKS, Scheme

NOW = 1767225600
DATA = Path(__file__).parents[1] / "data"
VECTORS = json.loads((DATA / "standard_webhooks_vectors.json").read_text("utf-8"))["vectors"]
PAYLOAD = body()
KEY = base64.b64decode(SECRET[6:])


def verify(
    headers: Any = None, payload: Any = PAYLOAD, secret: Any = SECRET, **settings: Any
) -> Event:
    """Verify a delivery that is good, but for what a test replaces."""
    given = signed(PAYLOAD) if headers is None else headers
    return verify_webhook(secret=secret, headers=given, payload=payload, **settings)


def refused(headers: Any = None, payload: Any = PAYLOAD, **settings: Any) -> str:
    with pytest.raises(InvalidWebhook) as refusal:
        verify(headers, payload, **settings)
    assert refusal.value.status == 400
    return refusal.value.reason


def at(now: float) -> Callable[[], float]:
    return lambda: now


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_vectors_pass_or_are_refused(vector: dict[str, Any]) -> None:
    payload = base64.b64decode(vector["body_b64"])
    try:
        STANDARD_WEBHOOKS((vector["secret"],), vector["headers"], payload, vector["now"], 300)
        found = "accept"
    except InvalidWebhook:
        found = "reject"
    assert found == {"info": "accept"}.get(vector["expect"], vector["expect"])


HEADERS: dict[str, Callable[[dict[str, str]], Any]] = {
    "dict": dict,
    "pairs": lambda headers: list(headers.items()),
    "bytes": lambda headers: [(n.lower().encode(), v.encode()) for n, v in headers.items()],
    "upper case": lambda headers: {name.upper(): value for name, value in headers.items()},
    "environ": lambda headers: {
        "wsgi.input": object(),
        **{f"HTTP_{n.upper().replace('-', '_')}": v for n, v in headers.items()},
    },
    "lists": lambda headers: {name: [value] for name, value in headers.items()},
}


@pytest.mark.parametrize("form", HEADERS)
def test_headers_of_every_form_are_read(form: str) -> None:
    event = verify(HEADERS[form](signed(PAYLOAD)))
    assert (event.id, event.type, event.delivery_id) == ("evt_1", "user.deleted", "msg_1")


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_must_be_there_once(name: str) -> None:
    headers = signed(PAYLOAD)
    missing = {key: value for key, value in headers.items() if key != name}
    assert refused(missing) == "missing_header"
    assert refused([*headers.items(), (name, headers[name])]) == "malformed_header"
    assert refused({**headers, name.title(): headers[name]}) == "malformed_header"
    joined = f"{headers[name]}, {headers[name]}"
    assert refused({**headers, name: joined}) == "malformed_header"


@pytest.mark.parametrize("bad", ["", " ", "x" * 257, "a b", "ä", "a\n", "\0", "a,b"])
def test_the_id_is_short_visible_ascii(bad: str) -> None:
    assert refused(signed(PAYLOAD, delivery_id=bad)) == "malformed_header"


@pytest.mark.parametrize("bad", ["", "now", "1.5", "-1", "+1", "1" * 13, "١٢٣", "0x1", "1e9", " 1"])
def test_the_timestamp_is_a_few_digits(bad: str) -> None:
    assert refused({**signed(PAYLOAD), "webhook-timestamp": bad}) == "malformed_header"


def test_a_dot_in_the_id_shifts_nothing() -> None:
    headers = signed(PAYLOAD, delivery_id="msg.1")
    assert verify(headers).delivery_id == "msg.1"
    moved = {**headers, "webhook-id": "msg", "webhook-timestamp": "1"}
    assert refused(moved, clock=at(1), payload=b"x") == "bad_signature"


@pytest.mark.parametrize(
    ("shift", "reason"), [(-300, None), (300, None), (-301, "too_old"), (301, "too_new")]
)
def test_the_tolerance_counts_both_ways(shift: int, reason: str | None) -> None:
    headers = signed(PAYLOAD, sent_at=NOW + shift)
    if reason is None:
        assert verify(headers, clock=at(NOW)).sent_at.timestamp() == NOW + shift
    else:
        assert refused(headers, clock=at(NOW)) == reason


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf"), None, True, "300"])
def test_the_tolerance_is_a_number_above_zero(bad: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^tolerance must be .*\.$"):
        verify(tolerance=bad)


# Of another time each second, so it can't be a part of a test's name.
GOOD = signed(PAYLOAD)["webhook-signature"][3:]
BESIDE = [
    "v1",
    "v1,",
    ",",
    "",
    "v2,abcd",
    "v1,a,b",
    "v1,***",
    "v1,\u20ac",
    "V1," + GOOD,
    "v1a," + GOOD,
]


@pytest.mark.parametrize("beside", BESIDE, ids=range(len(BESIDE)))
def test_what_is_not_a_signature_is_skipped(beside: str) -> None:
    headers = signed(PAYLOAD)
    good = headers["webhook-signature"]
    assert verify({**headers, "webhook-signature": f"{beside} {good}"})
    assert refused({**headers, "webhook-signature": beside}) == "bad_signature"


def test_sixteen_signatures_are_looked_at() -> None:
    headers = signed(PAYLOAD)
    good = headers["webhook-signature"]
    assert verify({**headers, "webhook-signature": "v1,AAAA " * 15 + good})
    assert refused({**headers, "webhook-signature": "v1,AAAA " * 16 + good}) == "bad_signature"


def test_a_signature_has_one_spelling() -> None:
    headers = signed(PAYLOAD)
    good = headers["webhook-signature"]
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".index(good[-2])
    other = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[last ^ 1]
    for bad in (good.rstrip("="), f"{good}=", f"{good[:-2]}{other}=", good.replace("v1,", "v1, ")):
        assert refused({**headers, "webhook-signature": bad}) == "bad_signature"


def test_each_secret_counts_while_one_is_rotated() -> None:
    both = [OTHER_SECRET, SECRET]
    for secret in (both, tuple(both), ",".join(both), f" {both[0]} \n{both[1]},"):
        assert verify(secret=secret)
    assert refused(secret=OTHER_SECRET) == "bad_signature"
    assert verify(sign_webhook(secret=both, payload=PAYLOAD), secret=SECRET)


@pytest.mark.parametrize(
    "secret", [SECRET, SECRET.rstrip("="), SECRET[6:], SECRET[6:].rstrip("="), KEY]
)
def test_a_secret_has_several_spellings(secret: Any) -> None:
    assert verify(secret=secret)


BAD_SECRETS: list[Any] = [
    *(None, "", " ", ",", [], [""], 7, {}, [None], "whsec_", "whsec_***", "whsec_abc"),
    *("whsec_MDEyMzQ1Njc4OWFiY2Rl", b"short", b"whsec_MDEyMzQ1Njc4OWFiY2RlZg==", "äöü"),
    *(SECRET + "é", "whpk_MDEyMzQ1Njc4OWFiY2RlZg==", "whsk_" + SECRET[6:], [SECRET] * 9),
]


@pytest.mark.parametrize("bad", BAD_SECRETS, ids=repr)
def test_a_wrong_secret_is_a_mistake_that_is_not_quoted(bad: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^secret must be .*\.$") as mistake:
        verify(secret=bad)
    assert not isinstance(bad, str) or len(bad) < 9 or bad[6:] not in str(mistake.value)


def test_a_public_key_verifies_v1a_and_nothing_else() -> None:
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    private = ed25519.Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    secret = "whpk_" + base64.b64encode(public).decode()
    headers = signed(PAYLOAD)
    content = f"msg_1.{headers['webhook-timestamp']}.".encode() + PAYLOAD
    good = base64.b64encode(private.sign(content)).decode()
    assert verify({**headers, "webhook-signature": f"v1a,{good}"}, secret=secret)
    assert verify({**headers, "webhook-signature": f"v1a,AAAA v1a,{good}"}, secret=secret)
    for bad in (f"v1,{good}", f"v1a,{good}=", "v1a,AAAA", f"v1a,{'A' * 88}"):
        assert refused({**headers, "webhook-signature": bad}, secret=secret) == "bad_signature"
    # An HMAC whose key is the public key, which an attacker knows.
    forged = sign_webhook(secret=public, payload=PAYLOAD)
    assert refused(forged, secret=secret) == "bad_signature"
    v1a = {**forged, "webhook-signature": forged["webhook-signature"].replace("v1,", "v1a,")}
    assert refused(v1a, secret=secret) == "bad_signature"
    assert refused({**headers, "webhook-signature": f"v1a,{good}"}) == "bad_signature"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda payload: payload.decode()])
def test_the_payload_is_the_raw_body(kind: Callable[[bytes], Any]) -> None:
    assert verify(payload=kind(PAYLOAD)).type == "user.deleted"


@pytest.mark.parametrize("bad", [json.loads(PAYLOAD), [], None, 7])
def test_a_parsed_payload_is_a_mistake(bad: Any) -> None:
    with pytest.raises(TypeError, match="pass the raw body"):
        verify(payload=bad)


def test_text_that_was_never_bytes_is_not_an_event() -> None:
    assert refused(payload="\ud800") == "malformed_body"


def test_a_large_payload_is_refused_before_it_is_hashed() -> None:
    assert verify(max_bytes=len(PAYLOAD))
    assert refused(max_bytes=len(PAYLOAD) - 1) == "too_large"
    assert refused({}, b"x" * 1_048_577) == "too_large"
    with pytest.raises(ConfigurationError, match=r"^max_bytes must be .*\.$"):
        verify(max_bytes=0)


NO_EVENTS = [
    *(b"", b"x", b"[]", b"null", b'"type"', b"{}", b'{"type": 1}', b'{"type": ""}', b"[" * 200_000),
    *(b'{"type":"\xff"}', b'{"type":"a","id":1}', b'{"type":"a"}{}', b'{"type":"a","id":""}'),
    b'{"type":"a","created_at":1e999}',
    b'{"type":"a","data":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
]


@pytest.mark.parametrize("payload", NO_EVENTS, ids=lambda payload: repr(payload[:30]))
def test_a_signed_body_that_is_not_an_event_is_refused(payload: bytes) -> None:
    assert refused(signed(payload), payload) == "malformed_body"


def test_other_header_names() -> None:
    headers = sign_webhook(secret=SECRET, payload=PAYLOAD, prefix="svix-")
    assert verify(headers, scheme=Scheme("Svix-"))
    assert refused(headers) == "missing_header"
    for bad in ("", "a b", None):
        with pytest.raises(ConfigurationError, match=r"^prefix must .*\.$"):
            Scheme(bad)  # type: ignore[arg-type]


def test_a_scheme_of_your_own() -> None:
    def hexadecimal(
        secrets: Any, headers: Any, payload: bytes, now: float, tolerance: float
    ) -> Any:
        if (secrets, headers, tolerance) != (("my secret".replace(" ", "-"),), {"x": "y"}, 300.0):
            raise InvalidWebhook("bad_signature")
        return "msg_9", verify().sent_at

    assert verify({"x": "y"}, secret="my-secret", scheme=hexadecimal).delivery_id == "msg_9"
    assert refused({"x": "z"}, secret="my-secret", scheme=hexadecimal) == "bad_signature"
    with pytest.raises(ConfigurationError, match=r"^scheme must be .*\.$"):
        verify(scheme="svix-")


@pytest.mark.parametrize("headers", [7, ["x"], [("a", "b", "c")], {"webhook-id": 7}])
def test_what_is_not_headers_is_a_mistake(headers: Any) -> None:
    with pytest.raises(TypeError, match="header"):
        verify(headers)


def test_a_million_signatures_and_headers_take_no_time() -> None:
    headers = {**signed(PAYLOAD), "webhook-signature": "v1,AAAA " * 1_000_000}
    began = time.process_time()
    assert refused(headers) == "bad_signature"
    assert refused({**headers, "webhook-signature": "v1" * 1_000_000}) == "bad_signature"
    assert time.process_time() - began < 5  # quadratic time would take minutes
