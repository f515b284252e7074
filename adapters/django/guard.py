"""The guards of Django requests: what middleware, decorators, DRF and django-ninja share.

`LazyGuard` has one piece of state: the settings it was built from and the guard that they made. It
is replaced as a whole, so it is read without a lock. Two threads that find it outdated both build a
guard, and either will do.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Optional

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.options import GuardOptions, checked_options, view_options
from torii_backend._guard.refusal import RefusalResponse, is_refusal_by_view
from torii_backend._guard.upload import drop_body
from torii_backend.auth import Auth
from torii_backend.django.binding import GetResponse, GetResponseAsync, call_next, call_next_async
from torii_backend.django.options import configured_options, configured_user_resolver
from torii_backend.django.request import DjangoRequest
from torii_backend.django.users import inject_user, inject_user_async
from torii_backend.django.vary import note_header, vary
from torii_backend.errors import ToriiAuthError

if TYPE_CHECKING:
    from typing_extensions import Unpack


class RequestGuard:
    """Authenticates requests with one set of options."""

    def __init__(self, **options: Unpack[GuardOptions]) -> None:
        self.authenticator: Authenticator = Authenticator(**options)
        self._preflight = options.get("preflight", True)
        self._header = self.authenticator.vary.header
        self._user_of = configured_user_resolver()
        self.finds_users: bool = self._user_of is not None

    def authenticate(self, request: HttpRequest) -> Optional[Auth]:
        """Identify the user, enforce the policy and inject the Auth."""
        incoming = DjangoRequest(request)
        auth = self.authenticator.authenticate(incoming)
        self.inject(auth, incoming)
        return auth

    async def authenticate_async(self, request: HttpRequest) -> Optional[Auth]:
        """Async version of `authenticate`."""
        incoming = DjangoRequest(request)
        auth = await self.authenticator.authenticate_async(incoming)
        await self.inject_async(auth, incoming)
        return auth

    def inject(self, auth: Optional[Auth], incoming: DjangoRequest) -> None:
        """Set `request.auth`, and `request.user` if there is a USER_RESOLVER, which may refuse."""
        if self._user_of is not None and auth is not None:
            inject_user(incoming.request, auth, self._user_of)
        self._set_auth(auth, incoming)

    async def inject_async(self, auth: Optional[Auth], incoming: DjangoRequest) -> None:
        """Async version of `inject`."""
        if self._user_of is not None and auth is not None:
            await inject_user_async(incoming.request, auth, self._user_of)
        self._set_auth(auth, incoming)

    def _set_auth(self, auth: Optional[Auth], incoming: DjangoRequest) -> None:
        if self.authenticator.varies(auth, incoming):
            self.note_header(incoming.request)
        incoming.request.auth = auth  # type: ignore[attr-defined]

    def note_header(self, request: HttpRequest) -> None:
        """Note that the response depends on the token."""
        note_header(request, self._header)

    def is_sent_on_purpose(self) -> bool:
        """Return whether browsers send the header of this guard only if a script of the site adds it.

        They send a cookie by themselves, and let other sites set Accept and the like.
        """
        return self._header == "Authorization" or self._header.startswith("X-")

    def has_token(self, request: HttpRequest) -> bool:
        """Return whether a request has bearer credentials, good or bad, in the header of this guard."""
        return self.authenticator.has_credentials(DjangoRequest(request))

    def is_open_preflight(self, request: HttpRequest) -> bool:
        """Return whether a request is a CORS preflight that passes without sign-in."""
        return self._preflight and DjangoRequest(request).is_preflight()

    def response_to(
        self, refusal: ToriiAuthError, request: HttpRequest, adapter: str = "django"
    ) -> RefusalResponse:
        """Return the response to a refusal, before it takes a framework's form."""
        self.note_header(request)
        if isinstance(request, WSGIRequest):
            drop_body(request.environ)
        return self.authenticator.response_to(
            refusal, DjangoRequest(request), adapter=adapter, auth=getattr(request, "auth", None)
        )

    def http_response_to(
        self, refusal: ToriiAuthError, request: HttpRequest, adapter: str = "django"
    ) -> HttpResponse:
        """Return the response to a refusal as Django's."""
        standard = self.response_to(refusal, request, adapter)
        response = HttpResponse(standard.body, status=standard.status)
        for name, value in standard.headers:
            if name.lower() == "set-cookie":
                # Django keeps one value of a header, except for cookies.
                response.cookies.load(value)
            else:
                response.headers[name] = value
        return vary(request, response)

    def handle(self, request: HttpRequest, get_response: GetResponse) -> HttpResponseBase:
        """Authenticate a request and call the next layer, or return the response to the refusal."""
        try:
            auth = self.authenticate(request)
        except ToriiAuthError as refusal:
            return self.http_response_to(refusal, request)
        try:
            response = call_next(auth, request, get_response)
        except ToriiAuthError as error:
            if not is_refusal_by_view(error):
                raise
            return self.http_response_to(error, request)
        return vary(request, response)

    async def handle_async(
        self, request: HttpRequest, get_response: GetResponseAsync
    ) -> HttpResponseBase:
        """Async version of `handle`."""
        try:
            auth = await self.authenticate_async(request)
        except ToriiAuthError as refusal:
            return self.http_response_to(refusal, request)
        try:
            response = await call_next_async(auth, request, get_response)
        except ToriiAuthError as error:
            if not is_refusal_by_view(error):
                raise
            return self.http_response_to(error, request)
        return vary(request, response)


class LazyGuard:
    """A guard that is built on first use and rebuilt when `settings.TORII` changes.

    Tests change it by `override_settings`. REQUIRED and EXEMPT of the settings don't apply: they are
    for the middleware.
    """

    def __init__(self, **options: Unpack[GuardOptions]) -> None:
        checked_options(**options)
        self._options = options
        self._built: Optional[tuple[object, RequestGuard]] = None

    def get(self) -> RequestGuard:
        """Return the guard for the present settings."""
        source = (getattr(settings, "TORII", None), os.environ.get("TORII_ISSUER"))
        built = self._built
        if built is None or built[0] != source:
            built = self._built = source, RequestGuard(**self.options())
        return built[1]

    def options(self) -> GuardOptions:
        """Return the options of the guard for the present settings."""
        return view_options(configured_options(), self._options)
