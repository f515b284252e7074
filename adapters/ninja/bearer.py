"""What stands in `auth=` of an API, a router or an operation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Optional, Union

from django.http import HttpRequest
from ninja.security.http import HttpAuthBase

from torii_backend._guard.options import GuardOptions
from torii_backend.auth import Auth
from torii_backend.django.binding import bind_until_closed
from torii_backend.django.guard import Guard, ViewGuard
from torii_backend.errors import ToriiAuthError
from torii_backend.ninja.refused import Refused, teach

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Nobody:
    """What `request.auth` is where a request was let in without credentials.

    django-ninja lets in nothing that is false, such as None. `current_auth()` is None as ever.
    """

    def __repr__(self) -> str:
        return "Nobody()"


_NOBODY = Nobody()


class ToriiBearer(HttpAuthBase):
    """Lets only authenticated requests through; one bearer scheme in the OpenAPI document.

    In a list it stands last: it refuses a request without credentials, and asks nobody else.

    Args:
        options: the keywords of `torii_backend._guard.options.GuardOptions`; for those not given
            `settings.TORII` counts, except REQUIRED and EXEMPT.

    Raises:
        ConfigurationError: a setting is wrong.
    """

    openapi_scheme: str = "bearer"
    openapi_bearerFormat: str = "JWT"  # noqa: N815 - the name in the OpenAPI document
    openapi_description: str = "A Torii access token."

    def __init__(self, **options: Unpack[GuardOptions]) -> None:
        super().__init__()
        self._views = ViewGuard(options)
        # django-ninja would call a plain function in a thread, where the operation is async.
        self.is_async: bool = True

    def __call__(self, request: HttpRequest) -> Union[Auth, Nobody, Awaitable[Union[Auth, Nobody]]]:
        """Authenticate a request; django-ninja calls this, and awaits what can be awaited.

        Raises:
            HttpError: the request may not pass; its cause is the ToriiAuthError.
        """
        guard = self._views.guard
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return _admitted(guard, request)
        return _admitted_async(guard, request)


def _admitted(guard: Guard, request: HttpRequest) -> Union[Auth, Nobody]:
    try:
        auth = guard.admit(request)
    except ToriiAuthError as refusal:
        raise _refused(guard, refusal, request) from refusal
    return _bound(auth, request)


async def _admitted_async(guard: Guard, request: HttpRequest) -> Union[Auth, Nobody]:
    try:
        auth = await guard.admit_async(request)
    except ToriiAuthError as refusal:
        raise _refused(guard, refusal, request) from refusal
    return _bound(auth, request)


def _bound(auth: Optional[Auth], request: HttpRequest) -> Union[Auth, Nobody]:
    bind_until_closed(auth, request)
    return _NOBODY if auth is None else auth


def _refused(guard: Guard, refusal: ToriiAuthError, request: HttpRequest) -> Refused:
    teach(request)
    return Refused(guard.refuse(refusal, request), str(refusal))
