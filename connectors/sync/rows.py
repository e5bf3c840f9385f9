"""Records of the contract as JSON to lay aside, and as rows of the graph."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from django.db.models import CharField

from connectors.contract import Account as AccountRecord
from connectors.contract import Entitlement as EntitlementRecord
from connectors.contract import Grant as GrantRecord
from connectors.contract import Record
from connectors.contract import Resource as ResourceRecord
from connectors.contract import ResourceType as TypeRecord
from connectors.models import Account, Entitlement, Resource, SyncRun
from connectors.models.graph import GraphRow
from connectors.sync.matching import Match
from core.ids import ksuid
from core.models.keys import folded

type Laid = dict[str, Any]
"""A record as laid aside: its fields, and its digest."""
type Value = str | int | datetime | list[str] | dict[str, object] | None
type Row = dict[str, Value]
"""A row of the graph, every column by its name: to make a model of it costs more than to write it."""


def identity(record: Record) -> str:
    """What tells one record from another of its type; for resources, entitlements and accounts the
    external id of their row."""
    match record:
        case TypeRecord():
            return record.kind
        case ResourceRecord():
            return f"{record.kind}:{record.id}"
        case GrantRecord():
            return json.dumps([record.account_id, record.entitlement_id])
    return record.id


def laid(record: ResourceRecord | EntitlementRecord | AccountRecord) -> Laid:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {**values, "digest": hashlib.sha256(packed(values).encode()).hexdigest()[:32]}


def packed(value: object) -> str:
    """Canonical JSON: equal values, equal text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> dict[str, object]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} does not belong into a record")


class Rows:
    """Makes rows of what a run laid aside; all bear the same moment."""

    def __init__(self, run: SyncRun, at: datetime) -> None:
        self.at = at
        self._run = run
        self._blank: dict[type[GraphRow], Row] = {
            table: _blank(table) for table in (Resource, Entitlement, Account)
        }

    def resource(self, record: Laid, own: Sequence[str] = ()) -> Row:
        """`own`: names that people gave it here; they are searched for beside the source's."""
        name = _fit(Resource, "name", record["name"])
        return {
            **self._seen(Resource, record, f"{record['kind']}:{record['id']}"),
            "kind": record["kind"],
            "name": name,
            "description": record["description"],
            "profile": record["profile"],
            "search_text": folded(name, *own),
        }

    def entitlement(self, record: Laid, resource_pk: str, own: Sequence[str] = ()) -> Row:
        name = _fit(Entitlement, "name", record["name"])
        return {
            **self._seen(Entitlement, record, record["id"]),
            "kind": record["kind"],
            "resource_id": resource_pk,
            "slug": record["slug"],
            "name": name,
            "description": record["description"],
            "search_text": folded(name, *own),
        }

    def account(self, record: Laid, match: Match, *, is_external: bool = False) -> Row:
        names = ("login", "email", "name", "employee_id", "status_word")
        texts = {name: _fit(Account, name, record[name]) for name in names}
        return {
            **self._seen(Account, record, record["id"]),
            **texts,
            "status": record["status"],
            "marks": record["marks"],
            "profile": record["profile"],
            "person_id": match.person or None,
            "matched_by": match.by,
            "match_hint": match.hint,
            "is_external": is_external,
            "search_text": folded(texts["name"], texts["login"], texts["email"], texts["employee_id"]),
        }

    def _seen(self, table: type[GraphRow], record: Laid, external_id: str) -> Row:
        return {
            **self._blank[table],
            "id": ksuid(),
            "app_id": self._run.connector.app_id,
            "source": self._run.source,
            "external_id": external_id,
            "digest": record["digest"],
            "first_run": self._run.pk,
            "changed_run": self._run.pk,
            "first_seen_at": self.at,
            "changed_at": self.at,
        }


def _blank(table: type[GraphRow]) -> Row:
    """Every column as it is where nothing else is said."""
    return {str(field.column): field.get_default() for field in table._meta.concrete_fields}


def _fit(table: type[GraphRow], column: str, text: str) -> str:
    """As much of a text as its column holds: an over-long name must not end the reading of an app."""
    field = table._meta.get_field(column)
    if not isinstance(field, CharField) or field.max_length is None or len(text) <= field.max_length:
        return text
    return text[: field.max_length - 1] + "…"
