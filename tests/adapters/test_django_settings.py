"""The keys of `settings.TORII`, and the system check that reads them before the first request."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from traceback import format_exception
from typing import Any, Optional

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import override_settings

from torii_backend import (
    Auth,
    ConfigurationError,
    IncomingRequest,
    Policy,
    ToriiAuthError,
    Verifier,
)
from torii_backend._guard.refusal import RefusalResponse
from torii_backend.django import AuthMiddleware

from .django_project import MIDDLEWARE, ask, view
from .issuers import Issuers
from .messages import Request, Response, bearer
from .refusals import REFUSALS

ISSUER = "https://acme.torii.so"
LENIENT: Optional[Verifier] = None
NO_VERIFIER = "a string"


def teapot(refusal: ToriiAuthError) -> RefusalResponse:
    """Respond to a refusal; for ON_ERROR."""
    return RefusalResponse(418, (("Content-Type", "text/plain"),), refusal.reason.encode())


ADMINS = Policy(role="admin")


def is_ada(auth: Auth) -> bool:
    """Return whether the user is Ada; for CHECK."""
    return auth.user_id == "ada"


def issuer_of(request: IncomingRequest) -> Optional[str]:
    """Return the issuer of a request; for ISSUER."""
    return HOSTS.get(request.host)


HOSTS: dict[str, str] = {}


def _ask(request: Request, torii: dict[str, Any]) -> Response:
    return ask(view, request, MIDDLEWARE=[MIDDLEWARE], TORII=torii)


def _identifiers(**overrides: Any) -> list[str]:
    with override_settings(**overrides):
        return [str(message.id) for message in run_checks()]


def test_every_option_has_its_setting(issuers: Issuers) -> None:
    torii = {
        "ISSUER": issuers.home.issuer,
        "AUDIENCE": ["shop"],
        "LEEWAY": 0,
        "INSECURE_HOSTS": ["torii.internal"],
        "HEADER": "X-Token",
        "REQUIRED": False,
        "EXEMPT": ["/open/*"],
        "ON_ERROR": teapot,
    }
    good = issuers.token(aud="shop")
    by_header = Request(headers=(("X-Token", f"Bearer {good}"),))
    assert _ask(by_header, torii).json()["user_id"] == "ada"
    assert _ask(bearer(good), torii).json()["user_id"] is None
    assert _ask(bearer(good, "/open/x"), torii).json()["user_id"] is None
    late = issuers.token(aud="shop", expires_in=-5)
    refused = _ask(Request(headers=(("X-Token", f"Bearer {late}"),)), torii)
    assert (refused.status, refused.body) == (418, b"expired")


def test_objects_may_be_dotted_paths(issuers: Issuers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "LENIENT", Verifier(issuers.home.issuer, leeway=3600))
    torii = {"VERIFIER": f"{__name__}.LENIENT", "ON_ERROR": f"{__name__}.teapot"}
    assert _ask(bearer(issuers.token(expires_in=-600)), torii).json()["user_id"] == "ada"
    assert _ask(Request(), torii).status == 418


def test_every_keyword_of_a_policy_has_its_setting(issuers: Issuers) -> None:
    torii = {
        "ISSUER": issuers.home.issuer,
        "EMAIL_VERIFIED": True,
        "PROFILE_COMPLETE": True,
        "IMPERSONATION": "forbid",
        "ORGANIZATION": {"org_1"},
        "ROLE": {"admin", "owner"},
        "CLAIMS": {"plan": {"pro"}},
        "CHECK": is_ada,
        "POLICY": Policy(claims={"seats": 3}),
    }
    claims: dict[str, Any] = {"org_id": "org_1", "org_role": "admin", "plan": "pro", "seats": 3}
    assert _ask(bearer(issuers.token(**claims)), torii).json()["user_id"] == "ada"
    for wrong in (
        {"email_verified": False},
        {"profile_complete": False},
        {"act": {"sub": "eve"}},
        {"org_id": "org_2"},
        {"org_role": "member"},
        {"plan": "free"},
        {"seats": 4},
        {"user_id": "grace"},
    ):
        refused = _ask(bearer(issuers.token(**{**claims, **wrong})), torii)
        assert refused.status == 403, wrong


def test_policy_and_check_may_be_dotted_paths(issuers: Issuers) -> None:
    admin: dict[str, Any] = {"org_id": "org_1", "org_role": "admin"}
    torii = {"ISSUER": issuers.home.issuer, "POLICY": f"{__name__}.ADMINS"}
    assert _ask(bearer(issuers.token(**admin)), torii).status == 200
    assert _ask(bearer(issuers.token()), torii).body == REFUSALS["role"].body
    torii = {"ISSUER": issuers.home.issuer, "CHECK": f"{__name__}.is_ada"}
    assert _ask(bearer(issuers.token()), torii).status == 200
    assert _ask(bearer(issuers.token("grace")), torii).body == REFUSALS["check"].body


@pytest.mark.parametrize("issuer_setting", [issuer_of, f"{__name__}.issuer_of"])
def test_the_issuer_may_be_a_function_or_its_dotted_path(
    issuers: Issuers, monkeypatch: pytest.MonkeyPatch, issuer_setting: Any
) -> None:
    monkeypatch.setitem(HOSTS, "testserver", issuers.home.issuer)
    torii = {"ISSUER": issuer_setting}
    assert _ask(bearer(issuers.token()), torii).json()["user_id"] == "ada"
    monkeypatch.setitem(HOSTS, "testserver", issuers.other.issuer)
    assert _ask(bearer(issuers.token()), torii).status == 401


WRONG: dict[str, Any] = {
    "not_a_dict": ISSUER,
    "empty_list": [],
    "none": None,
    "list": [("ISSUER", ISSUER)],
    "unknown_key": {"ISSUER": ISSUER, "ISUER": ISSUER},
    "lower_case_key": {"issuer": ISSUER},
    "key_is_a_number": {7: ISSUER},
    "issuer_without_scheme": {"ISSUER": "acme.torii.so"},
    "issuer_is_a_number": {"ISSUER": 7},
    "leeway": {"ISSUER": ISSUER, "LEEWAY": "30"},
    "exempt": {"ISSUER": ISSUER, "EXEMPT": "/health"},
    "insecure_issuer": {"ISSUER": "http://torii:4100", "INSECURE_HOSTS": ["other"]},
    "public_insecure_host": {"ISSUER": ISSUER, "INSECURE_HOSTS": ["acme.com"]},
    "required": {"ISSUER": ISSUER, "REQUIRED": "no"},
    "verifier_and_issuer": {"ISSUER": ISSUER, "VERIFIER": Verifier(ISSUER)},
    "role": {"ISSUER": ISSUER, "ROLE": ""},
    "email_verified": {"ISSUER": ISSUER, "EMAIL_VERIFIED": "yes"},
    "claims": {"ISSUER": ISSUER, "CLAIMS": ["plan"]},
    "no_such_check": {"ISSUER": ISSUER, "CHECK": f"{__name__}.nothing"},
    "policy_of_another_type": {"ISSUER": ISSUER, "POLICY": f"{__name__}.NO_VERIFIER"},
    "issuer_of_no_module": {"ISSUER": "no.such.function"},
    "relative_issuer": {"ISSUER": ".torii.so"},
    "issuer_without_name": {"ISSUER": "..acme.torii.so"},
    "no_such_issuer": {"ISSUER": f"{__name__}.nothing"},
    "no_such_object": {"VERIFIER": f"{__name__}.nothing"},
    "no_such_module": {"VERIFIER": "no.such.module"},
    "not_a_path": {"ISSUER": ISSUER, "ON_ERROR": "handler"},
    "relative_path": {"ISSUER": ISSUER, "ON_ERROR": ".handler"},
    "path_to_the_parent": {"ISSUER": ISSUER, "CHECK": "..checks.check"},
    "empty_path": {"VERIFIER": ""},
    "object_of_another_type": {"VERIFIER": f"{__name__}.NO_VERIFIER"},
    "class": {"VERIFIER": "torii_backend.Verifier"},
    "object_that_cannot_be_called": {"ISSUER": ISSUER, "ON_ERROR": f"{__name__}.NO_VERIFIER"},
}


@pytest.mark.parametrize("torii", WRONG.values(), ids=WRONG)
def test_wrong_settings_raise_at_start_and_fail_the_check(torii: Any) -> None:
    with override_settings(TORII=torii), pytest.raises(ConfigurationError):
        AuthMiddleware(view)
    assert _identifiers(TORII=torii) == ["torii.E001"]
    assert _identifiers(TORII=torii, MIDDLEWARE=[MIDDLEWARE]) == ["torii.E001"]


@pytest.mark.parametrize(
    "torii",
    [{"ISSUER": "{}.issuer_of"}, {"ISSUER": ISSUER, "CHECK": "{}.check"}, {"VERIFIER": "{}.x.y"}],
    ids=["issuer", "check", "verifier"],
)
@pytest.mark.parametrize("body", ["import torii_shop_is_not_here", "from json import nothing"])
def test_an_import_error_of_the_project_is_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torii: dict[str, str], body: str
) -> None:
    (tmp_path / "torii_shop.py").write_text(body, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    (key,) = [key for key in torii if "{}" in torii[key]]
    settings = {name: value.format("torii_shop") for name, value in torii.items()}
    with override_settings(TORII=settings):
        with pytest.raises(ConfigurationError) as raised:
            AuthMiddleware(view)
        (message,) = run_checks()
    expected = f'settings.TORII["{key}"] could not be imported.'
    assert str(raised.value) == message.msg == expected
    assert isinstance(raised.value.__cause__, ImportError)
    assert str(raised.value.__cause__) in str(message.hint)


@pytest.mark.parametrize(
    "issuer",
    [".torii.so", "..acme.torii.so", "acme.torii.so.", "acme..so", "json.torii.so", "127.0.0.1:80"],
)
def test_a_url_without_its_scheme_is_not_an_import_path(issuer: str) -> None:
    settings = override_settings(TORII={"ISSUER": issuer})
    with settings, pytest.raises(ConfigurationError, match="full URL"):
        AuthMiddleware(view)


def test_missing_settings_are_an_error_with_the_middleware_and_a_warning_without() -> None:
    with pytest.raises(ConfigurationError, match="TORII_ISSUER"):
        AuthMiddleware(view)
    empty: dict[str, Any]
    for empty in ({}, {"TORII": {}}):
        assert _identifiers(**empty, MIDDLEWARE=[MIDDLEWARE]) == ["torii.E001"]
        assert _identifiers(**empty) == ["torii.W001"]


def _hints(**overrides: Any) -> list[Optional[str]]:
    with override_settings(**overrides):
        return [message.hint for message in run_checks()]


def test_the_hint_is_to_set_an_issuer_if_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    (hint,) = _hints(MIDDLEWARE=[MIDDLEWARE])
    assert str(hint).startswith('Set TORII = {"ISSUER": ')
    assert _hints() == _hints(TORII={"LEEWAY": 0}) == [hint]
    assert _hints(TORII={"ISSUER": ISSUER, "LEEWAY": "30"}) == [None]
    assert _hints(TORII={"ISSUER": "acme.torii.so"}) == [None]
    assert _hints(TORII={"VERIFIER": 7}) == [None]
    monkeypatch.setenv("TORII_ISSUER", ISSUER)
    assert _hints(TORII={"LEEWAY": "30"}) == [None]


def test_good_settings_pass_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _identifiers(TORII={"ISSUER": ISSUER}) == []
    assert _identifiers(TORII={"ISSUER": ISSUER}, MIDDLEWARE=[MIDDLEWARE]) == []
    assert _identifiers(TORII={"VERIFIER": Verifier(ISSUER)}) == []
    monkeypatch.setenv("TORII_ISSUER", ISSUER)
    assert _identifiers(MIDDLEWARE=[MIDDLEWARE]) == []


def test_manage_py_check_reports_wrong_settings() -> None:
    with override_settings(TORII={"ISSUER": "acme.torii.so"}):
        with pytest.raises(SystemCheckError, match=r"torii\.E001.*full URL"):
            call_command("check")
        with pytest.raises(SystemCheckError, match=r"torii\.E001"):
            call_command("check", tags=["security"])
    out, err = StringIO(), StringIO()
    with override_settings(TORII={"ISSUER": ISSUER}):
        call_command("check", stdout=out, stderr=err)
    assert "no issues" in out.getvalue() + err.getvalue()
    call_command("check", stdout=out, stderr=err)
    assert "torii.W001" in out.getvalue() + err.getvalue()


@pytest.mark.parametrize("key", ["ISSUER", "VERIFIER", "ON_ERROR", "USER_RESOLVER"])
def test_no_message_shows_a_secret(key: str) -> None:
    secret = "sk_test_do_not_show"
    with override_settings(TORII={key: secret}):
        (message,) = run_checks()
        with pytest.raises(ConfigurationError) as raised:
            AuthMiddleware(view)
    assert secret not in f"{message.msg}{message.hint}"
    assert secret not in "".join(format_exception(None, raised.value, None))


def find_nobody(auth: Auth) -> None:
    """Return no user; for USER_RESOLVER."""


@pytest.mark.parametrize(
    ("number", "other", "belongs_before", "torii"),
    [
        (
            "torii.W002",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            True,
            {"USER_RESOLVER": find_nobody},
        ),
        ("torii.W003", "corsheaders.middleware.CorsMiddleware", True, {}),
        ("torii.W004", "django.middleware.cache.FetchFromCacheMiddleware", False, {}),
    ],
)
def test_the_check_warns_of_middleware_on_the_wrong_side(
    number: str, other: str, belongs_before: bool, torii: dict[str, Any]
) -> None:
    def messages(*middleware: str, **more: Any) -> list[Any]:
        with override_settings(TORII={"ISSUER": ISSUER, **more}, MIDDLEWARE=list(middleware)):
            return run_checks(tags=["security"])

    right = (other, MIDDLEWARE) if belongs_before else (MIDDLEWARE, other)
    side = "after" if belongs_before else "before"
    (warning,) = [each for each in messages(*reversed(right), **torii) if each.id == number]
    assert warning.hint == f"In MIDDLEWARE, write {MIDDLEWARE} {side} {other}."
    quiet = [messages(*right, **torii), messages(other, **torii)]
    if torii:
        quiet.append(messages(*reversed(right)))
    assert number not in {each.id for found in quiet for each in found}
