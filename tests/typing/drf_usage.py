"""Guarding views of Django REST framework."""

from __future__ import annotations

from typing import Optional

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from typing_extensions import assert_type

from torii_backend import Auth, Policy
from torii_backend.drf import RequirePolicy, ToriiAuthentication, ToriiUser, current_auth

members = RequirePolicy(organization=True, role={"member", "admin"})
admins = RequirePolicy(Policy(role="admin"), email_verified=True)


class ShopAuthentication(ToriiAuthentication):
    auth_options = {"audience": "shop", "email_verified": True}


class Invoices(APIView):
    authentication_classes = (ToriiAuthentication, ShopAuthentication)
    permission_classes = (IsAuthenticated, members, admins | ~members, IsAuthenticated & admins)

    def get(self, request: Request) -> Response:
        assert_type(current_auth(), Optional[Auth])
        return Response()


def of(user: ToriiUser) -> None:
    assert_type(user.auth, Auth)
    assert_type(user.pk, str)
    assert_type(user.is_authenticated, bool)


class Misspelt(ToriiAuthentication):
    auth_options = {"audence": "shop"}  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportAssignmentType]


RequirePolicy(rol="admin")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
RequirePolicy("admin")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RequirePolicy(role=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
