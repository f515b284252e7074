"""What an error shows of the secret key when it is printed, stored or reported."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

import torii_backend
from torii_backend import ToriiError

from .conftest import KEY

PACKAGE = str(Path(torii_backend.__file__).parent)
# Long enough that no other text has it by chance.
PART = KEY[8:]


def shown_by(error: BaseException) -> Iterator[str]:
    """Give all that an error shows: its texts, its attributes, and the variables of our frames."""
    seen: set[int] = set()
    queue: list[Optional[BaseException]] = [error]
    while queue:
        error_or_none = queue.pop()
        if error_or_none is None or id(error_or_none) in seen:
            continue
        seen.add(id(error_or_none))
        yield from (str(error_or_none), repr(error_or_none), repr(error_or_none.args))
        yield repr(vars(error_or_none))
        yield from _variables(error_or_none)
        queue += [error_or_none.__cause__, error_or_none.__context__]
    yield "".join(traceback.format_exception(type(error), error, error.__traceback__))
    if isinstance(error, ToriiError):
        yield repr(pickle.dumps(error))


def _variables(error: BaseException) -> Iterator[str]:
    whole = traceback.TracebackException(
        type(error), error, error.__traceback__, capture_locals=True
    )
    for line in whole.stack:
        if line.filename.startswith(PACKAGE):
            yield f"{line.filename}:{line.lineno} {line.locals}"
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(PACKAGE):
            # As tools for error reports do it, which look into containers.
            for name, value in frame.f_locals.items():
                if isinstance(value, (str, bytes, bytearray, dict, list, tuple)):
                    yield f"{name}: {value!r}"


def assert_hidden(error: BaseException, part: str = PART) -> None:
    for text in shown_by(error):
        assert part not in text
