"""Its pages."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.urls import path

from torii_backend import Auth, Policy
from torii_backend.django import require_auth
from torii_backend.django.sessions import StaffSiteMixin, is_staff, session_view


class Site(StaffSiteMixin, AdminSite):
    """The admin site of the project."""


site = Site()
site.register(User, UserAdmin)


def find_user(auth: Auth) -> Any:
    user, _ = User.objects.get_or_create(username=auth.user_id)
    return user


@login_required
def account(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.user.get_username()} {is_staff(request)}")


def sign_in(request: HttpRequest) -> HttpResponse:
    """Stand in for the page whose script signs in."""
    request.session["basket"] = "full"
    return HttpResponse("sign in")


STAFF = Policy(organization="org_1", role="admin")

urlpatterns = [
    path("admin/", site.urls),
    path("account", account),
    path("sign-in", sign_in),
    path("sign-out", LogoutView.as_view()),
    path("session", session_view(staff=STAFF)),
    path("session-for-now", session_view(lifetime=0)),
    path("session-for-hours", session_view(lifetime=7200, impersonation="allow")),
    path("session-of-verified", session_view(email_verified=True)),
    path("api", require_auth(account)),
    path("api-of-verified", require_auth(email_verified=True)(account)),
]
