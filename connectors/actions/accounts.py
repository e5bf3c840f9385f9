"""What people decide about accounts: whose they are, and what kind. One verb for one account and for many.

No sync changes any of it. What is chosen by a filter is looked up again here, and its number must be the one
that was confirmed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from connectors.actions.permission import must_govern
from connectors.models import Account, App
from connectors.queries.accounts import Wanted, account_rows
from connectors.queries.own_accounts import Human
from connectors.sync.rematch import rematch
from core.errors import Denied, NotPossible
from core.models import User
from core.trail import record_many

CHUNK = 500
NOBODY = "no owner"

type Line = tuple[Account, Mapping[str, Any]]
"""An account, and what the trail is told of it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Accounts of one app: those with these keys, or all that a filter finds."""

    keys: Sequence[str] = ()
    wanted: Wanted | None = None
    number: int = 0
    """How many there were when somebody said yes."""

    def found(self, app: App) -> list[str]:
        if self.wanted is not None:
            return list(account_rows(app, self.wanted).order_by("pk").values_list("pk", flat=True))
        rows = Account.objects.filter(app=app, pk__in=self.keys).order_by("pk")
        return list(rows.values_list("pk", flat=True))


@transaction.atomic
def set_owner(app: App, chosen: Chosen, person: User, *, by: User | None) -> int:
    """These accounts are this person's, whatever they would match. Answers how many that changed."""
    app = _ownable(app, by)
    if not person.is_active:
        raise NotPossible(f"{person} is deactivated and cannot answer for an account.")
    decided = {"person": person, "matched_by": Account.Match.BY_HAND, "match_hint": ""}
    changed = 0
    for lines in _decided(app, chosen, decided, by=by):
        changed += len(record_many("accounts.owner_set", lines, by=by))
    return changed


@transaction.atomic
def clear_owner(app: App, chosen: Chosen, *, by: User | None) -> int:
    """These accounts are nobody's, whomever they would match. Answers how many that changed."""
    app = _ownable(app, by)
    decided = {"person": None, "matched_by": Account.Match.CLEARED, "match_hint": ""}
    changed = 0
    for lines in _decided(app, chosen, decided, by=by):
        changed += len(record_many("accounts.owner_cleared", lines, by=by))
    return changed


@transaction.atomic
def reset_owner(app: App, chosen: Chosen, *, by: User | None) -> int:
    """Match these accounts by themselves again, at once. Answers of how many people had decided."""
    app = _ownable(app, by)
    keys = _confirmed(app, chosen)
    before: dict[str, str] = {}
    human = Human.of(by) if by else None
    for rows in _rows(app, keys):
        ours = [row for row in rows if row.matched_by in Account.BY_PEOPLE]
        _must_be_of_others(app, ours, human)
        before |= {row.pk: _owner(row) for row in ours}
        Account.objects.filter(pk__in=[row.pk for row in ours]).update(
            matched_by=Account.Match.NONE, owner_set_at=None, owner_set_by=None
        )
    if before:
        rematch(app)
    for rows in _rows(app, sorted(before)):
        told = [(row, {"owner": {"before": before[row.pk], "after": _owner(row)}}) for row in rows]
        record_many("accounts.owner_reset", told, by=by)
    return len(before)


@transaction.atomic
def set_type(app: App, chosen: Chosen, kind: Account.Type, *, by: User | None) -> int:
    """These accounts are of this type. Answers how many that changed."""
    app = _held(app, by)

    def told(row: Account) -> Mapping[str, Any] | None:
        if row.type == kind:
            return None
        return {"account_type": {"before": row.get_type_display(), "after": kind.label}}

    changed = 0
    for lines in _changed(app, chosen, {"type": kind}, told):
        changed += len(record_many("accounts.type_set", lines, by=by))
    return changed


def _decided(
    app: App, chosen: Chosen, decided: Mapping[str, Any], *, by: User | None
) -> Iterator[Sequence[Line]]:
    person: User | None = decided["person"]
    human = Human.of(by) if by else None

    def told(row: Account) -> Mapping[str, Any] | None:
        if row.matched_by == decided["matched_by"] and row.person_id == (person.pk if person else None):
            return None
        _must_be_of_others(app, [row], human)
        return {"owner": {"before": _owner(row), "after": person.name if person else NOBODY}}

    return _changed(app, chosen, {**decided, "owner_set_at": now(), "owner_set_by": by}, told)


def _changed(
    app: App,
    chosen: Chosen,
    columns: Mapping[str, Any],
    told: Callable[[Account], Mapping[str, Any] | None],
) -> Iterator[Sequence[Line]]:
    """Write these columns of the rows that have something to tell, and give out what is to be told."""
    for rows in _rows(app, _confirmed(app, chosen)):
        lines = [(row, line) for row in rows if (line := told(row)) is not None]
        Account.objects.filter(pk__in=[row.pk for row, _ in lines]).update(**columns)
        yield lines


def _held(app: App, by: User | None) -> App:
    """With the app in our hands no sync applies what it had read before."""
    must_govern(app, by)
    return App.objects.select_for_update(no_key=True).get(pk=app.pk)


def _ownable(app: App, by: User | None) -> App:
    app = _held(app, by)
    if app.is_console:
        raise NotPossible(f"An account of {app} belongs to the person it is, and to nobody else.")
    return app


def _must_be_of_others(app: App, rows: Sequence[Account], human: Human | None) -> None:
    """Who could say whose their own account is could have it reviewed by themselves (decision 54)."""
    own = next((row for row in rows if human is not None and human.is_near(row)), None)
    if own is not None:
        raise Denied(
            f"{own} is your own account, or goes by your e-mail or employee number: another owner of {app} or"
            " a Super Administrator has to say whose it is. Nothing was changed."
        )


def _confirmed(app: App, chosen: Chosen) -> list[str]:
    keys = chosen.found(app)
    if not keys:
        raise NotPossible("No account was chosen, or none is there any more.")
    if len(keys) != chosen.number:
        raise NotPossible(
            f"{len(keys):,} accounts fit by now, and {chosen.number:,} did when you looked. Look again."
        )
    return keys


def _rows(app: App, keys: Sequence[str]) -> Iterator[list[Account]]:
    for chunk in batched(keys, CHUNK):
        yield list(Account.objects.filter(app=app, pk__in=chunk).select_related("person").order_by("pk"))


def _owner(account: Account) -> str:
    return account.person.name if account.person else NOBODY
