"""Triggers that refuse to change or take away decisions, comments, rounds of lines, versions of policies and
what control owners say of sampled lines; and lines beyond their status, who was asked and why, what is sampled, and what
is removed beyond how far it is (ADR 13).

What was frozen may go while its campaign is not yet staged: a staging that fails leaves nothing behind.
"""

from django.db import migrations

LINES, SOURCES, APPLIED = "reviews_reviewtask", "reviews_populationsource", "reviews_appliedpolicy"
THEN = ("reviews_personthen", "reviews_consolethen", "reviews_movedgrant", "reviews_peoplesource")
DECIDED = (
    "reviews_comment", "reviews_decision", "reviews_lineround", "reviews_look", "reviews_policyversion",
    "reviews_rolefile", "reviews_submission",
)  # fmt: skip
TURNS, REMOVALS, SAMPLE = "reviews_turn", "reviews_removal", "reviews_sampledline"
KEYS = {REMOVALS: "number"}
WORDS = "What a campaign froze and what was decided stays."
FROZEN = {
    LINES: (
        "campaign_id", "line_no", "grant", "app_id", "account_id", "entitlement_id", "person_id", "run", "since",
        "source", "kind", "app_name", "account_id_there", "account_name", "account_login", "account_email",
        "account_status", "account_type", "account_marks", "account_last_sign_in",
        "person_name", "person_title", "entitlement_id_there",
        "entitlement_name", "entitlement_slug", "entitlement_description", "resource_name", "risk", "frameworks",
    ),
    SOURCES: (
        "campaign_id", "connector_id", "source", "app_name", "run_id", "counted_run_id", "counted_at", "received",
        "second", "gaps", "files",
    ),
    APPLIED: ("campaign_id", "app_id", "entitlement_id", "version_id", "origin", "name"),
    TURNS: (
        "task_id", "campaign_id", "line_no", "round", "step", "rule", "reviewer_id", "on_behalf_of_id", "via",
        "is_fallback", "given_by_id", "given_reason",
    ),
    REMOVALS: ("key", "task_id", "campaign_id", "app_id", "created_at"),
    SAMPLE: ("campaign_id", "task_id", "line_no"),
}  # fmt: skip


OF_CAMPAIGNS = (LINES, SOURCES, APPLIED, *THEN, TURNS, REMOVALS, SAMPLE)
"""Taken away with a staging that comes to nothing, and never afterwards."""
CAMPAIGN = "reviews_campaign"
BEING_STAGED = "staged_at IS NULL AND status IN ('draft', 'staging')"


def _of(table):
    """Which columns must not change; nothing: none may."""
    columns = ", ".join(f'"{name}"' for name in FROZEN.get(table, ()))
    return f"OF {columns} " if columns else ""


def _key(table):
    return KEYS.get(table, "id")


def sqlite_triggers():
    refuse = f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
    for table in DECIDED:
        yield f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}"
    for table in OF_CAMPAIGNS:
        yield (
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT EXISTS "
            f"(SELECT 1 FROM {CAMPAIGN} WHERE id = OLD.campaign_id AND {BEING_STAGED}) {refuse}"
        )
    for table in (*DECIDED, *OF_CAMPAIGNS):
        yield f"CREATE TRIGGER {table}_no_update BEFORE UPDATE {_of(table)}ON {table} {refuse}"
        yield (
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {_key(table)} = NEW.{_key(table)}) {refuse}"
        )
    yield (
        f"CREATE TRIGGER {CAMPAIGN}_stays_staged BEFORE UPDATE OF staged_at ON {CAMPAIGN} "
        f"WHEN OLD.staged_at IS NOT NULL AND NEW.staged_at IS NULL {refuse}"
    )


def sqlite_openings():
    for table in (*DECIDED, *OF_CAMPAIGNS):
        for verb in ("delete", "update", "replace"):
            yield f"DROP TRIGGER {table}_no_{verb}"
    yield f"DROP TRIGGER {CAMPAIGN}_stays_staged"


def postgresql_triggers():
    yield (
        "CREATE OR REPLACE FUNCTION reviews_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{WORDS}'; END $$"
    )
    yield (
        "CREATE OR REPLACE FUNCTION reviews_keeps_population() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF NOT EXISTS (SELECT 1 FROM {CAMPAIGN} WHERE id = OLD.campaign_id AND {BEING_STAGED}) "
        f"THEN RAISE EXCEPTION '{WORDS}'; END IF; RETURN OLD; END $$"
    )
    refuse = "FOR EACH STATEMENT EXECUTE FUNCTION reviews_refuses()"
    for table in DECIDED:
        yield f"CREATE TRIGGER {table}_no_delete BEFORE DELETE OR TRUNCATE ON {table} {refuse}"
    for table in OF_CAMPAIGNS:
        yield f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} {refuse}"
        yield (
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION reviews_keeps_population()"
        )
    for table in (*DECIDED, *OF_CAMPAIGNS):
        yield f"CREATE TRIGGER {table}_no_update BEFORE UPDATE {_of(table)}ON {table} {refuse}"
    yield (
        f"CREATE TRIGGER {CAMPAIGN}_stays_staged BEFORE UPDATE OF staged_at ON {CAMPAIGN} FOR EACH ROW "
        "WHEN (OLD.staged_at IS NOT NULL AND NEW.staged_at IS NULL) EXECUTE FUNCTION reviews_refuses()"
    )


def postgresql_openings():
    for table in (*DECIDED, *OF_CAMPAIGNS):
        for verb in ("delete", "update"):
            yield f"DROP TRIGGER {table}_no_{verb} ON {table}"
    for table in OF_CAMPAIGNS:
        yield f"DROP TRIGGER {table}_no_truncate ON {table}"
    yield f"DROP TRIGGER {CAMPAIGN}_stays_staged ON {CAMPAIGN}"
    yield "DROP FUNCTION reviews_keeps_population()"
    yield "DROP FUNCTION reviews_refuses()"


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
        ("reviews", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(close, open_up),
    ]
