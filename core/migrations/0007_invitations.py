import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("core", "0006_sessions_end_by_hand"),
    ]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("person", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="invitation", serialize=False, to=settings.AUTH_USER_MODEL)),
                ("by_name", models.CharField(max_length=200)),
                ("message", models.CharField(blank=True, max_length=300)),
                ("onward", models.CharField(blank=True, max_length=500)),
                ("invited_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("written_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
