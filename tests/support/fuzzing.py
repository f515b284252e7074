"""Settings and strategies of the property tests."""

from __future__ import annotations

import os

from hypothesis import settings
from hypothesis import strategies as st

# Percent. `tox -e coverage` and `tox -e mutants` try them all.
_EXAMPLES = int(os.environ.get("TORII_TESTS_EXAMPLES", "20"))


def examples(number: int) -> int:
    """Return how many examples this run tries, of the number that a property deserves."""
    return max(1, number * _EXAMPLES // 100)


# No deadline, because a busy machine must not fail a test.
fuzz = settings(deadline=None, database=None, max_examples=examples(100))

any_text = st.text(
    st.characters(exclude_categories=()) | st.sampled_from('\ud800\udfff\0\r\n",; '), max_size=60
)

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
)
any_json = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
