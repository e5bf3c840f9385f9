"""Triggers that refuse to change or take away what the trail holds (ADR 9)."""

from django.db import migrations

TABLES = ("core_trailevent", "core_trailseal")
WORDS = "The trail is append-only."


def sqlite_triggers(table):
    for verb in ("UPDATE", "DELETE"):
        yield (
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
        )


def postgresql_triggers(table):
    yield (
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION core_trail_refuses()"
    )


def close(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE OR REPLACE FUNCTION core_trail_refuses() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{WORDS}'; END $$"
        )
    make = postgresql_triggers if schema_editor.connection.vendor == "postgresql" else sqlite_triggers
    for table in TABLES:
        for statement in make(table):
            schema_editor.execute(statement)


def open_up(apps, schema_editor):
    for table in TABLES:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        else:
            for verb in ("update", "delete"):
                schema_editor.execute(f"DROP TRIGGER {table}_no_{verb}")
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION core_trail_refuses()")


class Migration(migrations.Migration):

    dependencies = [
        ("core", "0002_ground_floor"),
    ]

    operations = [
        migrations.RunPython(close, open_up),
    ]
