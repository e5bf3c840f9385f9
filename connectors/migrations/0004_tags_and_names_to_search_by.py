"""The tags everybody starts with, and a column to search resources by."""

from django.db import migrations

from core.ids import ksuid
from core.models.keys import folded

TAGS = (
    ("risk", "Low", 1, False),
    ("risk", "Medium", 2, False),
    ("risk", "High", 3, True),
    ("risk", "Critical", 4, True),
    ("framework", "SOX", 0, False),
)


def begin(apps, schema_editor):
    tag = apps.get_model("connectors", "Tag")
    for kind, name, rank, is_grave in TAGS:
        begins = {"id": ksuid(), "rank": rank, "is_grave": is_grave}
        tag.objects.get_or_create(kind=kind, name=name, defaults=begins)
    resource = apps.get_model("connectors", "Resource")
    batch = []
    for row in resource.objects.only("pk", "name").iterator():
        row.search_text = folded(row.name)
        batch.append(row)
        if len(batch) == 1000:
            resource.objects.bulk_update(batch, ["search_text"])
            batch = []
    resource.objects.bulk_update(batch, ["search_text"])


class Migration(migrations.Migration):
    dependencies = [("connectors", "0003_complete_guarded_proven")]
    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
