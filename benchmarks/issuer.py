"""Issuer: an emulator that signs the tokens which are verified here."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple
from urllib.request import urlopen

from torii_backend.emulator import Emulator


class Issuer(NamedTuple):
    """A running issuer.

    Attributes:
        url: the configured issuer, on a loopback port.
        jwks: its JWKS document.
        emulator: what serves it.
    """

    url: str
    jwks: str
    emulator: Emulator

    def tokens(self) -> Iterator[str]:
        """Sign tokens of users in an organization, one different from the other, without end."""
        claims = {"org_id": "01970000-0000-7000-8000-00000000abcd", "org_role": "admin"}
        for number in count():
            issued = self.emulator.issue_token(
                user_id=f"01970000-0000-7000-8000-{number:012}", claims=claims, expires_in=3600
            )
            yield issued.access_token


@contextmanager
def running_issuer() -> Generator[Issuer, None, None]:
    """Run an issuer while the with block lasts."""
    with Emulator() as emulator:
        address = f"{emulator.issuer}/_torii/.well-known/jwks.json"
        with urlopen(address, timeout=5) as answer:  # noqa: S310
            jwks = answer.read().decode()
        yield Issuer(emulator.issuer, jwks, emulator)
