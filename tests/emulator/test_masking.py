"""What the request log keeps of bodies and paths: never a secret."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import fuzz
from torii_backend.emulator.masking import masked_body, masked_text

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c2VyX2FkYSJ9.c2lnbmF0dXJl"


def _masked(document: Any) -> Any:
    text = masked_body(json.dumps(document).encode(), JSON)
    assert text is not None
    return json.loads(text)


@pytest.mark.parametrize(
    "name",
    ["password", "newPassword", "current_password", "token", "accessToken", "sessionToken",
     "refresh_token", "secret", "clientSecret", "secretKey", "ticket", "codeVerifier", "apiKey",
     "Authorization", "cookie", "otp"],
)  # fmt: skip
def test_fields_with_secrets_are_masked_at_any_depth(name: str) -> None:
    for value in ("hunter2hunter2", 7, ["a"], {"b": "c"}):
        assert _masked({"a": [{name: value}], "b": 1}) == {"a": [{name: "…"}], "b": 1}
    assert _masked({name: None}) == {name: None}


def test_codes_are_masked_but_names_of_errors_are_not() -> None:
    assert _masked({"code": "123456", "email": "ada@example.com"}) == {
        "code": "…",
        "email": "ada@example.com",
    }
    assert _masked([{"code": 123456}, {"verificationCode": "A1b2"}]) == [
        {"code": "…"},
        {"verificationCode": "…"},
    ]
    error = {"error": {"code": "email_taken", "message": "The email is already in use."}}
    assert _masked(error) == error


def test_keys_tokens_and_queries_are_masked_in_every_text() -> None:
    assert _masked({"note": f"Bearer {JWT}, sk_test_abc and whsec_YWJj/+="}) == {
        "note": "Bearer …, … and …"
    }
    assert _masked({"url": "http://torii/x?token=abc&theme=dark#at=1"}) == {
        "url": "http://torii/x?token=…&theme=…#at=…"
    }
    assert _masked({"sk_live_123": 1, "key_sk_test_1": 2}) == {"…": 1, "key_…": 2}
    assert masked_text(f"/x/{JWT}/y") == "/x/…/y"


@pytest.mark.parametrize(
    "body",
    [
        b'{"email": "ada@example.com", "password": "hunter2hunter2"',
        b"{'email': 'ada@example.com', 'password': 'hunter2hunter2'}",
        b"ada@example.com:hunter2hunter2",
        b"email=ada%40example.com;password=hunter2hunter2",
    ],
)
def test_what_only_claims_to_be_a_form_reveals_no_secret(body: bytes) -> None:
    """curl names this type if you don't, so a typo in JSON arrives as a form."""
    assert "hunter2" not in (masked_body(body, FORM) or "")


def test_forms_are_masked_too() -> None:
    body = b"email=ada%40example.com&password=hunter2&code=123456"
    assert masked_body(body, FORM) == "email=ada%40example.com&password=…&code=…"
    assert (
        masked_body(b'{"password": "hunter2"}', FORM) == '{"password":"…"}'
    )  # as curl -d sends it


@pytest.mark.parametrize(
    ("body", "mimetype"),
    [
        (b"", JSON),
        (b"password=hunter2", "text/plain"),
        (b'{"password": "hunter2', JSON),
        (b'<p data-token="abc">', "text/html"),
        (b"\xff", FORM),
        (b"&".join([b"a=1"] * 101), FORM),
        (b"[" * 5000 + b"]" * 5000, JSON),
        (b'"' + b"a" * 65536 + b'"', JSON),
    ],
)
def test_other_bodies_are_not_kept(body: bytes, mimetype: str) -> None:
    assert masked_body(body, mimetype) is None


@pytest.mark.parametrize("character", ["a", "ä", "€", "😀"])
def test_a_long_body_is_cut_to_4_kib(character: str) -> None:
    kept = masked_body(json.dumps({"note": character * 5000}).encode(), JSON)
    assert kept is not None
    assert 4090 < len(kept.encode()) <= 4096
    assert kept.endswith(f"{character}…")


def test_what_is_cut_off_is_not_worked_on() -> None:
    """Else a list of a hundred users would take as long to mask as to find."""
    users = [{"id": n, "email": f"user{n}@example.com"} for n in range(1000)]
    whole = json.dumps(users, separators=(",", ":"))
    kept = masked_body(whole.encode(), JSON)
    assert kept is not None
    assert whole.startswith(kept[:-1])
    assert 4090 < len(kept.encode()) <= 4096


def test_a_text_of_many_beginnings_of_tokens_takes_no_time() -> None:
    for text in ("eyJ-" * 15_000, "?a" * 30_000, "sk_test" * 9_000, "whsec_" * 10_000):
        assert masked_body(json.dumps({"note": text}).encode(), JSON) is not None


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@fuzz
@given(_VALUES, st.sampled_from(["password", "token", "secretKey"]))
def test_no_document_reveals_its_secret(document: Any, name: str) -> None:
    whole = {
        "first": document,
        name: "hunter2hunter2",
        "last": [{name: {"deep": "hunter2hunter2"}}],
    }
    assert "hunter2" not in json.dumps(_masked(whole))


@fuzz
@given(st.binary(max_size=300), st.sampled_from([JSON, FORM, "text/html", ""]))
def test_any_bytes_are_masked_without_an_error(body: bytes, mimetype: str) -> None:
    kept = masked_body(body, mimetype)
    assert kept is None or len(kept.encode()) <= 4096
