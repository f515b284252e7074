"""Access tokens of a session: they carry what the API knows about the user."""

from __future__ import annotations

from uuid import uuid4

import pytest

from torii_backend import Verifier

from .api import Api, instant


def test_a_token_is_of_its_user_and_its_environment(
    api: Api, elsewhere: Api, verifier: Verifier
) -> None:
    for one in (api, elsewhere):
        user_id = one.user()["id"]
        auth = verifier.verify(one.sign_in(user_id)["accessToken"])
        assert (auth.user_id, auth.environment_id) == (user_id, one.environment_id)
        assert not auth.impersonating
        assert auth.organization_id is None and auth.organization_role is None


def test_an_email_is_verified_through_the_admin_api(api: Api, verifier: Verifier) -> None:
    user = api.user(email="ada@example.com")
    assert not verifier.verify(api.sign_in(user["id"])["accessToken"]).email_verified
    api.admin(f"/users/{user['id']}/verify-email")
    verified = api.read(user["id"])
    assert instant(verified["emailVerifiedAt"]) >= instant(user["createdAt"])
    assert verifier.verify(api.sign_in(user["id"])["accessToken"]).email_verified


@pytest.mark.parametrize("locale", ["en", "da", None])
def test_the_locale_comes_from_the_profile(api: Api, verifier: Verifier, locale: str) -> None:
    user_id = api.user()["id"]
    api.ok("PATCH", f"/users/{user_id}", {"locale": locale})
    auth = verifier.verify(api.sign_in(user_id)["accessToken"])
    assert auth.locale == locale
    assert ("locale" in auth.claims) == (locale is not None)


def test_the_organization_is_the_active_one_with_the_role_in_it(
    api: Api, verifier: Verifier
) -> None:
    user_id = api.user()["id"]
    acme, other = api.organization("Acme")["id"], api.organization("Other")["id"]
    api.join(acme, user_id, "org:administrator")
    api.join(other, user_id, "member")
    for organization_id, role in ((acme, "org:administrator"), (other, "member"), (None, None)):
        auth = verifier.verify(api.sign_in(user_id, organization_id)["accessToken"])
        assert (auth.organization_id, auth.organization_role) == (organization_id, role)


def test_only_a_member_can_make_an_organization_active(api: Api) -> None:
    user_id = api.user()["id"]
    for organization_id in (api.organization()["id"], str(uuid4())):
        body = {"userId": user_id, "activeOrganizationId": organization_id}
        assert 400 <= api.wire.post("/_emulator/sessions", body).status < 500
    assert api.sessions(user_id) == []


def test_a_token_without_a_session_carries_the_same_state(api: Api, verifier: Verifier) -> None:
    user_id = api.user(email="ada@example.com")["id"]
    api.ok("PATCH", f"/users/{user_id}", {"locale": "da"})
    auth = verifier.verify(api.admin("/tokens", {"userId": user_id})["accessToken"])
    assert (auth.user_id, auth.locale, auth.email_verified) == (user_id, "da", False)
    assert api.sessions(user_id) == []


def test_tokens_contain_no_metadata(api: Api, verifier: Verifier) -> None:
    metadata = {"marker": "b6f0c1d2"}
    user = api.user(publicMetadata=metadata, privateMetadata=metadata, unsafeMetadata=metadata)
    auth = verifier.verify(api.sign_in(user["id"])["accessToken"])
    assert "b6f0c1d2" not in str(dict(auth.claims))


def test_an_unknown_user_cannot_sign_in(api: Api) -> None:
    response = api.wire.post("/_emulator/sessions", {"userId": str(uuid4())})
    assert 400 <= response.status < 500
