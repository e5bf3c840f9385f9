"""Pure: which attributes of accounts are kept. Whom an account is of and its state always are."""

from collections.abc import Collection
from dataclasses import replace

from connectors.contract import Account, Record

ALWAYS_KEPT = frozenset({"id", "login", "email", "name", "employee_id", "status", "status_word", "marks"})
"""Without these an account could be neither told apart, nor matched, nor judged."""
ALL, IGNORE, ONLY = "all", "ignore", "only"


def kept(record: Record, mode: str, names: Collection[str]) -> Record:
    """The record as it may be kept: of accounts the profile without what is filtered."""
    if mode == ALL or not isinstance(record, Account):
        return record
    wanted = mode == ONLY
    profile = {name: value for name, value in record.profile.items() if (name in names) is wanted}
    return replace(record, profile=profile)
