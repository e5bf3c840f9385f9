from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("core", "0005_letters_know_when_they_failed"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="sessions",
            field=models.CharField(blank=True, editable=False, max_length=32),
        ),
    ]
