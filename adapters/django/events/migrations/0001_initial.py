"""Create the table of deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Optional

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    """Create the table of deliveries."""

    initial: ClassVar[Optional[bool]] = True
    dependencies: ClassVar[Sequence[tuple[str, str]]] = ()
    operations: ClassVar[Sequence[Operation]] = (
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("key", models.CharField(max_length=512, primary_key=True, serialize=False)),
                ("state", models.CharField(max_length=8)),
                ("owner", models.CharField(max_length=32)),
                ("until", models.FloatField(db_index=True)),
                ("finished", models.TextField()),
            ],
            options={"verbose_name_plural": "deliveries"},
        ),
    )
