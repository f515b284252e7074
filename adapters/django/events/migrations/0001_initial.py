"""Create the table of deliveries."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Create the table of deliveries."""

    initial: bool = True
    dependencies: tuple[tuple[str, str], ...] = ()
    operations: tuple[migrations.CreateModel, ...] = (
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
