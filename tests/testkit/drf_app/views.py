from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from torii_backend.drf import RequirePolicy


class Me(APIView):
    def get(self, request):
        return Response({"user_id": request.auth.user_id})


class Invoices(APIView):
    permission_classes = [RequirePolicy(role="admin", organization=True)]

    def get(self, request):
        return Response({"organization": request.auth.organization_id})


urlpatterns = [path("me", Me.as_view()), path("invoices", Invoices.as_view())]
