"""Keywords and settings: the header's name, the environment, and what is wrong at construction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.contract import Guard, behaviour, behaviours
from tests.adapters.messages import Request
from torii_backend import ConfigurationError, Verifier

_HEADER = "X-Access-Token"


@behaviour
def the_token_may_come_in_a_header_of_another_name(guard: Guard) -> None:
    for header in (_HEADER, _HEADER.lower(), _HEADER.upper()):
        guard.admits(Request(headers=((_HEADER, f"Bearer {guard.token()}"),)), header=header)


@behaviour
def authorization_does_not_count_where_another_header_is_named(guard: Guard) -> None:
    guard.refuses(guard.good(), "no_credentials", header=_HEADER)
    mixed = (("Authorization", "Basic YWRhOmFkYQ=="), (_HEADER, f"Bearer {guard.token()}"))
    guard.admits(Request(headers=mixed), header=_HEADER)


@behaviour
def a_header_of_another_name_keeps_the_rules(guard: Guard) -> None:
    token = guard.token()
    guard.refuses(Request(headers=((_HEADER, token),)), "no_credentials", header=_HEADER)
    guard.refuses(Request(headers=((_HEADER, "Bearer"),)), "malformed_credentials", header=_HEADER)
    twice = ((_HEADER, f"Bearer {token}"), (_HEADER, f"Bearer {token}"))
    assert guard.call(Request(headers=twice), header=_HEADER).status == 400


@behaviour
def the_environment_may_name_the_issuer(guard: Guard) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORII_ISSUER", guard.issuers.home.issuer)
        app = guard.build({})
        assert app(guard.good()).json()["current"] == "ada"
        assert app(Request()).status == 401


@behaviour
def a_keyword_counts_before_the_environment(guard: Guard) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORII_ISSUER", guard.issuers.other.issuer)
        guard.admits(guard.good())


@behaviours(
    issuer_without_scheme={"issuer": "acme.torii.so"},
    issuer_in_plain_http={"issuer": "http://acme.torii.so"},
    issuer_is_a_key={"issuer": "sk_test_0"},
    no_issuer_at_all={"issuer": []},
    empty_audience={"audience": ""},
    negative_leeway={"leeway": -1},
    leeway_is_no_number={"leeway": "30"},
    header_is_no_name={"header": "x token"},
    required_is_no_boolean={"required": "no"},
    exempt_is_one_string={"exempt": "/health"},
    exempt_without_slash={"exempt": ["health"]},
    exempt_star_inside={"exempt": ["/a/*/b"]},
    verifier_is_none_of_ours={"verifier": object()},
    on_error_cannot_be_called={"on_error": "no"},
    preflight_is_no_boolean={"preflight": "no"},
    policy_is_none_of_ours={"policy": {"role": "admin"}},
    email_verified_is_no_boolean={"email_verified": "yes"},
    impersonation_is_no_choice={"impersonation": "never"},
    empty_organization={"organization": ""},
    role_is_empty={"role": []},
    claims_is_no_mapping={"claims": ["plan"]},
    check_cannot_be_called={"check": "no"},
)
def a_wrong_setting_is_found_at_construction(guard: Guard, wrong: dict[str, Any]) -> None:
    options = {"issuer": guard.issuers.home.issuer, **wrong}
    if "verifier" in wrong:
        del options["issuer"]
    with pytest.raises(ConfigurationError):
        guard.build(options)  # type: ignore[arg-type]


@behaviour
def a_verifier_beside_its_own_settings_is_found_at_construction(guard: Guard) -> None:
    issuer = guard.issuers.home.issuer
    with pytest.raises(ConfigurationError):
        guard.build({"issuer": issuer, "verifier": Verifier(issuer)})


@behaviour
def an_unknown_keyword_is_found_at_construction(guard: Guard) -> None:
    options: Any = {"issuer": guard.issuers.home.issuer, "requierd": False}
    # Django's middleware has settings for keywords, and an unknown one is a wrong setting.
    with pytest.raises((TypeError, ConfigurationError), match=r"(?i)requierd"):
        guard.build(options)
