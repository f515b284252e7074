"""The tables."""

from __future__ import annotations

from django.db import models


class Member(models.Model):
    """A user of Torii, as this project knows them."""

    torii_id = models.CharField(max_length=64, unique=True)
    nickname = models.CharField(max_length=40, blank=True)
    is_active = models.BooleanField(default=True)
    # What REST framework and Django ask of a user.
    is_authenticated = True
    is_anonymous = False

    def __str__(self) -> str:
        """Return the nickname, or what Torii calls the user."""
        return self.nickname or self.torii_id
