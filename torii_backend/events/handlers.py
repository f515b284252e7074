"""The handlers of events: which function runs for which type of event, in which order. Pure."""

from __future__ import annotations

import re
from typing import Any, Callable, NamedTuple, Optional

import msgspec

from torii_backend.errors import ConfigurationError
from torii_backend.events.event import Event
from torii_backend.settings import is_async_function

Function = Callable[[Any], object]

_PATTERN = re.compile(r"(?:[^.*\s]+\.)*(?:\*|[^.*\s]+)\Z")


class Handler(NamedTuple):
    """A function that is registered for some types of events.

    Attributes:
        name: module and qualified name, by which an inbox remembers that it finished.
        data: the type to which the data of an event is converted; None to hand over the event.
    """

    name: str
    function: Callable[[Any], Any]
    patterns: tuple[str, ...]
    data: Optional[Any]
    is_async: bool

    def argument(self, event: Event) -> Any:
        """Return what the function is called with, or raise InvalidWebhook."""
        return event if self.data is None else event.data_as(self.data)


class Handlers:
    """All handlers of one `Events`, in the order in which they were registered."""

    def __init__(self) -> None:
        self.registered: list[Handler] = []
        self.otherwise: Optional[Handler] = None

    def for_type(self, kind: str) -> list[Handler]:
        """Return the handlers for a type of event; the one for all others if there are none."""
        found = [each for each in self.registered if _matches(each.patterns, kind)]
        return found or ([] if self.otherwise is None else [self.otherwise])

    def add(self, function: Function, patterns: tuple[str, ...], data: Optional[Any]) -> None:
        """Register a function for some types."""
        _require_type(data)
        for index, pattern in enumerate(patterns):
            rivals = [*patterns[:index], *self._patterns_of(function)]
            if any(_overlap(pattern, rival) for rival in rivals):
                raise ConfigurationError(f"a handler must be registered once for {pattern!r}.")
        self.registered.append(self._handler(function, patterns, data))

    def set_otherwise(self, function: Function) -> None:
        """Register the function for events that no other one handles."""
        if self.otherwise is not None:
            raise ConfigurationError("otherwise must be used once: there is such a handler.")
        self.otherwise = self._handler(function, (), None)

    def all_sync(self) -> bool:
        """Return whether there is no async handler."""
        every = [*self.registered, *([self.otherwise] if self.otherwise else [])]
        return not any(handler.is_async for handler in every)

    def _patterns_of(self, function: Function) -> list[str]:
        same = [each for each in self.registered if each.function == function]
        return [pattern for each in same for pattern in each.patterns]

    def _handler(
        self, function: Function, patterns: tuple[str, ...], data: Optional[Any]
    ) -> Handler:
        if not callable(function):
            raise ConfigurationError("a handler must be a function that takes one event.")
        named: Any = function if hasattr(function, "__qualname__") else type(function)
        name = f"{named.__module__}.{named.__qualname__}"
        # Lambdas of one module share a name.
        same = sum(each.name.partition("#")[0] == name for each in self.registered)
        name = f"{name}#{same + 1}" if same else name
        return Handler(name, function, patterns, data, is_async_function(function))


def require_patterns(patterns: tuple[Any, ...]) -> None:
    """Check what `on` was called with."""
    for pattern in patterns or (None,):
        if not isinstance(pattern, str) or not _PATTERN.match(pattern):
            raise ConfigurationError(
                "on must be called with types of events, such as 'user.deleted' or 'user.*'."
            )


def _require_type(data: Optional[Any]) -> None:
    if data is None:
        return
    try:
        msgspec.json.Decoder(data)
    except (TypeError, RuntimeError, NameError):
        raise ConfigurationError(
            "data must be a type that msgspec decodes, such as a Struct."
        ) from None


def _matches(patterns: tuple[str, ...], kind: str) -> bool:
    return any(
        kind.startswith(pattern[:-1]) if pattern.endswith("*") else kind == pattern
        for pattern in patterns
    )


def _overlap(one: str, other: str) -> bool:
    """Return whether some type of event matches both patterns."""
    return _matches((one,), other) or _matches((other,), one)
