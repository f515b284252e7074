"""Finding: what one check found. Report: the findings of a topic, whose checks may depend on each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Optional

import msgspec

Status = Literal["ok", "warning", "failed", "unknown"]


class Finding(msgspec.Struct, frozen=True):
    """What one check found.

    Attributes:
        id: names the check, such as `issuer.tls`.
        status: `ok`, `warning`, `failed`, or `unknown` if the check could not be made.
        sentence: what was found.
        remedy: what to do about it; empty if there is nothing to do.
    """

    id: str
    status: Status
    sentence: str
    remedy: str = ""


class Report:
    """The findings of one topic.

    A topic has a fixed list of checks, in the order in which they depend on each other. It may end
    early, on an error or because its time is up. The checks without a finding are then `unknown`.
    """

    def __init__(self, checks: Sequence[str]) -> None:
        self._checks = checks
        self._found: dict[str, Finding] = {}
        self._reason: Optional[str] = None

    def ok(self, check: str, sentence: str) -> None:
        """Note that a check found nothing wrong."""
        self._found[check] = Finding(check, "ok", sentence)

    def warning(self, check: str, sentence: str, remedy: str) -> None:
        """Note what may cause trouble."""
        self._found[check] = Finding(check, "warning", sentence, remedy)

    def failed(self, check: str, sentence: str, remedy: str) -> None:
        """Note what must be changed before sign-in works. Later checks depend on it."""
        self._found[check] = Finding(check, "failed", sentence, remedy)
        self._reason = f"{check} failed"

    def unknown(self, checks: Iterable[str], reason: str) -> None:
        """Note that some checks can't be made, because of `reason`."""
        for check in checks:
            self._found[check] = _unknown(check, reason)

    def give_up(self, reason: str) -> None:
        """Note why the checks that have no finding yet can't be made."""
        self._reason = reason

    def findings(self, reason: str = "an earlier check failed") -> list[Finding]:
        """Return one finding a check. `reason` tells why the topic ended early, if no check failed."""
        found, why = self._found.copy(), self._reason or reason
        return [found.get(check) or _unknown(check, why) for check in self._checks]


def _unknown(check: str, reason: str) -> Finding:
    return Finding(check, "unknown", f"Not checked, because {reason}.")
