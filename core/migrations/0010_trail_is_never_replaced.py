"""Closes a door that SQLite leaves open in the trail (ADR 9)."""

import importlib

from django.db import migrations

guard = importlib.import_module("core.migrations.0003_trail_is_append_only")
KEYS = {"core_trailevent": "id", "core_trailseal": "number"}


def close(apps, schema_editor):
    """INSERT OR REPLACE deletes the row that stands in its way without asking the trigger that refuses DELETE."""
    if schema_editor.connection.vendor != "sqlite":
        return
    for table, key in KEYS.items():
        schema_editor.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) "
            f"BEGIN SELECT RAISE(ABORT, '{guard.WORDS}'); END"
        )


def open_up(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for table in KEYS:
            schema_editor.execute(f"DROP TRIGGER {table}_no_replace")


class Migration(migrations.Migration):

    dependencies = [
        ("core", "0009_checks_of_the_trail_are_work"),
    ]

    operations = [
        migrations.RunPython(close, open_up),
    ]
