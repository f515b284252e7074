"""The fixtures of every room of the core."""

from tests.support.fixtures import _clean_environment, _no_shared_verifiers  # noqa: F401
