"""Indexes to read access changes by time: without them a page of the feed sorts every grant there is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connectors", "0005_apps_leave_lists")]
    operations = [
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(fields=["since", "id"], name="grants_by_start"),
        ),
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(
                condition=models.Q(("gone_at__isnull", False)), fields=["gone_at", "id"], name="grants_by_end"
            ),
        ),
    ]
