"""A Django project in one file."""

from django.contrib.auth import get_user_model
from django.http import JsonResponse
from django.urls import path

from torii_backend.django import require_auth

SECRET_KEY = "x" * 50
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "torii_backend.django"]
MIDDLEWARE = ["torii_backend.django.AuthMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
ROOT_URLCONF = "project"
STATIC_URL = "/static/"
USE_TZ = True


def resolve(auth):
    return get_user_model().objects.get_or_create(username=auth.user_id)[0]


TORII = {"ISSUER": "https://acme.torii.so", "USER_RESOLVER": "project.resolve"}


def me(request):
    return JsonResponse({"user_id": request.auth.user_id, "username": request.user.username})


@require_auth(role="admin", organization=True)
def invoices(request):
    return JsonResponse({"organization": request.auth.organization_id})


urlpatterns = [path("me", me), path("invoices", invoices)]
