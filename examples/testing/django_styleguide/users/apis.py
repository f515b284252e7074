"""The views. Each validates, calls a service or a selector, and serialises."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from torii_backend.drf import RequirePolicy
from users.selectors import active_members
from users.services import rename


class MemberSerializer(serializers.Serializer):
    """What clients see of a member."""

    torii_id = serializers.CharField()
    nickname = serializers.CharField()


class MeApi(APIView):
    """The member who is signed in."""

    class InputSerializer(serializers.Serializer):
        """What a member may change."""

        nickname = serializers.CharField(max_length=40)

    def get(self, request: Request) -> Response:
        """Show it."""
        return Response(MemberSerializer(request.user).data)

    def patch(self, request: Request) -> Response:
        """Change it."""
        given = self.InputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(MemberSerializer(rename(request.user, **given.validated_data)).data)


class MemberListApi(APIView):
    """All members, for admins."""

    permission_classes = (RequirePolicy(role="admin", organization="org_acme"),)

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List them."""
        return Response(MemberSerializer(active_members(), many=True).data)


class HealthApi(APIView):
    """For the load balancer."""

    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Tell that the project is up."""
        return Response({"ok": True})
