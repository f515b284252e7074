"""The table of the inbox."""

from __future__ import annotations

from django.db import models


class Delivery(models.Model):
    """A delivery that an `Inbox` remembers: one `Entry`, see `torii_backend/events/inbox.py`."""

    key: models.CharField[str, str] = models.CharField(max_length=512, primary_key=True)
    state: models.CharField[str, str] = models.CharField(max_length=8)
    owner: models.CharField[str, str] = models.CharField(max_length=32)
    until: models.FloatField[float, float] = models.FloatField(db_index=True)
    finished: models.TextField[str, str] = models.TextField()

    class Meta:
        """Names for the admin."""

        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return self.key
