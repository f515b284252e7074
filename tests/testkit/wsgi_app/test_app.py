import unittest

import pytest
from app import app
from werkzeug.test import Client

from torii_backend.testing import auth_as

client = Client(app)


@auth_as("user_ada")
class MeTests(unittest.TestCase):
    def test_me(self):
        self.assertEqual(client.get("/").text, "user_ada")


@pytest.mark.auth_as("user_bob")
class MarkedTests(unittest.IsolatedAsyncioTestCase):
    async def test_me(self):
        self.assertEqual(client.get("/").text, "user_bob")


def test_signed_out():
    assert client.get("/").status_code == 401


def test_a_real_token(torii_user, torii_headers):
    assert client.get("/", headers=torii_headers).text == torii_user.id
