"""The whole OpenAPI file against the emulator: each check of schemathesis on every response."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple, Optional
from uuid import UUID, uuid4

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .api import Api
from .operations import OPENAPI, OPERATIONS, Operation

if TYPE_CHECKING:
    from schemathesis import BaseSchema, Case

    from torii_backend.emulator import Emulator

pytestmark = pytest.mark.skipif(
    "TORII_TESTS_NEED_SCHEMATHESIS" not in os.environ, reason="for `tox run -e schemathesis`"
)

EXAMPLES = settings(
    max_examples=15,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Exemption(NamedTuple):
    """A failure that some operations may show in responses of one status, and why.

    The example is a request, by its query or its body, that shows the failure.
    """

    failure: str
    status: int
    reason: str
    operations: set[str]
    query: Optional[dict[str, Any]] = None
    body: Optional[dict[str, Any]] = None


NO_METADATA: dict[str, Any] = {"publicMetadata": {}, "privateMetadata": {}}
FULL = {"k": "a" * 8192}
EXEMPTIONS = [
    Exemption(
        "UndefinedStatusCode",
        400,
        "malformed: a limit that is no whole number, or a cursor that is no id",
        {"listOrganizations", "listMembers", "listUserOrganizations"},
        query={"limit": "many"},
    ),
    Exemption(
        "AcceptedNegativeData",
        200,
        "a limit that is out of range is adjusted, and so is one beyond 32 bits",
        {
            "searchUsers",
            "listOrganizations",
            "listMembers",
            "listUserOrganizations",
            "listInvitations",
        },
        query={"limit": 2**40},
    ),
    Exemption(
        "RejectedPositiveData",
        400,
        "no schema can tell an address, or how strong a password is",
        {"createUser", "createInvitation"},
        body={"email": "ada", **NO_METADATA},
    ),
    Exemption(
        "RejectedPositiveData",
        400,
        "no schema can tell how many bytes the merged metadata have",
        {"createUser", "updateUser", "updateUserMetadata", "createInvitation"},
        body={
            "email": "ada@example.com",
            **NO_METADATA,
            "publicMetadata": FULL,
            "unsafeMetadata": FULL,
        },
    ),
    Exemption(
        "RejectedPositiveData",
        400,
        "the schema cannot tell that one of two metadata must be named",
        {"updateOrganizationMetadata", "updateMemberMetadata", "updateInvitationMetadata"},
        body={},
    ),
    Exemption(
        "RejectedPositiveData",
        400,
        "no schema can tell which origins are allowed",
        {"mintImpersonationToken"},
        body={"actorUserId": str(UUID(int=0)), "reason": "", "redirectUrl": "https://x.example"},
    ),
    Exemption(
        "RejectedPositiveData",
        400,
        "no schema can tell an origin",
        {"setAllowedOrigins"},
        body={"origins": ["no origin"]},
    ),
]


@pytest.fixture
def schema(torii: Emulator) -> BaseSchema:
    import schemathesis

    config = schemathesis.Config.from_dict(
        # The key goes with every request, so there is none to make up.
        {"base-url": torii.api_url, "generation": {"with-security-parameters": False}}
    )
    return schemathesis.openapi.from_path(OPENAPI, config=config)


@pytest.fixture
def ids(api: Api) -> dict[str, str]:
    """What is there: one thing of each kind that a path or a body names."""
    user, organization = api.user()["id"], api.organization()["id"]
    api.join(organization, user)
    return {
        "userId": user,
        "memberUserId": user,
        "actorUserId": api.user()["id"],
        "organizationId": organization,
        "sessionId": api.sign_in(user, organization)["id"],
        "invitationId": api.invite()["id"],
    }


def _aim(case: Case[Any], ids: dict[str, str]) -> None:
    """Let well-formed ids be those of something that is there, and any email be an address."""
    for holder in (case.path_parameters, case.body):
        if isinstance(holder, dict):
            for name in ids.keys() & holder.keys():
                if _is_id(holder[name]):
                    holder[name] = ids[name]
            if isinstance(holder.get("email"), str):
                holder["email"] = f"{uuid4()}@example.com"


def _is_id(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_response_matches_the_openapi_file(
    operation: Operation, schema: BaseSchema, api: Api, ids: dict[str, str]
) -> None:
    from schemathesis import GenerationMode
    from schemathesis.core.failures import FailureGroup

    key = {"Authorization": f"Bearer {api.secret_key}"}
    exempt = {(e.failure, e.status) for e in EXEMPTIONS if operation.name in e.operations}
    statuses: set[int] = set()

    def check(case: Case[Any], aimed: bool) -> None:
        if aimed:
            _aim(case, ids)
        response = case.call(session=session, headers=key)
        statuses.add(response.status_code)
        try:
            case.validate_response(response, headers=key)
        except FailureGroup as group:
            found = {(type(failure).__name__, response.status_code) for failure in group.exceptions}
            if not found <= exempt:
                raise

    described = schema[operation.path][operation.method]
    modes = list(GenerationMode)
    if not (described.body or list(described.iter_parameters())):
        modes.remove(GenerationMode.NEGATIVE)  # it takes nothing, so nothing can be wrong
    with requests.Session() as session:
        for mode in modes:
            cases = described.as_strategy(generation_mode=mode)
            EXAMPLES(given(case=cases, aimed=st.booleans())(check))()
    assert statuses & {200, 201, 204}, "none of the requests succeeded"


@pytest.mark.parametrize(
    ("name", "exemption"),
    [(name, exemption) for exemption in EXEMPTIONS for name in sorted(exemption.operations)],
    ids=lambda value: value if isinstance(value, str) else value.failure,
)
def test_each_exemption_is_needed(
    name: str, exemption: Exemption, schema: BaseSchema, api: Api, ids: dict[str, str]
) -> None:
    from schemathesis.core.failures import FailureGroup

    key = {"Authorization": f"Bearer {api.secret_key}"}
    (operation,) = (operation for operation in OPERATIONS if operation.name == name)
    request: dict[str, Any] = {
        "path_parameters": {name: ids[name] for name in re.findall(r"{(\w+)}", operation.path)},
        "query": exemption.query or {},
    }
    if exemption.body is not None:
        request.update(body=exemption.body, media_type="application/json")
    case = schema[operation.path][operation.method].Case(**request)
    with requests.Session() as session:
        response = case.call(session=session, headers=key)
    assert response.status_code == exemption.status
    if exemption.failure == "UndefinedStatusCode":
        with pytest.raises(FailureGroup, match="Undocumented status code"):
            case.validate_response(response, headers=key)
