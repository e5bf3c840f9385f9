from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("core", "0004_groups_know_their_change"),
    ]

    operations = [
        migrations.AddField(
            model_name="outgoingmail",
            name="failed_at",
            field=models.DateTimeField(null=True),
        ),
    ]
