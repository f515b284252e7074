"""What changes the database."""

from __future__ import annotations

from torii_backend import Auth
from users.models import Member


def member_of(auth: Auth) -> Member:
    """Return the member who is signed in; created with the first request."""
    return Member.objects.get_or_create(torii_id=auth.user_id)[0]


def rename(member: Member, nickname: str) -> Member:
    """Give a member another nickname."""
    member.nickname = nickname
    member.full_clean()
    member.save()
    return member
