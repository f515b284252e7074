"""A request goes on with its Auth, or is answered: what middleware, decorator and mixin share."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Iterable
from functools import partial
from typing import Callable, Optional, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.context import BoundIterator, bind_auth, unbind_auth
from torii_backend._guard.options import GuardOptions, check_options, view_options
from torii_backend._guard.raw_path import scope_paths, target_paths
from torii_backend._guard.refusal import RefusalResponse
from torii_backend._guard.request import WSGIRequest
from torii_backend.auth import Auth
from torii_backend.django.options import configured_options, configured_user_resolver
from torii_backend.django.users import inject_user
from torii_backend.errors import ToriiAuthError

Respond = Callable[[HttpRequest], HttpResponseBase]
RespondAsync = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class Guard:
    """Guards requests the way it is configured.

    Args:
        options: the keywords of `torii_backend._guard.options.GuardOptions`.

    Attributes:
        finds_users: whether `request.user` is the answer of USER_RESOLVER.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """

    def __init__(self, options: GuardOptions) -> None:
        self._authenticator = Authenticator(**options)
        self._preflight = options.get("preflight", True)
        self._user_of = configured_user_resolver()
        self.finds_users: bool = self._user_of is not None

    def identify(self, request: HttpRequest) -> Optional[Auth]:
        """Verify the bearer token of a request; no policy is asked yet."""
        return self._authenticator.identify(_DjangoRequest(request))

    async def identify_async(self, request: HttpRequest) -> Optional[Auth]:
        """Async version of `identify`."""
        return await self._authenticator.identify_async(_DjangoRequest(request))

    def authorize(self, auth: Optional[Auth]) -> None:
        """Enforce the policy."""
        self._authenticator.authorize(auth)

    async def authorize_async(self, auth: Optional[Auth]) -> None:
        """Async version of `authorize`."""
        await self._authenticator.authorize_async(auth)

    def admit(self, request: HttpRequest) -> Optional[Auth]:
        """Identify the user, enforce the policy, and inject the Auth."""
        auth = self.identify(request)
        self.authorize(auth)
        return self.inject(request, auth)

    async def admit_async(self, request: HttpRequest) -> Optional[Auth]:
        """Async version of `admit`."""
        auth = await self.identify_async(request)
        await self.authorize_async(auth)
        return self.inject(request, auth)

    def inject(self, request: HttpRequest, auth: Optional[Auth]) -> Optional[Auth]:
        """Set `request.auth`, and `request.user` if the project maps an Auth to a user."""
        request.auth = auth  # type: ignore[attr-defined]
        if self._user_of is not None and auth is not None:
            inject_user(request, partial(self._user_of, auth))
        return auth

    def passes_preflight(self, request: HttpRequest) -> bool:
        """Tell whether a request may pass as nobody's because it is a CORS preflight."""
        return self._preflight and _DjangoRequest(request).is_preflight()

    def response_to(self, refusal: ToriiAuthError, request: HttpRequest) -> RefusalResponse:
        """Return the answer to a refusal, in no framework's form."""
        return self._authenticator.response_to(refusal, _DjangoRequest(request))

    def refuse(self, refusal: ToriiAuthError, request: HttpRequest) -> HttpResponse:
        """Return the answer to a refusal."""
        challenge = self.response_to(refusal, request)
        response = HttpResponse(challenge.body, status=challenge.status)
        for name, value in challenge.headers:
            if name.lower() == "set-cookie":
                # Of a header Django keeps one value, but for cookies.
                response.cookies.load(value)
            else:
                response.headers[name] = value
        return response

    def answer(self, request: HttpRequest, respond: Respond) -> HttpResponseBase:
        """Let `respond` answer a request that may pass, or refuse it."""
        try:
            auth = self.admit(request)
        except ToriiAuthError as refusal:
            return self.refuse(refusal, request)
        return pass_on(auth, request, respond)

    async def answer_async(self, request: HttpRequest, respond: RespondAsync) -> HttpResponseBase:
        """Do as `answer`, for an async `respond`."""
        try:
            auth = await self.admit_async(request)
        except ToriiAuthError as refusal:
            return self.refuse(refusal, request)
        return await pass_on_async(auth, request, respond)


class ViewGuard:
    """The guard of views with certain options; it follows the settings when tests change them.

    Args:
        options: the keywords of `torii_backend._guard.options.GuardOptions`; for those not given
            `settings.TORII` counts, except REQUIRED and EXEMPT.

    Raises:
        ConfigurationError: an option is wrong.
    """

    def __init__(self, options: GuardOptions) -> None:
        check_options(options)
        self._options = options
        self._made: Optional[tuple[object, Guard]] = None

    @property
    def guard(self) -> Guard:
        """The guard, as the settings are now.

        Raises:
            ConfigurationError: a setting is missing or wrong.
        """
        source = (getattr(settings, "TORII", None), os.environ.get("TORII_ISSUER"))
        if self._made is None or self._made[0] != source:
            self._made = source, Guard(view_options(configured_options(), self._options))
        return self._made[1]


def pass_on(auth: Optional[Auth], request: HttpRequest, respond: Respond) -> HttpResponseBase:
    """Answer a request that was let in, with `current_auth()` bound."""
    token = bind_auth(auth)
    try:
        return _still_bound(auth, respond(request))
    finally:
        unbind_auth(token)


async def pass_on_async(
    auth: Optional[Auth], request: HttpRequest, respond: RespondAsync
) -> HttpResponseBase:
    """Do as `pass_on`, for an async `respond`."""
    token = bind_auth(auth)
    try:
        return _still_bound(auth, await respond(request))
    finally:
        unbind_auth(token)


class _DjangoRequest(WSGIRequest):
    """A request as Django has it; of the environ, it has decoded the paths in place."""

    __slots__ = ("_request",)

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.META)
        # Another middleware may have changed it, and views go by this one.
        self.method = request.method or ""
        self._request = request

    def paths(self) -> tuple[str, str]:
        """Return the path as it was sent, and the one that Django goes by, below the mount point."""
        # What the server says, or FORCE_SCRIPT_NAME.
        mount = self.environ.get("SCRIPT_NAME", "").rstrip("/")
        path = self._request.path_info
        scope = getattr(self._request, "scope", None)
        if scope is None:
            return target_paths(self.environ, mount, path)
        raw_path, _ = scope_paths({**scope, "root_path": mount})
        return raw_path, path


def _still_bound(auth: Optional[Auth], response: HttpResponseBase) -> HttpResponseBase:
    """Keep `current_auth()` for a body that streams: that is after the guard has returned."""
    if isinstance(response, StreamingHttpResponse) and not hasattr(response, "file_to_stream"):
        chunks = response.streaming_content
        if response.is_async:
            response.streaming_content = _stream_async(auth, cast("AsyncIterator[bytes]", chunks))
        else:
            response.streaming_content = BoundIterator(auth, cast("Iterable[bytes]", chunks))
    return response


async def _stream_async(auth: Optional[Auth], chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    iterator = chunks.__aiter__()
    while True:
        token = bind_auth(auth)
        try:
            chunk = await iterator.__anext__()
        except StopAsyncIteration:
            return
        finally:
            unbind_auth(token)
        yield chunk
