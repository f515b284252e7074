"""A project of django-ninja in one file."""

from django.urls import path
from ninja import NinjaAPI

from torii_backend.ninja import ToriiBearer

SECRET_KEY = "x" * 50
ROOT_URLCONF = "project"
TORII = {"ISSUER": "https://acme.torii.so"}

api = NinjaAPI(auth=ToriiBearer())


@api.get("/me")
def me(request):
    return {"user_id": request.auth.user_id}


@api.get("/invoices", auth=ToriiBearer(role="admin", organization=True))
async def invoices(request):
    return {"organization": request.auth.organization_id}


urlpatterns = [path("", api.urls)]
