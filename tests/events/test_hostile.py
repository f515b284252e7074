"""Whatever is sent, verify_webhook returns an Event or raises InvalidWebhook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.events.deliveries import SECRET, body, sender_of, signed
from tests.support.clock import Clock
from tests.support.fuzzing import any_json, any_text, fuzz
from torii_backend import Events, InvalidWebhook, verify_webhook
from torii_backend.events.receiver import Receiver

NAMES = ["webhook-id", "webhook-timestamp", "webhook-signature"]
# However long the tests before these take, the delivery is not too old.
CLOCK = Clock()
GOOD = signed(body(), sent_at=CLOCK.time())

_names = st.sampled_from([*NAMES, *map(str.title, NAMES), "content-length"]) | any_text
_values = (
    any_text
    | st.sampled_from([*GOOD.values(), "v1,", "v1a,", ",".join(GOOD.values()), "9" * 400])
    | st.binary(max_size=60)
    | st.lists(any_text, max_size=2)
)
hostile_headers = st.one_of(
    st.dictionaries(_names, _values, max_size=5),
    st.lists(st.tuples(_names | st.binary(max_size=20), _values), max_size=5),
    st.builds(lambda name, value: {**GOOD, name: value}, st.sampled_from(NAMES), _values),
)


def _event_or_reason(payload: bytes) -> Any:
    try:
        return verify_webhook(secret=SECRET, headers=signed(payload), payload=payload)
    except InvalidWebhook as refusal:
        return refusal.reason


def _altered(random: Random) -> tuple[Any, Any]:
    """Return a good delivery after a few changes of any kind."""
    pairs: list[tuple[Any, Any]] = [*GOOD.items()]
    payload = body()
    for _ in range(random.randint(1, 3)):
        name, value = pairs.pop(random.randrange(len(pairs))) if pairs else ("webhook-id", "")
        noise = random.randbytes(random.randint(0, 9))
        text = noise.decode("utf-16", "surrogatepass" if len(noise) % 2 == 0 else "replace")
        value = value if isinstance(value, str) else ""
        place = random.randint(0, len(value))
        changes: list[Any] = [
            *(text, noise, [value, text], None, value * random.choice([0, 2, 99])),
            *(
                value[:place],
                f"{value[:place]}{text}{value[place:]}",
                f"v1,{value}",
                f"{value} x,y",
            ),
        ]
        if random.random() < 0.8:
            pairs.append((random.choice([name, name.upper(), text]), random.choice(changes)))
        payload = random.choice([payload, payload + noise, noise + payload, payload[:place]])
    return (pairs if random.random() < 0.5 else dict(pairs)), payload


def test_ten_thousand_altered_deliveries_are_refused_with_our_own_error() -> None:
    random = Random(12)
    for _ in range(10_000):
        headers, payload = _altered(random)
        try:
            verify_webhook(secret=SECRET, headers=headers, payload=payload, clock=CLOCK.time)
        except InvalidWebhook:
            continue
        assert payload == body()


@fuzz
@given(headers=hostile_headers, payload=st.binary(max_size=200) | st.just(body()) | any_text)
def test_a_hostile_delivery_is_refused_with_our_own_error(headers: Any, payload: Any) -> None:
    try:
        event = verify_webhook(secret=SECRET, headers=headers, payload=payload, clock=CLOCK.time)
    except InvalidWebhook:
        return
    assert payload == body()
    assert event.delivery_id == "msg_1"


@fuzz
@given(members=st.dictionaries(st.sampled_from(["type", "id", "created_at", "data"]), any_json))
def test_a_signed_object_is_an_event_or_refused(members: Mapping[str, Any]) -> None:
    found = _event_or_reason(json.dumps(members).encode())
    assert found == "malformed_body" or found.type == members["type"]


@fuzz
@given(payload=st.binary(max_size=200))
def test_signed_noise_is_refused(payload: bytes) -> None:
    assert _event_or_reason(payload) == "malformed_body"


@fuzz
@given(method=any_text | st.just("POST"), headers=hostile_headers, payload=st.binary(max_size=200))
def test_a_receiver_responds_to_everything(method: str, headers: Any, payload: bytes) -> None:
    response = Receiver(Events(SECRET)).respond(method, headers, sender_of(payload))
    assert response.status in {400, 405, 413, 500}
