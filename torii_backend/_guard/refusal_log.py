"""The refusals of guards, for the log and for listeners.

Log lines, by the logger `torii_backend.refusals`: `refused: bad_signature 401 GET flask`. Missing and expired
credentials are everyday, so they are logged at DEBUG, and the rest at INFO.

State: for each reason, when the next line may be logged, and how many were held back since the last one;
and for each set of issuers, how many access tokens in a row came from another issuer. Events: a guard
refuses a request.

- At most one line a second and reason, so that a flood doesn't fill the log.
- A wrong setting refuses everybody. So if the first MANY tokens came from another issuer than the guard
  trusts, that is a WARNING, once. Requests without a well-formed token say nothing about it.
- Both tables are bounded: there is a closed list of reasons, and MAX_ISSUERS.
- `_lock` is never held while anything is logged. It is re-entrant, as garbage collection may run anything
  within it.

Nothing that a client sends is logged: `Refused` has words of closed lists only.
"""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Optional, get_args

from torii_backend._keys.fork_safety import new_lock, reset_in_child
from torii_backend.errors import (
    InvalidTokenReason,
    InvalidWebhookReason,
    PermissionDeniedReason,
    ToriiAuthError,
)
from torii_backend.observing.kinds import Refused
from torii_backend.observing.slots import SLOTS

if TYPE_CHECKING:
    from torii_backend._verify.verifier import Verifier

MANY = 20
MAX_ISSUERS = 1000
OTHER = "_OTHER"  # as in the semantic conventions of OpenTelemetry
REASONS = frozenset(
    {
        *get_args(InvalidTokenReason),
        *get_args(PermissionDeniedReason),
        *get_args(InvalidWebhookReason),
        "missing_credentials",
        "invalid_request",
        "authentication_failed",
        "permission_denied",
        "keys_unavailable",
        "revocations_unavailable",
    }
)
METHODS = frozenset(
    {"", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"}
)
_EVERYDAY = ("missing_credentials", "expired")
_NO_TOKEN = ("missing_credentials", "invalid_request", "malformed")
_SECONDS = 1.0

_logger = logging.getLogger("torii_backend.refusals")


class _Lines:
    """Which lines may be logged."""

    def __init__(self) -> None:
        self.lock = new_lock()
        self.forget()
        reset_in_child(self)

    def forget(self) -> None:
        """Start anew."""
        self.next_at: dict[str, float] = {}
        self.held_back: dict[str, int] = {}
        self.foreign: dict[tuple[str, ...], float] = {}

    def after_fork_in_child(self) -> None:
        """Make a new lock; see `fork_safety`."""
        self.lock = new_lock()

    def due(self, reason: str) -> Optional[int]:
        """Return how many lines were held back if one may be logged now, else None."""
        now = time.monotonic()
        with self.lock:
            held_back = self.held_back.get(reason, 0)
            if now < self.next_at.get(reason, -math.inf):
                self.held_back[reason] = held_back + 1
                return None
            self.next_at[reason], self.held_back[reason] = now + _SECONDS, 0
            return held_back

    def are_all_foreign(self, issuers: tuple[str, ...], reason: str) -> bool:
        """Return whether the first MANY tokens for these issuers came from elsewhere; True once."""
        with self.lock:
            so_far = self.foreign.get(issuers, 0)
            if so_far == 0 and len(self.foreign) >= MAX_ISSUERS:
                return False
            # In a row, and the first ones: any other token ends it for good.
            self.foreign[issuers] = so_far + 1 if reason == "wrong_issuer" else math.inf
            return so_far + 1 == MANY and reason == "wrong_issuer"


_lines = _Lines()


def note_refusal(
    refusal: ToriiAuthError,
    status: int,
    adapter: str,
    method: str,
    verifier: Optional[Verifier] = None,
) -> None:
    """Log a refusal and tell listeners. `verifier` is that of the guard, if it has one."""
    reason = refusal.reason if refusal.reason in REASONS else OTHER
    method = method if method in METHODS else OTHER
    listener = SLOTS.refused
    if listener is not None:
        listener(Refused(reason, status, adapter, method))
    level = logging.DEBUG if reason in _EVERYDAY else logging.INFO
    if _logger.isEnabledFor(level):
        held_back = _lines.due(reason)
        if held_back is not None:
            more = f" ({held_back} more since the last line)" if held_back else ""
            _logger.log(
                level, "refused: %s %d %s %s%s", reason, status, method or "-", adapter, more
            )
    if verifier is not None and reason not in _NO_TOKEN:
        _warn_of_other_issuer(verifier, reason)


def _warn_of_other_issuer(verifier: Verifier, reason: str) -> None:
    issuers = verifier.issuers
    # Verifiers don't tell of each token that they accept, but whether they have accepted any.
    if _lines.foreign.get(issuers, 0) < MANY and _lines.are_all_foreign(
        issuers, "accepted" if verifier.has_accepted else reason
    ):
        _logger.warning(
            "refused: the first %d access tokens were all issued by an issuer other than %s. Set issuer "
            "(or TORII_ISSUER) to the `iss` of your tokens, which `torii explain` shows.",
            MANY,
            ", ".join(issuers),
        )


def forget_refusals() -> None:
    """Forget which lines were logged, for tests."""
    _lines.forget()
