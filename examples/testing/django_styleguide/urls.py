"""The routes."""

from __future__ import annotations

from django.urls import path

from users.apis import HealthApi, MeApi, MemberListApi

urlpatterns = [
    path("me", MeApi.as_view()),
    path("members", MemberListApi.as_view()),
    path("health", HealthApi.as_view()),
]
