"""The fixtures of every room of the core."""

from tests.support.editor import jedi  # noqa: F401
from tests.support.fixtures import (  # noqa: F401
    _clean_environment,
    _no_shared_verifiers,
    clock,
    issuer,
    key,
    server,
    verifier,
)
