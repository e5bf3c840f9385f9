import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0007_invitations")]

    operations = [
        migrations.AddField(
            "identityprovider",
            "secret_set_at",
            models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddField(
            "identityprovider",
            "secret_set_by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
