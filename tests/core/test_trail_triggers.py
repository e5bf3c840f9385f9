"""The triggers of the trail: whoever takes one away is found out."""

import pytest
from django.db import connection, transaction

from core.queries.seals import verify
from tests.flush import guard

TRIGGERS = [
    f"{table}_{end}"
    for table in guard.TABLES
    for end in (
        ("no_update", "no_delete", "no_replace") if connection.vendor == "sqlite" else ("append_only",)
    )
]


def test_a_trigger_that_is_gone_is_named(db):
    with transaction.atomic():
        with connection.cursor() as cursor:
            for name in TRIGGERS:
                table = name[: name.index("_", len("core_"))]
                on = "" if connection.vendor == "sqlite" else f" ON {table}"
                cursor.execute(f"DROP TRIGGER {name}{on}")
        found = verify().problems
        transaction.set_rollback(True)

    assert found == [
        f"The trigger {name} is gone: the database does not refuse changes." for name in TRIGGERS
    ]
    assert verify().problems == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite cannot switch a trigger off")
def test_a_trigger_that_is_switched_off_is_as_good_as_gone(db):
    with transaction.atomic():
        connection.cursor().execute("ALTER TABLE core_trailseal DISABLE TRIGGER ALL")
        found = verify().problems
        transaction.set_rollback(True)

    assert found == ["The trigger core_trailseal_append_only is gone: the database does not refuse changes."]
