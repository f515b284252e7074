"""What reads the database."""

from __future__ import annotations

from django.db.models import QuerySet

from users.models import Member


def active_members() -> QuerySet[Member]:
    """List the members who may sign in."""
    return Member.objects.filter(is_active=True).order_by("id")
