"""The errors: one tree, a status and a reason each, and they survive copying and pickling."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any, get_args

import pytest

from torii_backend import (
    ConfigurationError,
    InboxUnavailable,
    InvalidRequest,
    InvalidToken,
    InvalidWebhook,
    KeysUnavailable,
    MissingCredentials,
    PermissionDenied,
    RevocationsUnavailable,
    ToriiApiError,
    ToriiAuthError,
    ToriiConnectionError,
    ToriiError,
    ToriiTimeout,
)
from torii_backend.errors import (
    SENTENCES,
    WEBHOOK_SENTENCES,
    InvalidTokenReason,
    InvalidWebhookReason,
)

REFUSALS: list[tuple[ToriiAuthError, int, str]] = [
    (MissingCredentials(), 401, "missing_credentials"),
    (InvalidRequest(), 400, "invalid_request"),
    (InvalidRequest("Two of them."), 400, "invalid_request"),
    (InvalidToken("expired"), 401, "expired"),
    (InvalidToken("missing_claim", "sub"), 401, "missing_claim"),
    (PermissionDenied(), 403, "permission_denied"),
    (PermissionDenied("Admins only."), 403, "permission_denied"),
    (KeysUnavailable(), 503, "keys_unavailable"),
    (KeysUnavailable(42), 503, "keys_unavailable"),
    (RevocationsUnavailable(), 503, "revocations_unavailable"),
    (InvalidWebhook("too_old"), 400, "too_old"),
    (InvalidWebhook("invalid_data", "user.id"), 400, "invalid_data"),
]


@pytest.mark.parametrize(("refusal", "status", "reason"), REFUSALS)
def test_status_and_reason(refusal: ToriiAuthError, status: int, reason: str) -> None:
    assert (refusal.status, refusal.reason) == (status, reason)
    assert isinstance(refusal, ToriiError)
    assert str(refusal).endswith(".")


@pytest.mark.parametrize(
    "error",
    [
        *(refusal for refusal, _, _ in REFUSALS),
        ToriiApiError("No.", 409, "taken", "sup-1", {"a": [1]}, "req-1", 7.5),
        ToriiConnectionError("No."),
        ToriiTimeout("No."),
        ConfigurationError("x"),
        InboxUnavailable(),
    ],
)
@pytest.mark.parametrize(
    "through",
    [copy.copy, copy.deepcopy, lambda error: type(error)(*json.loads(json.dumps(error.args)))]
    + [lambda error, p=p: pickle.loads(pickle.dumps(error, p)) for p in range(6)],  # noqa: S301,
)
def test_a_copy_says_the_same(error: ToriiError, through: Any) -> None:
    copied = through(error)
    assert type(copied) is type(error)
    assert str(copied) == str(error)
    assert vars(copied) == vars(error)
    for name in ("status", "reason", "claim", "retry_after", "code", "body", "request_id"):
        assert getattr(copied, name, None) == getattr(error, name, None)


def test_every_reason_has_a_sentence() -> None:
    assert list(SENTENCES) == list(get_args(InvalidTokenReason))
    assert len(set(SENTENCES.values())) == len(SENTENCES)
    assert list(WEBHOOK_SENTENCES) == list(get_args(InvalidWebhookReason))


def test_the_message_names_the_claim_at_fault() -> None:
    assert str(InvalidToken("missing_claim", "sub")) == (
        "The access token is missing a required claim: sub."
    )
    assert str(InvalidToken("expired")) == "The access token has expired."
    assert InvalidToken("expired").claim is None
    assert str(InvalidWebhook("invalid_data", "id")).endswith("that was asked for: id.")


def test_a_configuration_error_is_no_fault_of_the_client() -> None:
    """Applications turn a ValueError into a 400."""
    assert not issubclass(ConfigurationError, ValueError)
    assert not issubclass(ConfigurationError, ToriiAuthError)
    assert not issubclass(KeysUnavailable, InvalidToken)


def test_an_api_error_is_not_a_refusal() -> None:
    """A guard must not answer a browser with what an upstream said to the server."""
    for kind in (ToriiApiError, ToriiConnectionError, ToriiTimeout):
        assert issubclass(kind, ToriiError)
        assert not issubclass(kind, (ToriiAuthError, ConfigurationError))
    assert not issubclass(ToriiConnectionError, ToriiApiError)
    assert not issubclass(ToriiTimeout, (ToriiApiError, ToriiConnectionError))


def test_the_facts_of_an_api_error() -> None:
    error = ToriiApiError("No.", 409, "taken", "sup-1", {"a": 1}, "req-1", 7.5)
    assert (str(error), error.status, error.code) == ("No.", 409, "taken")
    assert (error.support_id, error.body) == ("sup-1", {"a": 1})
    assert (error.request_id, error.retry_after) == ("req-1", 7.5)
    assert repr(error) == "ToriiApiError('No.')"


class OutOfStock(PermissionDenied):
    """A refusal of an application's own."""

    def __init__(self, item: str) -> None:
        super().__init__(f"no {item}")
        self.item = item


def test_an_error_of_your_own_can_be_pickled_and_copied() -> None:
    error = OutOfStock("tea")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301
        assert (type(again), str(again), again.item) == (OutOfStock, "no tea", "tea")
        assert again.reason == error.reason
