"""What a reviewer was shown when they marked a line is kept with the mark, and goes into the decision."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("reviews", "0005_sampled_and_followed"),
    ]

    operations = [
        migrations.AddField(
            model_name="mark",
            name="needs_reason",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="mark",
            name="seen",
            field=models.JSONField(default=dict),
        ),
    ]
