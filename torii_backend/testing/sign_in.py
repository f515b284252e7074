"""Sign a user in for a test: `auth_as`, `signed_out` and `refused`.

The blocks that are open in this context are a tuple in a context variable, the innermost last. A test
enters a block in its thread, and so do its tasks. A test client that calls the app in another thread
hands the context on. Other threads start with an empty one.

A guard asks for the innermost block if a request has no credentials (`stand_in_of_test` of the
Authenticator's module). That name is set when the first block is opened, and stays: outside of blocks the
function there returns None, and nothing is different.

A block that has ended signs nobody in, in whatever context: a task or a server that it started may live
on, and an async fixture may end in another context than it began in. So the blocks that are open
anywhere are in `_open_anywhere`, and only these count. It is a dict for its order, and each of its
operations is atomic, so there is no lock. In a forked child it is empty.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import wraps
from inspect import getattr_static, isasyncgenfunction, isgeneratorfunction
from types import TracebackType
from typing import Any, Callable, Optional, TypeVar, Union, cast, get_args

from torii_backend._guard import authenticator
from torii_backend._guard.authenticator import StandIn
from torii_backend._guard.context import current_binding, restore_binding
from torii_backend._verify.verifier import Verifier
from torii_backend.auth import Auth
from torii_backend.errors import InvalidToken, InvalidTokenReason, ToriiAuthError
from torii_backend.settings import is_async_function, refuse_live_key
from torii_backend.testing.identity import Identity

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

# The attribute of a method that the decorator of a class wrapped: what it wrapped.
_WRAPPED = "__torii_wrapped__"
_HERE = "torii_backend.testing"


class AuthBlock:
    """What `auth_as`, `signed_out` and `refused` return: a context manager, and a decorator.

    You can enter one several times, also at the same time.

    Args:
        make: makes what takes the place of credentials, each time the block is entered. None if nothing
            does.
    """

    def __init__(self, make: Callable[[], Optional[StandIn]]) -> None:
        self._make = make

    def __enter__(self) -> None:
        """Begin the block.

        Raises:
            ConfigurationError: TORII_SECRET_KEY is a live key.
        """
        refuse_live_key(_HERE)
        authenticator.stand_in_of_test = _innermost
        opened = OpenBlock(self, self._make())
        _open_anywhere[opened] = None
        _open_here.set((*_still_open(), opened))

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """End the block. The one around it counts again."""
        # Of several that are open, that of this context; from another context, the latest.
        for each in (*reversed(_still_open()), *reversed(open_blocks())):
            if each.block is self:
                each.end()
                return

    def __call__(self, test: Decorated) -> Decorated:
        """Decorate a test, a fixture, a class of tests, or an app.

        Args:
            test: a function, plain or async, or a generator function. Of a class, each method whose name
                begins with `test` is decorated, inherited ones as well; `setUp` is not. An app of ASGI
                or WSGI, for a client that calls it in an empty context.

        Returns:
            A function with the same signature, or the same class.

        Raises:
            TypeError: it is something else, such as an async generator.
        """
        if isinstance(test, type):
            for name in dir(test):
                if name.startswith("test"):
                    self._decorate_method(test, name)
            return cast("Decorated", test)
        if isinstance(test, (staticmethod, classmethod)):
            return cast("Decorated", type(test)(self(test.__func__)))
        if not callable(test) or isasyncgenfunction(test):
            raise TypeError(
                "auth_as must decorate a function or a class, such as a test. In an async generator, "
                "write `with auth_as(...):`."
            )
        return cast("Decorated", _wrapped(self, test))

    def _decorate_method(self, kind: type, name: str) -> None:
        method = getattr_static(kind, name)
        inner = getattr(method, "__func__", method)
        if not callable(inner) or isinstance(inner, type):
            return
        # The decorator of a base class would be the inner one, and win.
        undecorated = getattr(inner, _WRAPPED, inner)
        decorated = _wrapped(self, undecorated)
        setattr(decorated, _WRAPPED, undecorated)
        is_bound_otherwise = isinstance(method, (staticmethod, classmethod))
        setattr(kind, name, type(method)(decorated) if is_bound_otherwise else decorated)


class OpenBlock:
    """A block that was entered: what takes the place of credentials, and `current_auth()` before.

    Args:
        block: what was entered.
        stand_in: takes the place of credentials. None if nothing does.
    """

    __slots__ = ("_binding", "block", "stand_in")

    def __init__(self, block: AuthBlock, stand_in: Optional[StandIn]) -> None:
        self.block: AuthBlock = block
        self.stand_in: Optional[StandIn] = stand_in
        self._binding = current_binding()

    def end(self) -> None:
        """End it in all contexts."""
        if _open_anywhere.pop(self, self) is None and self in _open_here.get():
            _open_here.set(_still_open())
            # Where a test calls a view of REST framework or django-ninja, nobody closes the request.
            restore_binding(self._binding)


_open_here: ContextVar[tuple[OpenBlock, ...]] = ContextVar("torii_backend.testing", default=())
_open_anywhere: dict[OpenBlock, None] = {}
if hasattr(os, "register_at_fork"):
    # A server that a test starts in another process isn't signed in, however it is started.
    os.register_at_fork(after_in_child=_open_anywhere.clear)


def open_blocks() -> tuple[OpenBlock, ...]:
    """Return all blocks that are open in this process, in the order in which they were entered."""
    return tuple(_open_anywhere)


def _still_open() -> tuple[OpenBlock, ...]:
    """Return the open blocks of this context, the innermost last."""
    return tuple(each for each in _open_here.get() if each in _open_anywhere)


def _innermost() -> Optional[StandIn]:
    blocks = _still_open()
    if not blocks:
        return None
    # It may have been set since.
    refuse_live_key(_HERE)
    return blocks[-1].stand_in


class _SignedIn:
    """Signs one user in: the same Auth for all guards of an issuer."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._auths: dict[str, Auth] = {}

    def __call__(self, verifier: Verifier) -> Union[Auth, ToriiAuthError]:
        """Return the Auth for a guard, or the refusal that its token would get."""
        issuers = verifier.issuers
        issuer = next((each for each in issuers if each in self._auths), issuers[0])
        auth = self._auths.get(issuer)
        if auth is None or verifier.seconds_left(auth) <= 0 or time.time() < auth.claims["iat"]:
            # Time may have passed, in a debugger or by a frozen clock, or the clock was put back. Users
            # renew their tokens, too.
            auth = self._auths[issuer] = self._identity.auth(issuer)
        return auth if verifier.seconds_left(auth) > 0 else InvalidToken("expired")


def auth_as(
    user_id: str = "user_test",
    *,
    role: Optional[str] = None,
    organization: Optional[str] = None,
    email_verified: bool = True,
    profile_complete: bool = True,
    actor: Optional[str] = None,
    locale: Optional[str] = None,
    claims: Optional[Mapping[str, Any]] = None,
    expires_in: int = 300,
) -> AuthBlock:
    """Sign a user in for a test, without a token.

        with auth_as("user_ada", role="admin"):
            client.get("/invoices")

        @auth_as("user_ada")
        def test_me(client): ...

    Each guarded request of the block that has no bearer credentials is that user's. The guard does all
    the rest: `exempt`, policies and `on_error`. A request with credentials is judged by these.

    Args:
        user_id: the signed-in user (`sub`).
        role: the user's role in the active organization.
        organization: the id of the active organization. `org_test` if you leave it out and name a role.
        email_verified: the claim of this name.
        profile_complete: the claim of this name.
        actor: the id of a user who impersonates this one.
        locale: the claim of this name, such as `en`. The Auth has none if you leave it out.
        claims: more claims, such as `{"plan": "pro"}`. Those that have an argument can't be among them.
        expires_in: seconds until the token would expire, 300 by default. It counts for
            `close_on_expiry`. For a token that has expired, write `refused("expired")`.

    Returns:
        A context manager that is also a decorator of functions and classes.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument has the wrong value.
    """
    if callable(user_id):
        raise TypeError("auth_as must be called: write @auth_as() above the test.")
    identity = Identity(
        user_id,
        role=role,
        organization=organization,
        email_verified=email_verified,
        profile_complete=profile_complete,
        actor=actor,
        locale=locale,
        claims=claims,
        expires_in=expires_in,
    )
    return AuthBlock(lambda: _SignedIn(identity))


def signed_out() -> AuthBlock:
    """Sign nobody in for a part of a test: requests without credentials are just that.

    Returns:
        A context manager that is also a decorator of functions and classes.
    """
    return AuthBlock(lambda: None)


def refused(reason: Union[InvalidTokenReason, ToriiAuthError]) -> AuthBlock:
    """Let guards refuse each request that has no bearer credentials, as if it had a bad token.

    Args:
        reason: why the token is rejected, such as `expired`; or the error that the guard raises, such
            as `KeysUnavailable(7)`.

    Returns:
        A context manager that is also a decorator of functions and classes.

    Raises:
        TypeError: it is neither text nor a ToriiAuthError.
        ValueError: the reason is unknown.
    """
    known = get_args(InvalidTokenReason)
    if isinstance(reason, str) and reason not in known:
        raise ValueError(f"reason must be one of {', '.join(known)}, or a ToriiAuthError.")
    if not isinstance(reason, (str, ToriiAuthError)):
        raise TypeError(
            "reason must be a word such as 'expired', or a ToriiAuthError such as KeysUnavailable(7)."
        )
    error = InvalidToken(reason) if isinstance(reason, str) else reason
    # Without the frames of the request before.
    return AuthBlock(lambda: lambda _: error.with_traceback(None))


def _wrapped(block: AuthBlock, test: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the same kind that runs in a block."""

    @wraps(test)
    def plain(*args: Any, **kwargs: Any) -> Any:
        with block:
            return test(*args, **kwargs)

    @wraps(test)
    def generator(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with block:
            yield from test(*args, **kwargs)

    @wraps(test)
    async def asynchronous(*args: Any, **kwargs: Any) -> Any:
        with block:
            return await test(*args, **kwargs)

    if isgeneratorfunction(test):
        return generator
    return asynchronous if is_async_function(test) else plain
