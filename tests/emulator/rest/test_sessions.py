"""Sessions: one array of live ones, latest use first, and revoking them."""

from __future__ import annotations

from uuid import UUID, uuid4

from .api import Api, instant


def test_a_session_matches_the_schema(api: Api) -> None:
    user_id = api.user()["id"]
    api.sign_in(user_id)
    (session,) = api.ok("GET", f"/users/{user_id}/sessions")
    assert UUID(session["id"])
    assert (session["userId"], session["environmentId"]) == (user_id, api.environment_id)
    assert session["activeOrganizationId"] is None
    assert session["impersonatedBy"] is None
    created, used, expires = (
        instant(session[name]) for name in ("createdAt", "lastUsedAt", "expiresAt")
    )
    assert created <= used < expires


def test_a_user_who_never_signed_in_has_no_sessions(api: Api) -> None:
    assert api.ok("GET", f"/users/{api.user()['id']}/sessions") == []


def test_the_latest_use_comes_first(api: Api) -> None:
    user_id = api.user()["id"]
    session_ids = [api.sign_in(user_id)["id"] for _ in range(5)]
    assert api.sessions(user_id) == session_ids[::-1]
    times = [instant(s["lastUsedAt"]) for s in api.ok("GET", f"/users/{user_id}/sessions")]
    assert times == sorted(times, reverse=True)


def test_there_are_no_pages(api: Api) -> None:
    user_id = api.user()["id"]
    session_ids = {api.sign_in(user_id)["id"] for _ in range(30)}
    assert set(api.sessions(user_id)) == session_ids


def test_a_session_knows_its_active_organization(api: Api) -> None:
    user_id, organization_id = api.user()["id"], api.organization()["id"]
    api.join(organization_id, user_id)
    api.sign_in(user_id, organization_id)
    (session,) = api.ok("GET", f"/users/{user_id}/sessions")
    assert session["activeOrganizationId"] == organization_id


def test_revoking_one_session_ends_that_one_and_may_be_repeated(api: Api) -> None:
    user_id = api.user()["id"]
    first, second = (api.sign_in(user_id)["id"] for _ in range(2))
    for _ in range(3):
        api.done("DELETE", f"/users/{user_id}/sessions/{first}")
        assert api.sessions(user_id) == [second]


def test_revoking_all_ends_only_the_sessions_of_the_user(api: Api) -> None:
    ada, grace = api.user()["id"], api.user()["id"]
    for user_id in (ada, ada, grace):
        api.sign_in(user_id)
    for _ in range(3):
        api.done("DELETE", f"/users/{ada}/sessions")
        assert api.sessions(ada) == []
    assert len(api.sessions(grace)) == 1


def test_a_foreign_session_cannot_be_revoked(api: Api, elsewhere: Api) -> None:
    foreigner = elsewhere.user()["id"]
    session_id = elsewhere.sign_in(foreigner)["id"]
    mine = api.user()["id"]
    api.error(403, "DELETE", f"/users/{mine}/sessions/{session_id}")
    api.error(403, "DELETE", f"/users/{foreigner}/sessions/{session_id}")
    api.error(403, "DELETE", f"/users/{foreigner}/sessions")
    assert elsewhere.sessions(foreigner) == [session_id]


def test_a_session_of_no_or_another_user_cannot_be_revoked(api: Api) -> None:
    ada, grace = api.user()["id"], api.user()["id"]
    session = api.sign_in(grace)["id"]
    for session_id in (str(uuid4()), session):
        error = api.error(403, "DELETE", f"/users/{ada}/sessions/{session_id}")
        assert error["detail"] == "This user has no session with this id."
    assert api.sessions(grace) == [session]
