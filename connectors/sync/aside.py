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


def pairs(column: str, table: str = PAGE, each: str = "DISTINCT") -> str:
    """Pairs laid aside, each once: `account` and `entitlement`, the vendor's ids. Takes the run."""
    if connection.vendor == "postgresql":
        return (
            f"SELECT {each} h.value->>0 AS account, e.value AS entitlement FROM {table} p"
            f" CROSS JOIN LATERAL json_array_elements(p.{column}::json) AS h(value)"
            " CROSS JOIN LATERAL json_array_elements_text(h.value->1) AS e(value) WHERE p.run_id = %s"
        )
    return (
        f"SELECT {each} json_extract(h.value, '$[0]') AS account, e.value AS entitlement"
        f" FROM {table} p, json_each(p.{column}) h, json_each(h.value, '$[1]') e WHERE p.run_id = %s"
    )


def holders() -> str:
    """Accounts that grants were laid aside of, as often as they came: `account`, and how many `held`. Takes
    the run."""
    if connection.vendor == "postgresql":
        return (
            f"SELECT h.value->>0 AS account, json_array_length(h.value->1) AS held FROM {PAGE} p"
            " CROSS JOIN LATERAL json_array_elements(p.grants::json) AS h(value) WHERE p.run_id = %s"
        )
    return (
        "SELECT json_extract(h.value, '$[0]') AS account, json_array_length(h.value, '$[1]') AS held"
        f" FROM {PAGE} p, json_each(p.grants) h WHERE p.run_id = %s"
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
