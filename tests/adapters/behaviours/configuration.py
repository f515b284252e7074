"""Options reach the guard, and wrong ones are found when the application is made."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request
from torii_backend import ConfigurationError, PolicyOptions, Verifier

_CONDITIONS = (*PolicyOptions.__annotations__, "policy")
_HEADER = "X-Access-Token"
_TESTS = str(Path(__file__).parents[2])


@behaviour
def the_token_may_come_in_another_header(guard: Guard) -> None:
    token = (_HEADER, f"Bearer {guard.token()}")
    for header in (_HEADER, _HEADER.lower(), _HEADER.upper()):
        guard.admits(Request(headers=(token,)), header=header)
    twice = guard.call(Request(headers=(token, token)), header=_HEADER)
    assert twice.status == 400


@behaviour
def authorization_is_ignored_if_another_header_is_named(guard: Guard) -> None:
    guard.refuses(guard.good(), "no_credentials", header=_HEADER)
    mixed = (("Authorization", "Basic YWRhOmFkYQ=="), (_HEADER, f"Bearer {guard.token()}"))
    guard.admits(Request(headers=mixed), header=_HEADER)


@behaviour
def a_header_may_carry_the_token_alone(guard: Guard) -> None:
    token = guard.token()
    bare: Any = {"header": _HEADER, "scheme": None}
    guard.admits(Request(headers=((_HEADER, token),)), **bare)
    guard.refuses(guard.good(), "no_credentials", **bare)
    for value in (f"Bearer {token}", f"{token}, {token}", "a b"):
        assert guard.call(Request(headers=((_HEADER, value),)), **bare).status == 400
    twice = ((_HEADER, token), (_HEADER, token))
    assert guard.call(Request(headers=twice), **bare).status == 400


@behaviour
def the_environment_may_name_the_issuer(guard: Guard) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORII_ISSUER", guard.issuers.home.issuer)
        app = guard.build({})
        assert app(guard.good()).json()["current"] == "ada"
        assert app(Request()).status == 401


@behaviour
def a_keyword_overrides_the_environment(guard: Guard) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORII_ISSUER", guard.issuers.other.issuer)
        guard.admits(guard.good())


@behaviour
def a_password_found_at_construction_is_in_no_variable(guard: Guard) -> None:
    """Error trackers send the variables of each function."""
    address = "https://ada:hunter2@acme.torii.so"
    for issuer in (address, [address]):
        with pytest.raises(ConfigurationError) as caught:
            guard.build({"issuer": issuer})(guard.good())
        frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
        ours = [each for each in frames if "torii" in each.f_code.co_filename.rpartition("/")[0]]
        ours = [each for each in ours if not each.f_code.co_filename.startswith(_TESTS)]
        assert ours
        for frame in ours:
            assert "hunter2" not in str(frame.f_locals), frame


@behaviour
def a_wrong_setting_is_found_at_construction(guard: Guard) -> None:
    """One for each of the ways that settings take; the core's tests have all the others."""
    issuer = guard.issuers.home.issuer
    wrong: tuple[Any, ...] = (
        {"issuer": "http://acme.torii.so"},
        {"issuer": issuer, "audience": ""},
        {"issuer": issuer, "header": "x token"},
        {"issuer": issuer, "scheme": "Token"},
        {"issuer": issuer, "required": "no"},
        {"issuer": issuer, "exempt": "/health"},
        {"issuer": issuer, "on_error": "no"},
        {"issuer": issuer, "preflight": "no"},
        {"issuer": issuer, "policy": {"role": "admin"}},
        {"issuer": issuer, "role": []},
        {"issuer": issuer, "check": "no"},
        # A variable that isn't set must not open what it should guard.
        *({"issuer": issuer, keyword: None} for keyword in _CONDITIONS),
        {"issuer": issuer, "verifier": Verifier(issuer)},
        {"verifier": object()},
    )
    for options in wrong:
        with pytest.raises(ConfigurationError):
            guard.build(options)


@behaviour
def an_unknown_keyword_is_found_at_construction(guard: Guard) -> None:
    options: Any = {"issuer": guard.issuers.home.issuer, "requierd": False}
    # Django's middleware has settings for keywords, and an unknown one is a wrong setting.
    with pytest.raises((TypeError, ConfigurationError), match=r"(?i)requierd"):
        guard.build(options)
