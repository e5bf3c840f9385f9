from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0004_marks_keep_what_was_seen"),
        ("reviews", "0005_sampled_and_followed"),
    ]

    operations = [
        migrations.AddField(
            model_name="progress",
            name="untold",
            field=models.BooleanField(default=False),
        ),
    ]
