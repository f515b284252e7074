"""`@public` exempts individual views of a project that requires sign-in, and no others."""

from __future__ import annotations

import asyncio
import threading
from io import BytesIO
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils.decorators import method_decorator

from torii_backend import (
    Auth,
    ConfigurationError,
    IncomingRequest,
    InvalidRequest,
    InvalidToken,
    KeysUnavailable,
    MissingCredentials,
    PermissionDenied,
    ToriiAuthError,
)
from torii_backend.django import RequireAuthMixin, public, require_auth

from .django_project import (
    MIDDLEWARE,
    AsyncMeView,
    MeView,
    asgi_handler_of,
    ask,
    ask_async,
    async_me,
    me,
)
from .issuers import Issuers
from .messages import Request, Response, authorization, bearer
from .refusals import REFUSALS
from .transport import scope_of


@method_decorator(public, name="dispatch")
class Open(MeView):
    pass


@method_decorator(public, name="dispatch")
class AsyncOpen(AsyncMeView):
    pass


class OpenChild(Open):
    pass


class ClosedChild(Open):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().dispatch(request, *args, **kwargs)


class GuardedChild(RequireAuthMixin, Open):
    pass


class Guarded(RequireAuthMixin, MeView):
    pass


class AsyncGuarded(RequireAuthMixin, AsyncMeView):
    pass


@method_decorator(public, name="get")
class OnlyAMethod(MeView):
    pass


_INNER = [path("open", public(me)), path("closed", me)]
URLS = (
    path("open", public(me)),
    path("open-async", public(async_me)),
    path("open-class", Open.as_view()),
    path("open-async-class", AsyncOpen.as_view()),
    path("open-as-view", public(MeView.as_view())),
    path("open-async-as-view", public(AsyncMeView.as_view())),
    path("open-child", OpenChild.as_view()),
    path("open-reason", public(reason="price list")(me)),
    path("shop/<slug:name>/", include((_INNER, "shop"), namespace="shop")),
    path("me", me),
    path("closed-async", async_me),
    path("closed-class", MeView.as_view()),
    path("closed-child", ClosedChild.as_view()),
    path("guarded-child", GuardedChild.as_view()),
    path("guarded", public(require_auth(me))),
    path("guarded-within", require_auth(public(me))),
    path("method", OnlyAMethod.as_view()),
)
OPEN = ["open", "open-class", "open-as-view", "open-child", "shop/x/open"]
OPEN += ["open-reason", "open-async", "open-async-class", "open-async-as-view"]
CLOSED = ["me", "closed-async", "closed-class", "closed-child", "guarded-child", "guarded"]
CLOSED += ["guarded-within", "method", "shop/closed", "shop/x/closed"]
CLOSED += ["nowhere", "", "Open", "open/", "/open"]


def _ask(request: Request, *more: str, urls: tuple[Any, ...] = URLS) -> Response:
    return ask(urls, request, MIDDLEWARE=[MIDDLEWARE, *more])


def _ask_async(request: Request, *more: str, urls: tuple[Any, ...] = URLS) -> Response:
    return ask_async(urls, request, MIDDLEWARE=[MIDDLEWARE, *more])


_BOTH = (_ask, _ask_async)


@pytest.mark.parametrize("target", OPEN)
def test_a_public_view_does_not_require_sign_in(
    torii: dict[str, Any], issuers: Issuers, target: str
) -> None:
    for ask_it in _BOTH:
        assert ask_it(Request(f"/{target}")).json() == {"user_id": None}
        assert ask_it(Request(f"/{target}?next=/me")).json() == {"user_id": None}
        assert ask_it(bearer(issuers.token(), f"/{target}")).json() == {"user_id": "ada"}


@pytest.mark.parametrize("target", CLOSED)
def test_every_other_view_requires_sign_in(torii: dict[str, Any], target: str) -> None:
    for ask_it in _BOTH:
        response = ask_it(Request(f"/{target}"))
        assert (response.status, response.body) == (401, REFUSALS["no_credentials"].body)


def test_a_view_may_be_public_at_one_of_its_urls(torii: dict[str, Any]) -> None:
    urls = (path("open", public(me)), path("me", me))
    assert _ask(Request("/open"), urls=urls).status == 200
    assert _ask(Request("/me"), urls=urls).status == 401


@pytest.mark.parametrize("target", ["open", "open-async"])
def test_a_public_view_rejects_invalid_credentials(
    torii: dict[str, Any], issuers: Issuers, target: str
) -> None:
    heard: list[ToriiAuthError] = []
    torii["ON_ERROR"] = heard.append
    expired = bearer(issuers.token(expires_in=-3600), f"/{target}")
    for ask_it in _BOTH:
        assert ask_it(expired).body == REFUSALS["expired"].body
        assert ask_it(authorization("Bearer", target=f"/{target}")).status == 400
        assert ask_it(Request(f"/{target}")).status == 200
    assert [refusal.reason for refusal in heard] == ["expired", "invalid_request"] * 2


def test_the_policy_of_the_project_does_not_apply_to_a_public_view(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    """A user who fails it could leave the token out."""
    torii["EMAIL_VERIFIED"] = True
    unverified = issuers.token(email_verified=False)
    for ask_it in _BOTH:
        assert ask_it(bearer(unverified, "/open")).json() == {"user_id": "ada"}
        assert ask_it(bearer(unverified)).body == REFUSALS["email_unverified"].body


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (PermissionDenied("No."), 200),
        (InvalidToken("invalid_claim", "plan"), 401),
        (MissingCredentials(), 401),
        (InvalidRequest(), 400),
        (KeysUnavailable(7), 503),
    ],
)
def test_a_public_view_lifts_no_other_refusal_of_a_check(
    torii: dict[str, Any], issuers: Issuers, refusal: ToriiAuthError, status: int
) -> None:
    """A check that finds a token invalid, or can't tell, does not say that the user isn't allowed."""

    def check(_: Auth) -> bool:
        raise refusal

    torii["CHECK"] = check
    for ask_it in _BOTH:
        assert ask_it(bearer(issuers.token(), "/open")).status == status
        assert ask_it(Request("/open")).json() == {"user_id": None}


def test_a_public_view_verifies_a_token_once(torii: dict[str, Any], issuers: Issuers) -> None:
    paths: list[str] = []

    def issuer_of(request: IncomingRequest) -> str:
        paths.append(request.path)
        return issuers.home.issuer

    torii.update(ISSUER=issuer_of, EMAIL_VERIFIED=True)
    unverified = bearer(issuers.token(email_verified=False), "/open")
    for ask_it in _BOTH:
        assert ask_it(unverified).json() == {"user_id": "ada"}
    assert paths == ["/open", "/open"]


@pytest.mark.parametrize(
    ("refusal", "status"), [(PermissionDenied(), 403), (MissingCredentials(), 401)]
)
def test_a_public_view_rejects_tokens_that_the_issuer_function_rejects(
    torii: dict[str, Any], issuers: Issuers, refusal: ToriiAuthError, status: int
) -> None:
    """Such a token was not verified, so its request must not continue as anonymous."""

    def issuer_of(_: IncomingRequest) -> str:
        raise refusal

    torii["ISSUER"] = issuer_of
    for ask_it in _BOTH:
        assert ask_it(bearer(issuers.token(), "/open")).status == status
        assert ask_it(Request("/open")).json() == {"user_id": None}


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
def test_a_bare_guard_on_a_public_view_enforces_the_policy_of_the_project(
    torii: dict[str, Any], issuers: Issuers, guarded: Any
) -> None:
    """The middleware does not enforce it here, because the view is public."""
    torii["EMAIL_VERIFIED"] = True
    urls = (path("guarded", public(guarded)),)
    for ask_it in _BOTH:
        refused = ask_it(bearer(issuers.token(email_verified=False), "/guarded"), urls=urls)
        assert (refused.status, refused.body) == (403, REFUSALS["email_unverified"].body)
        assert ask_it(bearer(issuers.token(), "/guarded"), urls=urls).json() == {"user_id": "ada"}
        assert ask_it(Request("/guarded"), urls=urls).body == REFUSALS["no_credentials"].body


def switching(get_response: Any) -> Any:
    """Reroute each request after our middleware has looked at its URL."""

    def middleware(request: HttpRequest) -> Any:
        request.urlconf = (path("open", me), path("nowhere", public(me)))  # type: ignore[assignment]
        return get_response(request)

    return middleware


def test_a_request_that_is_rerouted_from_a_public_url_requires_sign_in(
    torii: dict[str, Any], issuers: Issuers
) -> None:
    other = f"{__name__}.switching"
    for ask_it in _BOTH:
        for target in ("/open", "/nowhere"):
            response = ask_it(Request(target), other)
            assert (response.status, response.body) == (401, REFUSALS["no_credentials"].body)
        assert ask_it(bearer(issuers.token(), "/open"), other).json() == {"user_id": "ada"}


def reading_urlconf(get_response: Any) -> Any:
    def middleware(request: HttpRequest) -> Any:
        request.urlconf = (path("hidden", public(me)),)  # type: ignore[assignment]
        return get_response(request)

    return middleware


def test_the_urlconf_that_an_earlier_middleware_set_is_used(torii: dict[str, Any]) -> None:
    middleware = [f"{__name__}.reading_urlconf", MIDDLEWARE]
    assert ask(URLS, Request("/hidden"), MIDDLEWARE=middleware).status == 200
    assert ask(URLS, Request("/open"), MIDDLEWARE=middleware).status == 401


def test_the_public_view_stays_on_the_event_loop(torii: dict[str, Any], issuers: Issuers) -> None:
    threads: list[int] = []

    async def note(request: HttpRequest) -> HttpResponse:
        threads.append(threading.get_ident())
        return await async_me(request)

    urls = (path("open", public(note)), path("me", note))
    for request in (Request("/open"), bearer(issuers.token(), "/open"), bearer(issuers.token())):
        assert _ask_async(request, urls=urls).status == 200
    assert threads == [threading.get_ident()] * 3


def test_no_thread_starts_for_a_guarded_request(
    torii: dict[str, Any], issuers: Issuers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django itself uses a thread under ASGI, but only to close the response."""
    seen: list[int] = []

    def note(request: HttpRequest) -> HttpResponse:
        seen.append(threading.get_ident())
        return me(request)

    assert _ask(bearer(issuers.token()), urls=(path("me", note),)).status == 200
    assert seen == [threading.get_ident()]

    async def respond() -> None:
        handler = asgi_handler_of((path("me", async_me),), MIDDLEWARE=[MIDDLEWARE])
        request = handler.request_class(scope_of(bearer(issuers.token())), BytesIO())
        # From here on, using a thread fails.
        monkeypatch.setattr(asyncio.get_running_loop(), "run_in_executor", None)
        assert (await handler.get_response_async(request)).status_code == 200

    asyncio.run(respond())


def test_the_view_keeps_its_name_and_marks(torii: dict[str, Any]) -> None:
    def marked(request: HttpRequest) -> HttpResponse:
        """Say something."""
        return HttpResponse()

    marked.csrf_exempt = True  # type: ignore[attr-defined]
    opened = public(marked)
    assert (opened.__name__, opened.__doc__) == ("marked", "Say something.")
    assert opened.csrf_exempt is True  # type: ignore[attr-defined]


@pytest.mark.parametrize("wrong", [MeView, Guarded, include(_INNER), None, "me"])
def test_public_raises_at_once_if_it_gets_no_view(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="@public takes a view function") as raised:
        public(wrong)
    assert ("as_view" in str(raised.value)) is (wrong in (MeView, Guarded))


def test_the_reason_of_public_is_a_string() -> None:
    reason: Any = None
    with pytest.raises(ConfigurationError, match="reason must be a string"):
        public(reason=reason)
