"""Whose account is whose, over a whole app: worked out anew, previewed, and written set-wise.

What people decided (Account.BY_PEOPLE) is never touched. Reads a thousand accounts at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet

from connectors.models import Account, App, SyncRun
from connectors.sync import sql
from connectors.sync.matching import Directory, Match, Person, Strategy
from core.models import Organisation, User

CHUNK = 1_000
SAMPLES = 10


class Seen(NamedTuple):
    """What is looked at of an account."""

    pk: str
    employee_id: str
    email: str
    login: str
    name: str
    person: str | None
    matched_by: str
    match_hint: str
    is_external: bool
    profile: dict[str, object]
    external_id: str


COLUMNS = (*Seen._fields[:5], "person_id", *Seen._fields[6:])


class Change(NamedTuple):
    """An account, and what it would be matched to."""

    account: Seen
    match: Match
    is_external: bool


@dataclass(slots=True)
class Outcome:
    """What matching an app anew would do, or did. Accounts with an owner set by hand count as matched."""

    everything: int = 0
    matched: int = 0
    gained: int = 0
    changed: int = 0
    lost: int = 0
    hints: int = 0
    """Accounts that several people fit."""
    by_people: int = 0
    """Accounts whose owner people decided: they stay as they are."""
    samples: list[Change] = field(default_factory=list)
    """A few of those that gain, change or lose their owner."""

    @property
    def moved(self) -> int:
        return self.gained + self.changed + self.lost


def strategy_of(app: App) -> Strategy:
    return Strategy(app.matching, app.pairs, app.drops_plus)


def directory(strategy: Strategy) -> Directory:
    """Everybody, deactivated people too: whose account it was is still known."""
    people = User.objects.values_list("pk", "email", "employee_id", "name")
    return Directory((Person(*row) for row in people.iterator()), strategy)


def preview(app: App, strategy: Strategy) -> Outcome:
    """What saving this strategy would do. Writes nothing."""
    outcome = Outcome()
    accounts = Account.objects.here().filter(app=app)
    for each in _looked_at(accounts, directory(strategy), Organisation.current()):
        _tally(outcome, each)
    return outcome


def rematch(app: App) -> Outcome:
    """Match the accounts of an app that are still there anew, and say whether each is external.

    For a transaction of the caller's that holds the app.
    """
    accounts = Account.objects.here().filter(app=app)
    return _rematch(accounts, directory(strategy_of(app)), Organisation.current())


def rematch_unchanged(run: SyncRun, known: Directory) -> Outcome:
    """The same for the accounts of a run's source but for those it wrote, matched by `known` already."""
    accounts = Account.objects.here().filter(app=run.connector.app_id, source=run.source)
    return _rematch(accounts.exclude(changed_run=run.pk), known, Organisation.current())


def _rematch(accounts: QuerySet[Account], known: Directory, organisation: Organisation) -> Outcome:
    outcome, updates = Outcome(), []
    for each in _looked_at(accounts, known, organisation):
        _tally(outcome, each)
        now_is = (each.match.person or None, each.match.by, each.match.hint, each.is_external)
        if now_is != each.account[5:9]:
            updates.append((*now_is, each.account.pk))
        if len(updates) == CHUNK:
            _write(updates)
            updates = []
    _write(updates)
    return outcome


def is_by_people(matched_by: str) -> bool:
    return matched_by in Account.BY_PEOPLE


def _looked_at(rows: QuerySet[Account], people: Directory, organisation: Organisation) -> Iterator[Change]:
    last = ""
    while chunk := list(rows.filter(pk__gt=last).order_by("pk").values_list(*COLUMNS)[:CHUNK]):
        last = chunk[-1][0]
        for seen in map(Seen._make, chunk):
            yield Change(seen, _match(seen, people), organisation.is_stranger(seen.email))


def _match(seen: Seen, people: Directory) -> Match:
    if is_by_people(seen.matched_by):
        return Match(seen.person or "", seen.matched_by, seen.match_hint)
    return people.match(
        employee_id=seen.employee_id,
        email=seen.email,
        login=seen.login,
        name=seen.name,
        profile=seen.profile,
        key=seen.external_id,
    )


def _tally(outcome: Outcome, each: Change) -> None:
    before, after = each.account.person or "", each.match.person
    outcome.everything += 1
    outcome.matched += bool(after)
    outcome.hints += bool(each.match.hint)
    outcome.by_people += is_by_people(each.account.matched_by)
    outcome.gained += bool(after and not before)
    outcome.lost += bool(before and not after)
    outcome.changed += bool(before and after and before != after)
    if before != after and len(outcome.samples) < SAMPLES:
        outcome.samples.append(each)


def _write(updates: list[tuple[str | None, str, str, bool, str]]) -> None:
    if updates:
        with connection.cursor() as cursor:
            cursor.executemany(sql.MATCH, updates)
