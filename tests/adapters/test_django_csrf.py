"""A request that a token authenticates needs no CSRF token. Every other request does."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import override_settings
from django.views.decorators.csrf import csrf_protect

from torii_backend import ConfigurationError
from torii_backend.django import AuthMiddleware, public

from .django_project import BOTH, MIDDLEWARE, ask, me
from .issuers import Issuers
from .messages import Request

CSRF = "django.middleware.csrf.CsrfViewMiddleware"


def _post(issuers: Issuers, header: str = "Authorization", **claims: Any) -> Request:
    token = issuers.token(**claims)
    return Request(method="POST", headers=((header, f"Bearer {token}"),))


@pytest.mark.parametrize("middleware", [[CSRF, MIDDLEWARE], [MIDDLEWARE, CSRF]])
def test_a_request_with_a_token_needs_no_csrf_token(
    torii: dict[str, Any], issuers: Issuers, middleware: list[str]
) -> None:
    torii["EMAIL_VERIFIED"] = True
    assert ask(csrf_protect(me), _post(issuers), MIDDLEWARE=middleware).status == 200
    for ask_it, each in BOTH:
        good = _post(issuers)
        assert ask_it(each, good, MIDDLEWARE=middleware).json() == {"user_id": "ada"}
        assert ask_it(each, _post(issuers, expires_in=-3600), MIDDLEWARE=middleware).status == 401
        unverified = _post(issuers, email_verified=False)
        assert ask_it(each, unverified, MIDDLEWARE=middleware).status == 403
        assert ask_it(public(each), unverified, MIDDLEWARE=middleware).status == 200


@pytest.mark.parametrize("middleware", [[CSRF, MIDDLEWARE], [MIDDLEWARE, CSRF]])
def test_a_request_without_a_token_needs_a_csrf_token(
    torii: dict[str, Any], issuers: Issuers, middleware: list[str]
) -> None:
    torii.update(REQUIRED=False, EXEMPT=["/open"])
    secret = "a" * 32
    checked = (("Cookie", f"csrftoken={secret}"), ("X-CSRFToken", secret))
    exempt = _post(issuers)._replace(target="/open")
    for ask_it, each in BOTH:
        for request in (Request(method="POST"), exempt):
            for view in (each, public(each)):
                refused = ask_it(view, request, MIDDLEWARE=middleware)
                assert (refused.status, b"CSRF" in refused.body) == (403, True)
        passed = ask_it(each, Request(method="POST", headers=checked), MIDDLEWARE=middleware)
        assert passed.json() == {"user_id": None}


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"HEADER": "X-Token"}, 200),
        ({"HEADER": "x-token", "CSRF_EXEMPT": True}, 200),
        ({"CSRF_EXEMPT": False}, 403),
        ({"HEADER": "X-Token", "CSRF_EXEMPT": False}, 403),
        ({"HEADER": "Cookie"}, 403),
        ({"HEADER": "Accept", "CSRF_EXEMPT": True}, 403),
        ({"HEADER": "Content-Language"}, 403),
    ],
)
def test_the_exemption_is_for_headers_that_only_a_script_of_the_site_sends(
    torii: dict[str, Any], issuers: Issuers, settings: dict[str, Any], status: int
) -> None:
    torii.update(settings)
    request = _post(issuers, settings.get("HEADER", "Authorization"))
    for ask_it, each in BOTH:
        assert ask_it(each, request, MIDDLEWARE=[CSRF, MIDDLEWARE]).status == status
        assert ask_it(each, request, MIDDLEWARE=[MIDDLEWARE]).status == 200


@pytest.mark.parametrize("wrong", [None, "no", 0])
def test_the_setting_must_be_true_or_false(torii: dict[str, Any], wrong: Any) -> None:
    torii["CSRF_EXEMPT"] = wrong
    with pytest.raises(ConfigurationError, match="CSRF_EXEMPT"):
        AuthMiddleware(me)
    with override_settings(MIDDLEWARE=[MIDDLEWARE]):
        (message,) = run_checks()
    assert message.id == "torii.E001"
