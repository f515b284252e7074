"""`current_auth()` while views of Django REST framework call other views."""

from __future__ import annotations

import asyncio

import pytest
from django.core.signals import request_started
from django.http import HttpRequest, JsonResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from rest_framework.request import Request as RestRequest

from torii_backend import ConfigurationError, current_auth
from torii_backend.drf import ToriiAuthentication

from .django_project import asgi_handler_of, wsgi_handler_of
from .drf_views import Me
from .issuers import Issuers
from .messages import Request, Response, bearer
from .transport import call_asgi, call_wsgi, environ_of

pytestmark = pytest.mark.usefixtures("torii")


def _batch(request: HttpRequest) -> JsonResponse:
    """Call a view with requests that are made here and never closed, as batch endpoints do."""
    statuses = []
    for token in request.headers["X-Tokens"].split():
        inner = HttpRequest()
        inner.method = "GET"
        inner.META = {"REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": f"Bearer {token}"}
        statuses.append(Me.as_view()(inner).status_code)
    return JsonResponse(statuses, safe=False)


def _current(_: HttpRequest) -> JsonResponse:
    """Respond with the current Auth; a view without a guard."""
    try:
        return JsonResponse({"current": repr(current_auth())})
    except ConfigurationError:
        return JsonResponse({"current": "unbound"})


class _GuardedBatch(Me):
    def get(self, request: RestRequest) -> JsonResponse:
        return _batch(request._request)


_BATCH = (
    path("guarded", _GuardedBatch.as_view()),
    path("batch", _batch),
    path("me", Me.as_view()),
    path("current", _current),
)


def _tokens(issuers: Issuers, *users: str) -> Request:
    tokens = " ".join(issuers.token(user) for user in users)
    return Request("/batch", headers=(("X-Tokens", tokens),))


def test_requests_that_a_view_makes_leave_no_current_auth(issuers: Issuers) -> None:
    handler = wsgi_handler_of(_BATCH, MIDDLEWARE=[])
    for users in (["ada"], ["ada", "grace"], ["ada", "grace", "ada"]):
        response = call_wsgi(handler, _tokens(issuers, *users))
        assert response.json() == [200] * len(users)
        with pytest.raises(ConfigurationError):
            current_auth()
        good = bearer(issuers.token("eve"), "/guarded")
        both = good._replace(headers=good.headers + _tokens(issuers, *users).headers)
        assert call_wsgi(handler, both).json() == [200] * len(users)
        with pytest.raises(ConfigurationError):
            current_auth()


def test_the_next_request_clears_what_an_unclosed_response_left(issuers: Issuers) -> None:
    """Neither a server nor the test closes the response."""
    handler = wsgi_handler_of(_BATCH, MIDDLEWARE=[])
    list(handler(environ_of(_tokens(issuers, "ada", "grace")), lambda *_: print))
    assert current_auth() is not None
    assert call_wsgi(handler, Request("/current")).json() == {"current": "unbound"}


def test_a_request_that_is_closed_late_does_not_end_the_next_one(issuers: Issuers) -> None:
    def authenticated(user: str) -> RestRequest:
        made = RequestFactory().get("/me", HTTP_AUTHORIZATION=f"Bearer {issuers.token(user)}")
        request = RestRequest(made, authenticators=[ToriiAuthentication()])
        assert request.auth is current_auth()
        return request

    first = authenticated("ada")
    request_started.send(sender=None)
    second = authenticated("grace")
    first._request.close()
    assert current_auth() is second.auth
    second._request.close()


def test_the_test_client_of_django_leaves_no_current_auth(issuers: Issuers) -> None:
    urls = type("Urls", (), {"urlpatterns": _BATCH})
    with override_settings(ROOT_URLCONF=urls):
        tokens = _tokens(issuers, "ada", "grace").headers[0][1]
        assert Client().get("/batch", HTTP_X_TOKENS=tokens).json() == [200, 200]
        with pytest.raises(ConfigurationError):
            current_auth()
        assert Client().get("/current").json() == {"current": "unbound"}


def test_requests_that_a_view_makes_leave_no_current_auth_under_asgi(issuers: Issuers) -> None:
    handler = asgi_handler_of(_BATCH, MIDDLEWARE=[])

    async def ask_in_turn() -> None:
        assert (await call_asgi(handler, _tokens(issuers, "ada", "grace"))).json() == [200, 200]
        assert (await call_asgi(handler, Request("/current"))).json() == {"current": "unbound"}
        good = bearer(issuers.token())
        assert (await call_asgi(handler, good)).json() == {"user_id": "ada"}

    asyncio.run(ask_in_turn())


def test_concurrent_requests_do_not_end_each_other(issuers: Issuers) -> None:
    """Under ASGI, one starts and another ends while a third is in its view."""
    handler = asgi_handler_of(_BATCH, MIDDLEWARE=[])
    users = [f"user-{number}" for number in range(8)]

    async def ask_at_once() -> list[Response]:
        requests = [bearer(issuers.token(user)) for user in users]
        batch = _tokens(issuers, "ada", "grace")
        calls = [call_asgi(handler, request) for each in requests for request in (each, batch)]
        return await asyncio.gather(*calls)

    responses = asyncio.run(ask_at_once())
    assert [response.json() for response in responses[::2]] == [{"user_id": user} for user in users]


class _Fails(Me):
    def get(self, request: RestRequest) -> JsonResponse:
        raise ArithmeticError(request.path)


def test_an_exception_that_leaves_django_leaves_nobody_for_a_request_that_is_not_djangos(
    issuers: Issuers,
) -> None:
    """Nothing closes such a request."""
    handler = wsgi_handler_of((path("fails", _Fails.as_view()),), MIDDLEWARE=[])
    with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True), pytest.raises(ArithmeticError):
        call_wsgi(handler, bearer(issuers.token(), "/fails"))
    with pytest.raises(ConfigurationError):
        current_auth()
