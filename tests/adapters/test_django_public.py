"""`@public`: single open views in a project that requires sign-in, and nothing else opens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Optional

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import override_settings
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View

from torii_backend import (
    Auth,
    ConfigurationError,
    IncomingRequest,
    PermissionDenied,
    ToriiAuthError,
    current_auth,
)
from torii_backend.django import RequireAuthMixin, public, require_auth

from .django_project import MIDDLEWARE, asgi_handler_of, wsgi_handler_of
from .issuers import Issuers
from .messages import Request, Response, authorization, bearer
from .refusals import REFUSALS
from .transport import call_asgi, call_wsgi, scope_of


def me(request: HttpRequest, **_: str) -> JsonResponse:
    """Tell who is signed in."""
    auth: Optional[Auth] = request.auth  # type: ignore[attr-defined]
    assert auth is current_auth()
    return JsonResponse({"user_id": None if auth is None else auth.user_id})


async def async_me(request: HttpRequest) -> JsonResponse:
    return me(request)


class Closed(View):
    def get(self, request: HttpRequest) -> JsonResponse:
        return me(request)


class AsyncClosed(View):
    async def get(self, request: HttpRequest) -> JsonResponse:
        return me(request)


@method_decorator(public, name="dispatch")
class Open(Closed):
    pass


@method_decorator(public, name="dispatch")
class AsyncOpen(AsyncClosed):
    pass


class OpenChild(Open):
    pass


class ClosedChild(Open):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().dispatch(request, *args, **kwargs)


class GuardedChild(RequireAuthMixin, Open):
    pass


class Guarded(RequireAuthMixin, Closed):
    pass


class AsyncGuarded(RequireAuthMixin, AsyncClosed):
    pass


@method_decorator(public, name="get")
class OnlyAMethod(Closed):
    pass


_INNER = [path("open", public(me)), path("closed", me)]
URLS = (
    path("open", public(me)),
    path("open-async", public(async_me)),
    path("open-class", Open.as_view()),
    path("open-async-class", AsyncOpen.as_view()),
    path("open-as-view", public(Closed.as_view())),
    path("open-async-as-view", public(AsyncClosed.as_view())),
    path("open-child", OpenChild.as_view()),
    path("shop/<slug:name>/", include((_INNER, "shop"), namespace="shop")),
    path("me", me),
    path("closed-async", async_me),
    path("closed-class", Closed.as_view()),
    path("closed-child", ClosedChild.as_view()),
    path("guarded-child", GuardedChild.as_view()),
    path("guarded", public(require_auth(me))),
    path("guarded-within", require_auth(public(me))),
    path("method", OnlyAMethod.as_view()),
)
OPEN = ["open", "open-class", "open-as-view", "open-child"]
OPEN_ASYNC = ["open-async", "open-async-class", "open-async-as-view"]
CLOSED = ["me", "closed-class", "closed-child", "guarded-child", "guarded", "guarded-within"]
CLOSED += ["method", "shop/closed", "shop/x/closed", "nowhere", "", "Open", "open/", "/open"]


@pytest.fixture
def torii(issuer: str) -> Iterator[dict[str, Any]]:
    settings: dict[str, Any] = {"ISSUER": issuer}
    with override_settings(TORII=settings):
        yield settings


def _answer(request: Request, *more: str, urls: tuple[Any, ...] = URLS) -> Response:
    return call_wsgi(wsgi_handler_of(urls, MIDDLEWARE=[MIDDLEWARE, *more]), request)


def _async_answer(request: Request, *more: str, urls: tuple[Any, ...] = URLS) -> Response:
    handler = asgi_handler_of(urls, MIDDLEWARE=[MIDDLEWARE, *more])
    return asyncio.run(call_asgi(handler, request))


@pytest.mark.parametrize("target", [*OPEN, "shop/x/open"])
def test_a_public_view_is_open_to_everybody(
    torii: dict[str, Any], issuers: Issuers, target: str
) -> None:
    for answer in (_answer, _async_answer):
        assert answer(Request(f"/{target}")).json() == {"user_id": None}
        assert answer(Request(f"/{target}?next=/me", method="GET")).json() == {"user_id": None}
        assert answer(bearer(issuers.token(), f"/{target}")).json() == {"user_id": "ada"}


@pytest.mark.parametrize("target", OPEN_ASYNC)
def test_a_public_async_view_is_open_to_everybody(
    torii: dict[str, Any], issuers: Issuers, target: str
) -> None:
    for answer in (_answer, _async_answer):
        assert answer(Request(f"/{target}")).json() == {"user_id": None}
        assert answer(bearer(issuers.token(), f"/{target}")).json() == {"user_id": "ada"}


@pytest.mark.parametrize("target", [*CLOSED, "closed-async"])
def test_every_other_view_stays_closed(torii: dict[str, Any], target: str) -> None:
    for answer in (_answer, _async_answer):
        response = answer(Request(f"/{target}"))
        assert (response.status, response.body) == (401, REFUSALS["no_credentials"].body)


def test_a_view_that_is_public_at_one_url_is_closed_at_another(torii: dict[str, Any]) -> None:
    urls = (path("open", public(me)), path("me", me))
    assert _answer(Request("/open"), urls=urls).status == 200
    assert _answer(Request("/me"), urls=urls).status == 401


@pytest.mark.parametrize("target", ["open", "open-async"])
def test_bad_credentials_are_refused_at_a_public_view(
    torii: dict[str, Any], issuers: Issuers, target: str
) -> None:
    heard: list[ToriiAuthError] = []
    torii["ON_ERROR"] = heard.append
    expired = bearer(issuers.token(expires_in=-3600), f"/{target}")
    for answer in (_answer, _async_answer):
        assert answer(expired).body == REFUSALS["expired"].body
        assert answer(authorization("Bearer", target=f"/{target}")).status == 400
        assert answer(Request(f"/{target}")).status == 200
    assert [refusal.reason for refusal in heard] == ["expired", "invalid_request"] * 2


def test_the_policy_of_the_project_does_not_count_at_a_public_view(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    """Whoever may not pass could leave the token out."""
    torii["EMAIL_VERIFIED"] = True
    unverified = issuers.token(email_verified=False)
    for answer in (_answer, _async_answer):
        assert answer(bearer(unverified, "/open")).json() == {"user_id": "ada"}
        assert answer(bearer(unverified)).body == REFUSALS["email_unverified"].body


def test_a_public_view_verifies_a_token_once(torii: dict[str, Any], issuers: Issuers) -> None:
    paths: list[str] = []

    def issuer_of(request: IncomingRequest) -> str:
        paths.append(request.path)
        return issuers.home.issuer

    torii.update(ISSUER=issuer_of, EMAIL_VERIFIED=True)
    unverified = bearer(issuers.token(email_verified=False), "/open")
    for answer in (_answer, _async_answer):
        assert answer(unverified).json() == {"user_id": "ada"}
    assert paths == ["/open", "/open"]


def test_a_public_view_rejects_tokens_that_the_issuer_function_rejects(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    """Such a token was not verified, so its request must not continue as anonymous."""

    def issuer_of(_: IncomingRequest) -> str:
        raise PermissionDenied

    torii["ISSUER"] = issuer_of
    for answer in (_answer, _async_answer):
        assert answer(bearer(issuers.token(), "/open")).status == 403
        assert answer(Request("/open")).json() == {"user_id": None}


@pytest.mark.parametrize(
    "guarded",
    [
        require_auth(me),
        require_auth()(me),
        require_auth(async_me),
        Guarded.as_view(),
        AsyncGuarded.as_view(),
    ],
)
def test_a_bare_guard_of_a_public_view_asks_the_policy_of_the_project(
    torii: dict[str, Any], issuers: Issuers, guarded: Any
) -> None:
    """The middleware did not: for the policy of the project, the view is public."""
    torii["EMAIL_VERIFIED"] = True
    urls = (path("guarded", public(guarded)),)
    for answer in (_answer, _async_answer):
        refused = answer(bearer(issuers.token(email_verified=False), "/guarded"), urls=urls)
        assert (refused.status, refused.body) == (403, REFUSALS["email_unverified"].body)
        assert answer(bearer(issuers.token(), "/guarded"), urls=urls).json() == {"user_id": "ada"}
        assert answer(Request("/guarded"), urls=urls).body == REFUSALS["no_credentials"].body


def switching(get_response: Any) -> Any:
    """Lead each request to another view than its URL told our middleware."""

    def middleware(request: HttpRequest) -> Any:
        request.urlconf = (path("open", me), path("nowhere", public(me)))  # type: ignore[assignment]
        return get_response(request)

    return middleware


def test_a_public_url_that_is_led_elsewhere_afterwards_stays_closed(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    other = f"{__name__}.switching"
    for answer in (_answer, _async_answer):
        for target in ("/open", "/nowhere"):
            response = answer(Request(target), other)
            assert (response.status, response.body) == (401, REFUSALS["no_credentials"].body)
        assert answer(bearer(issuers.token(), "/open"), other).json() == {"user_id": "ada"}


def reading_urlconf(get_response: Any) -> Any:
    def middleware(request: HttpRequest) -> Any:
        request.urlconf = (path("hidden", public(me)),)  # type: ignore[assignment]
        return get_response(request)

    return middleware


def test_the_urls_that_another_middleware_chose_before_count(torii: dict[str, Any]) -> None:
    middleware = [f"{__name__}.reading_urlconf", MIDDLEWARE]
    handler = wsgi_handler_of(URLS, MIDDLEWARE=middleware)
    assert call_wsgi(handler, Request("/hidden")).status == 200
    assert call_wsgi(handler, Request("/open")).status == 401


def test_the_public_view_stays_on_the_event_loop(torii: dict[str, Any], issuers: Issuers) -> None:
    threads: list[int] = []

    async def note(request: HttpRequest) -> HttpResponse:
        threads.append(threading.get_ident())
        return await async_me(request)

    urls = (path("open", public(note)), path("me", note))
    handler = asgi_handler_of(urls, MIDDLEWARE=[MIDDLEWARE])
    for request in (Request("/open"), bearer(issuers.token(), "/open"), bearer(issuers.token())):
        assert asyncio.run(call_asgi(handler, request)).status == 200
    assert threads == [threading.get_ident()] * 3


def test_no_thread_is_started_for_a_guarded_request(
    torii: dict[str, Any], issuers: Issuers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither under WSGI, nor under ASGI with an async view; closing a response is Django's hop."""
    seen: list[int] = []

    def note(request: HttpRequest) -> HttpResponse:
        seen.append(threading.get_ident())
        return me(request)

    handler = wsgi_handler_of((path("me", note),), MIDDLEWARE=[MIDDLEWARE])
    assert call_wsgi(handler, bearer(issuers.token())).status == 200
    assert seen == [threading.get_ident()]

    async def answered() -> None:
        handler = asgi_handler_of((path("me", async_me),), MIDDLEWARE=[MIDDLEWARE])
        request = handler.request_class(scope_of(bearer(issuers.token())), BytesIO())
        # Nothing can be handed to a thread now.
        monkeypatch.setattr(asyncio.get_running_loop(), "run_in_executor", None)
        assert (await handler.get_response_async(request)).status_code == 200

    asyncio.run(answered())


def test_the_view_keeps_its_name_and_marks(torii: dict[str, Any]) -> None:
    def marked(request: HttpRequest) -> HttpResponse:
        """Say something."""
        return HttpResponse()

    marked.csrf_exempt = True  # type: ignore[attr-defined]
    opened = public(marked)
    assert (opened.__name__, opened.__doc__) == ("marked", "Say something.")
    assert opened.csrf_exempt is True  # type: ignore[attr-defined]


@pytest.mark.parametrize("wrong", [Closed, Guarded, include(_INNER), None, "me"])
def test_public_says_at_once_what_it_can_open(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="@public takes a view function") as raised:
        public(wrong)
    assert ("as_view" in str(raised.value)) is (wrong in (Closed, Guarded))
