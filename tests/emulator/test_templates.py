"""JWT templates: what a shortcode becomes, which templates are refused, and which tokens have the claims."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import any_json, fuzz
from torii_backend.emulator import Emulator
from torii_backend.emulator.store.users import StoredUser
from torii_backend.emulator.templates import RESERVED, Template, TemplateError
from torii_backend.errors import ConfigurationError

from .conftest import Wire
from .rest.api import api_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ADA = "0198a000-0000-7000-8000-000000000001"
ACME = "0198a000-0000-7000-8000-0000000000aa"
EARLY = datetime(2026, 1, 31, tzinfo=timezone.utc)


def _user(public_metadata: Optional[dict[str, Any]] = None, **fields: Any) -> StoredUser:
    return StoredUser(
        id=ADA,
        environment_id="env",
        status="active",
        created_at=EARLY,
        updated_at=EARLY,
        public_metadata=public_metadata or {},
        private_metadata={"secret": "private"},
        unsafe_metadata={"secret": "unsafe"},
        **fields,
    )


def _rendered(value: Any, user: StoredUser) -> Any:
    return Template({"claim": value}).claims(user)["claim"]


FULL = _user(
    {
        "plan": "pro",
        "seats": 3,
        "trial": False,
        "off": None,
        "team": {"name": "R&D", "tags": ["a"]},
    },
    email="ada@example.com",
    email_verified_at=EARLY,
    name="Ada Byron",
    first_name="Ada",
    last_name="Byron",
)
VALUES: list[tuple[Any, Any]] = [
    ("{{ user.id }}", ADA),
    ("{{user.email}}", "ada@example.com"),
    ("{{ user.email_verified }}", True),
    ("{{ user.name }}", "Ada Byron"),
    ("{{ user.first_name }}", "Ada"),
    ("{{ user.last_name }}", "Byron"),
    ("{{ user.public_metadata }}", FULL.public_metadata),
    ("{{ user.public_metadata.plan }}", "pro"),
    ("{{ user.public_metadata.seats }}", 3),
    ("{{ user.public_metadata.trial }}", False),
    ("{{ user.public_metadata.team.tags }}", ["a"]),
    ('{{ user.public_metadata.trial || "x" }}', False),
    ('{{ user.public_metadata.off || "x" }}', "x"),
    ('{{ user.public_metadata.absent || "x" }}', "x"),
    ('{{ user.public_metadata.plan.deeper || "x" }}', "x"),
    ('{{ user.public_metadata.absent||"" }}', ""),
    (r'{{ user.public_metadata.absent || "}} \" \u00e6" }}', '}} " æ'),
    ("{{ user.public_metadata.absent }}", None),
    ("{{ user.public_metadata.plan.deeper }}", None),
    ("{{ user.first_name }} of {{ user.public_metadata.plan }}", "Ada of pro"),
    (" {{ user.public_metadata.seats }}", " 3"),
    ("{{ user.email_verified }}/{{ user.public_metadata.trial }}", "true/false"),
    ("team:{{ user.public_metadata.team }}", 'team:{"name":"R&D","tags":["a"]}'),
    ("[{{ user.public_metadata.absent }}]", "[]"),
    ('[{{ user.public_metadata.absent || "x" }}]', "[x]"),
    ("plain } text }}", "plain } text }}"),
    ([{"deep": ["{{ user.public_metadata.seats }}"]}], [{"deep": [3]}]),
]


@pytest.mark.parametrize(("template", "value"), VALUES)
def test_a_shortcode_becomes_a_value_of_the_user(template: Any, value: Any) -> None:
    rendered = _rendered(template, FULL)
    assert json.dumps(rendered) == json.dumps(value)


@given(any_json.filter(lambda value: value is not None))
@fuzz
def test_a_whole_value_keeps_its_json_type(value: Any) -> None:
    user = _user({"x": {"y": value}})
    rendered = _rendered('{{ user.public_metadata.x.y || "default" }}', user)
    assert json.dumps(rendered) == json.dumps(value)


@given(any_json)
@fuzz
def test_a_value_without_shortcodes_stays_as_it_is(value: Any) -> None:
    if "{{" not in json.dumps(value):
        assert json.dumps(_rendered(value, FULL)) == json.dumps(value)


@given(st.text() | st.sampled_from(["{{ user.id }}", '{{ user.email || "x" }}', "{{"]))
@fuzz
def test_what_is_substituted_is_not_read_again(name: str) -> None:
    user = _user(name=name, first_name=name)
    assert _rendered("<{{ user.name }}{{ user.first_name }}>", user) == f"<{name}{name}>"
    assert _rendered("{{ user.name }}", user) == name


@given(
    st.dictionaries(st.text(max_size=5), any_json | st.text(alphabet='{} user.id|"\\'), max_size=4)
)
@fuzz
def test_any_object_is_a_template_or_refused(document: Mapping[str, Any]) -> None:
    with suppress(TemplateError):
        json.dumps(Template(document).claims(FULL), allow_nan=False)


def _nested(levels: int) -> Any:
    value: Any = "{{ user.id }}"
    for _ in range(levels):
        value = [value]
    return value


WRONG: list[tuple[Any, str]] = [
    ({"x": "{{ user.password }}"}, "shortcodes of user.id, user.email"),
    ({"x": "{{ user.private_metadata }}"}, "shortcodes of user.id, user.email"),
    ({"x": "{{ user.unsafe_metadata.role }}"}, "shortcodes of user.id, user.email"),
    ({"x": "{{ user.name.first }}"}, "a path, such as user.public_metadata.plan"),
    ({"x": "{{ user.public_metadata. }}"}, "a path, such as user.public_metadata.plan"),
    ({"x": "{{ user.public_metadata..plan }}"}, "a path, such as user.public_metadata.plan"),
    ({"x": "{{ org.id }}"}, "shortcodes such as {{ user.email }}"),
    ({"x": "{{ user.email"}, "shortcodes such as {{ user.email }}"),
    ({"x": "{{ user.email || x }}"}, "shortcodes such as {{ user.email }}"),
    ({"x": "{{ user.email | upper }}"}, "shortcodes such as {{ user.email }}"),
    ({"x": ["{{ user.id }}", {"y": "{{}}"}]}, "shortcodes such as {{ user.email }}"),
    ({"x": r'{{ user.email || "\x" }}'}, "defaults that are JSON texts"),
    ({"{{ user.id }}": 1}, "in values only"),
    ({"x": {"{{ user.id }}": 1}}, "in values only"),
    ({"x": _nested(64)}, "at most 64 levels"),
    *[({claim: "x"}, f"not set the claim {claim}") for claim in sorted(RESERVED)],
]


@pytest.mark.parametrize(("document", "message"), WRONG)
def test_a_bad_template_in_a_seed_is_named(document: Any, message: str, tmp_path: Path) -> None:
    seed = _seed(tmp_path, {"fine": {"x": _nested(62)}, "mcp": document})
    with pytest.raises(ConfigurationError) as caught:
        Emulator(seed=seed).start()
    assert str(caught.value).startswith("seed templates.mcp must ")
    assert message in str(caught.value)


@pytest.mark.parametrize("templates", [[], {"mcp": []}, {"mcp": "x"}, {"mcp": None}])
def test_templates_of_another_form(templates: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"seed is invalid: .*templates"):
        Emulator(seed=_seed(tmp_path, templates)).start()


def _seed(folder: Path, templates: Any) -> Path:
    file = folder / "seed.json"
    seed = {
        "users": [{"id": ADA, "email": "ada@example.com", "publicMetadata": {"plan": "pro"}}],
        "organizations": [{"id": ACME, "name": "Acme"}],
        "members": [{"organizationId": ACME, "userId": ADA, "role": "admin"}],
        "templates": templates,
    }
    file.write_text(json.dumps(seed), "utf-8")
    return file


DEFAULT = {"plan": "{{ user.public_metadata.plan }}", "aud": "orders", "email_verified": "maybe"}


def test_the_default_template_goes_on_every_token_of_a_known_user(tmp_path: Path) -> None:
    with Emulator(seed=_seed(tmp_path, {"default": DEFAULT})) as torii:
        wire = Wire(torii.issuer)
        known = wire.verified(torii.issue_token(user_id=ADA).access_token)
        session = wire.post("/_emulator/sessions", {"userId": ADA, "activeOrganizationId": ACME})
        in_session = wire.verified(session.json()["accessToken"])
        for claims in (known, in_session):
            assert (claims["plan"], claims["aud"]) == ("pro", "orders")
            assert claims["email_verified"] == "maybe"
            assert (claims["sub"], claims["iss"]) == (ADA, torii.issuer)
        assert in_session["org_role"] == "admin"
        assert "plan" not in wire.verified(torii.issue_token(user_id="user_ada").access_token)
        api_of(torii).ok("PATCH", f"/users/{ADA}/metadata", {"publicMetadata": {"plan": "free"}})
        assert wire.verified(torii.issue_token(user_id=ADA).access_token)["plan"] == "free"


def test_the_claims_of_a_call_override_those_of_the_template(tmp_path: Path) -> None:
    with Emulator(seed=_seed(tmp_path, {"default": DEFAULT})) as torii:
        token = torii.issue_token(user_id=ADA, claims={"plan": "max"}).access_token
        assert Wire(torii.issuer).verified(token)["plan"] == "max"


def test_templates_are_read_at_each_start_also_with_a_database_that_is_filled(
    tmp_path: Path,
) -> None:
    database = tmp_path / "torii.db"
    with Emulator(db=database, seed=_seed(tmp_path, {"default": {"version": 1}})):
        pass
    with Emulator(db=database, seed=_seed(tmp_path, {"default": {"version": 2}})) as torii:
        token = torii.issue_token(user_id=ADA).access_token
        assert Wire(torii.issuer).verified(token)["version"] == 2
