"""Triggers that refuse to change or take away what a version of a policy said: lines point at it (decision 16)."""

from django.db import migrations

TABLE = "reviews_policyversion"
WORDS = "What a version of a policy said stays."


def sqlite_triggers():
    refuse = f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
    yield f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} {refuse}"
    yield f"CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE} {refuse}"
    yield (
        f"CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE} "
        f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) {refuse}"
    )


def sqlite_openings():
    for verb in ("delete", "update", "replace"):
        yield f"DROP TRIGGER {TABLE}_no_{verb}"


def postgresql_triggers():
    yield (
        "CREATE OR REPLACE FUNCTION reviews_policy_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{WORDS}'; END $$"
    )
    refuse = "FOR EACH STATEMENT EXECUTE FUNCTION reviews_policy_refuses()"
    yield f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE OR TRUNCATE ON {TABLE} {refuse}"
    yield f"CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE} {refuse}"


def postgresql_openings():
    for verb in ("delete", "update"):
        yield f"DROP TRIGGER {TABLE}_no_{verb} ON {TABLE}"
    yield "DROP FUNCTION reviews_policy_refuses()"


def close(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in postgresql_triggers() if is_postgresql else sqlite_triggers():
        schema_editor.execute(statement)


def open_up(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in postgresql_openings() if is_postgresql else sqlite_openings():
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ("reviews", "0003_administrators_may_be_asked"),
    ]

    operations = [
        migrations.RunPython(close, open_up),
    ]
