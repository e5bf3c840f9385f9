"""An app that its provider lists no longer says since when."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("connectors", "0004_tags_and_names_to_search_by"),)

    operations = (
        migrations.AddField(
            model_name="app", name="unlisted_at", field=models.DateTimeField(null=True)
        ),
    )
