"""The fixtures of every room of the core."""

from tests.support.fixtures import (  # noqa: F401
    _clean_environment,
    _no_shared_verifiers,
    _own_limits,
    _torii_on_loopback,
    clock,
    issuer,
    key,
    server,
    verifier,
)
