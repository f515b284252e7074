"""What middleware and decorator share: a request goes on with its Auth, or is answered here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable
from typing import Callable, Optional, cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from torii_backend.auth import Auth, BoundIterator, bind_auth, unbind_auth
from torii_backend.authenticator import Authenticator
from torii_backend.errors import ToriiAuthError
from torii_backend.exempt import scope_paths, target_paths

# Beside `request.auth`, which other packages assign, too.
LET_IN = "_torii_auth"


def answer(
    authenticator: Authenticator,
    request: HttpRequest,
    respond: Callable[[HttpRequest], HttpResponseBase],
) -> HttpResponseBase:
    """Inject the Auth of a request and let `respond` answer it, or refuse it."""
    try:
        auth = authenticator.authenticate(request.META, paths=_paths(request))
    except ToriiAuthError as refusal:
        return _refusal(authenticator, refusal)
    _inject(request, auth)
    token = bind_auth(auth)
    try:
        return _still_bound(auth, respond(request))
    finally:
        unbind_auth(token)


async def answer_async(
    authenticator: Authenticator,
    request: HttpRequest,
    respond: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> HttpResponseBase:
    """Do as `answer`, for an async `respond`, without blocking the event loop."""
    try:
        auth = await authenticator.authenticate_async(request.META, paths=_paths(request))
    except ToriiAuthError as refusal:
        return _refusal(authenticator, refusal)
    _inject(request, auth)
    token = bind_auth(auth)
    try:
        return _still_bound(auth, await respond(request))
    finally:
        unbind_auth(token)


def _paths(request: HttpRequest) -> tuple[str, str]:
    """Return the raw and the decoded path of a request, below the mount point."""
    scope = getattr(request, "scope", None)
    if scope is not None:
        return scope_paths(scope)
    # Of the environ, Django has decoded these two in place.
    return target_paths(request.META, request.META.get("SCRIPT_NAME", ""), request.path_info)


def _inject(request: HttpRequest, auth: Optional[Auth]) -> None:
    for name in ("auth", LET_IN):
        setattr(request, name, auth)


def _refusal(authenticator: Authenticator, refusal: ToriiAuthError) -> HttpResponse:
    challenge = authenticator.challenge(refusal)
    response = HttpResponse(challenge.body, status=challenge.status)
    for name, value in challenge.headers:
        if name.lower() == "set-cookie":
            # Of a header Django keeps one value, but for cookies.
            response.cookies.load(value)
        else:
            response.headers[name] = value
    return response


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
