"""Tests with Django's TestCase. There is no sign-in to go through: each test says who it is."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application
from django.test import TestCase
from rest_framework.test import APIClient

from torii_backend.testing import assert_guarded, auth_as, refused
from users.models import Member


@auth_as("user_ada")
class MeTests(TestCase):
    client_class = APIClient

    def test_a_member_is_created_with_the_first_request(self) -> None:
        assert self.client.get("/me").json() == {"torii_id": "user_ada", "nickname": ""}
        assert Member.objects.get().torii_id == "user_ada"

    def test_a_member_changes_the_nickname(self) -> None:
        response = self.client.patch("/me", {"nickname": "Ada"}, format="json")
        assert response.json()["nickname"] == "Ada"

    def test_a_nickname_has_a_length(self) -> None:
        response = self.client.patch("/me", {"nickname": "a" * 41}, format="json")
        assert response.status_code == 400

    def test_a_member_who_is_not_active_is_refused(self) -> None:
        Member.objects.create(torii_id="user_ada", is_active=False)
        response = self.client.get("/me")
        assert (response.status_code, response.json()["error"]["reason"]) == (403, "user")

    def test_members_may_not_list_members(self) -> None:
        assert self.client.get("/members").status_code == 403

    @auth_as("user_root", role="admin", organization="org_acme")
    def test_admins_list_members(self) -> None:
        self.client.get("/me")
        assert [member["torii_id"] for member in self.client.get("/members").json()] == [
            "user_root"
        ]


class GuardTests(TestCase):
    def test_an_expired_token_is_refused(self) -> None:
        with refused("expired"):
            assert self.client.get("/me").json()["error"]["reason"] == "expired"

    def test_nothing_but_health_is_open(self) -> None:
        assert_guarded(get_wsgi_application(), open={"/health": "load balancer"})
