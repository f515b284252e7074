"""Why a token was rejected."""

from __future__ import annotations

from typing import Any, Optional

import pytest

from torii_backend import InvalidToken, Verifier


def refusal(verifier: Verifier, token: Any) -> tuple[str, Optional[str]]:
    """Verify a token that must be rejected; return the reason and the claim."""
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(token)
    assert type(caught.value) is InvalidToken
    assert caught.value.status == 401
    return caught.value.reason, caught.value.claim


def reason(verifier: Verifier, token: Any) -> str:
    """Verify a token that must be rejected, but not for one claim; return the reason."""
    word, claim = refusal(verifier, token)
    assert claim is None
    return word
