"""What a run has laid aside, as parts of statements: its JSON taken apart in the words of either database.

Each takes the run as its value, as often as it says.
"""

# ruff: noqa: S608

from collections.abc import Sequence

from django.db import connection

from connectors.models import SyncPage, SyncRecount

PAGE, RECOUNT = SyncPage._meta.db_table, SyncRecount._meta.db_table


def seen(column: str) -> str:
    """Our keys of rows seen unchanged, as `id`. Takes the run."""
    if column in ("seen_grants", "silent_grants"):
        return stepped(column)
    if connection.vendor == "postgresql":
        return (
            f"SELECT j.value AS id FROM {PAGE} p"
            f" CROSS JOIN LATERAL json_array_elements_text(p.{column}::json) AS j(value) WHERE p.run_id = %s"
        )
    return f"SELECT j.value AS id FROM {PAGE} p, json_each(p.{column}) j WHERE p.run_id = %s"


def stepped(column: str) -> str:
    """The same for grants, whose keys are kept as steps from one to the next."""
    if connection.vendor == "postgresql":
        return (
            "SELECT (sum(j.step::bigint) OVER (PARTITION BY p.id ORDER BY j.n))::bigint AS id"
            f" FROM {PAGE} p CROSS JOIN LATERAL json_array_elements_text(p.{column}::json)"
            " WITH ORDINALITY AS j(step, n) WHERE p.run_id = %s"
        )
    return (
        "SELECT sum(j.value) OVER (PARTITION BY p.id ORDER BY j.key) AS id"
        f" FROM {PAGE} p, json_each(p.{column}) j WHERE p.run_id = %s"
    )


def each(column: str) -> str:
    """`FROM` every record laid aside in full, as `j`. Takes the run."""
    if connection.vendor == "postgresql":
        return (
            f"FROM {PAGE} p CROSS JOIN LATERAL json_array_elements(p.{column}::json) AS j(value)"
            " WHERE p.run_id = %s"
        )
    return f"FROM {PAGE} p, json_each(p.{column}) j WHERE p.run_id = %s"


def field(name: str) -> str:
    """A text of such a record."""
    return (
        f"(j.value->>'{name}')" if connection.vendor == "postgresql" else f"json_extract(j.value, '$.{name}')"
    )


def as_text() -> str:
    """Such a record as it was laid aside: equal pairs are of equal text, and need not be taken apart."""
    return "j.value::text" if connection.vendor == "postgresql" else "j.value"


def pairs(column: str, table: str = PAGE, each: str = "DISTINCT") -> str:
    """Pairs laid aside, each once: `account` and `entitlement`, the vendor's ids. Takes the run."""
    if connection.vendor == "postgresql":
        return (
            f"SELECT {each} j.value->>0 AS account, j.value->>1 AS entitlement FROM {table} p"
            f" CROSS JOIN LATERAL json_array_elements(p.{column}::json) AS j(value) WHERE p.run_id = %s"
        )
    return (
        f"SELECT {each} json_extract(j.value, '$[0]') AS account,"
        " json_extract(j.value, '$[1]') AS entitlement"
        f" FROM {table} p, json_each(p.{column}) j WHERE p.run_id = %s"
    )


def ids() -> str:
    """The accounts of the second reading, each once, as `id`. Takes the run."""
    if connection.vendor == "postgresql":
        return (
            f"SELECT DISTINCT j.value AS id FROM {RECOUNT} p"
            " CROSS JOIN LATERAL json_array_elements_text(p.accounts::json) AS j(value) WHERE p.run_id = %s"
        )
    return f"SELECT DISTINCT j.value AS id FROM {RECOUNT} p, json_each(p.accounts) j WHERE p.run_id = %s"


def marks(values: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(values))
