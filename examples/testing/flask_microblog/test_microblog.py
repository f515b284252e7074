"""Tests with unittest. There is no sign-in to go through: each test says who it is."""

from __future__ import annotations

import unittest

from microblog import create_app
from torii_backend.testing import assert_guarded, auth_as, signed_out


@auth_as("user_ada")
class MicroblogTests(unittest.TestCase):
    def setUp(self) -> None:
        self.app = create_app(":memory:")
        self.client = self.app.test_client()

    def test_a_feed_begins_empty(self) -> None:
        self.assertEqual(self.client.get("/feed").json, [])

    def test_a_post_is_in_the_feed_of_its_author(self) -> None:
        self.client.post("/posts", json={"body": "Hello"})
        self.assertEqual(self.client.get("/feed").json, [{"author": "user_ada", "body": "Hello"}])

    def test_a_feed_shows_those_whom_one_follows(self) -> None:
        for author in ("user_bob", "user_eve"):
            with auth_as(author):
                self.client.post("/posts", json={"body": author})
        self.client.put("/users/user_bob/follow")
        feed = self.client.get("/feed").json
        self.assertEqual(feed, [{"author": "user_bob", "body": "user_bob"}])

    def test_nobody_follows_themselves(self) -> None:
        self.assertEqual(self.client.put("/users/user_ada/follow").status_code, 409)

    def test_a_post_has_a_length(self) -> None:
        self.assertEqual(self.client.post("/posts", json={"body": "x" * 141}).status_code, 422)

    def test_nobody_reads_without_sign_in(self) -> None:
        with signed_out():
            self.assertEqual(self.client.get("/feed").status_code, 401)

    def test_nothing_but_health_is_open(self) -> None:
        assert_guarded(self.app, open={"/health": "load balancer"})
