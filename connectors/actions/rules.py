"""Rules that give risk and frameworks to entitlements: in order, the first that fits; people's word wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now

from connectors.actions.permission import must_govern
from connectors.models import App, SyncRun, TagRule
from connectors.queries.rules import given_by, rule_rows, rules_before
from core.errors import NotPossible, StaleState
from core.models import User
from core.states import must_be_unchanged
from core.trail import record


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """Whom a rule fits, and what it gives."""

    name: str
    kind: str
    words: str
    risk: str
    frameworks: Sequence[str]


@transaction.atomic
def add(app: App, facts: RuleFacts, *, by: User) -> TagRule:
    """The last rule of its app, and off until somebody has looked at what it would do. Raises Denied."""
    must_govern(app, by)
    last = TagRule.objects.filter(app=app).aggregate(last=Max("rank"))["last"] or 0
    rule = TagRule.objects.create(app=app, rank=last + 1, **_plain(facts))
    record("rules.added", rule, by=by, app=app, after=_plain(facts))
    return rule


def agree(app: App, facts: RuleFacts, *, by: User | None) -> TagRule:
    """A rule that is on from the beginning: somebody agreed to it before anything was read. Part of the verb
    that makes the app."""
    last = TagRule.objects.filter(app=app).aggregate(last=Max("rank"))["last"] or 0
    rule = TagRule.objects.create(app=app, rank=last + 1, is_on=True, **_plain(facts))
    record("rules.added", rule, by=by, app=app, after=_plain(facts))
    record("rules.switched_on", rule, by=by, entitlements=0)
    return rule


@transaction.atomic
def change(rule: TagRule, facts: RuleFacts, *, by: User, seen: datetime | None) -> None:
    """Save it, and switch it off: what it would do now wants a look. Raises Denied, StaleState."""
    must_govern(rule.app, by)
    rule = _locked(rule)
    must_be_unchanged(rule.changed_at, seen=seen)
    wanted = _plain(facts)
    before = {name: getattr(rule, name) for name in wanted}
    if before == wanted:
        return
    for name, value in wanted.items():
        setattr(rule, name, value)
    rule.is_on, rule.changed_at = False, now()
    rule.save(update_fields=[*wanted, "is_on", "changed_at"])
    record("rules.changed", rule, by=by, before=before, after=wanted)


@transaction.atomic
def switch_on(rule: TagRule, *, by: User, expected: int) -> int:
    """Apply it at once, and after every sync to what is new. `expected`: how many entitlements the person
    was told it decides on. Raises Denied, StaleState if they are others in number by now."""
    must_govern(rule.app, by)
    _lock_app(rule.app)
    rule = _locked(rule)
    if rule.is_on:
        raise StaleState(f"{rule} is on already.")
    number = given_by(rule, rules_before(rule)).count()
    if number != expected:
        raise StaleState(f"It would decide on {number:,} entitlements now, not on {expected:,}. Look again.")
    rule.is_on, rule.changed_at = True, now()
    rule.save(update_fields=["is_on", "changed_at"])
    given = _give(rule, rules_before(rule), run=None)
    record("rules.switched_on", rule, by=by, entitlements=given)
    return given


@transaction.atomic
def switch_off(rule: TagRule, *, by: User) -> None:
    """It gives nothing more. What it gave stays."""
    must_govern(rule.app, by)
    rule = _locked(rule)
    if not rule.is_on:
        raise StaleState(f"{rule} is off already.")
    rule.is_on, rule.changed_at = False, now()
    rule.save(update_fields=["is_on", "changed_at"])
    record("rules.switched_off", rule, by=by)


@transaction.atomic
def move(rule: TagRule, *, up: bool, by: User) -> None:
    """One place up or down; nothing where there is no further. What was given stays. Raises Denied."""
    must_govern(rule.app, by)
    rows = list(rule_rows(rule.app).select_for_update())
    here = [row.pk for row in rows].index(rule.pk)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(rows):
        return
    rows[here], rows[there] = rows[there], rows[here]
    for rank, row in enumerate(rows, 1):
        if row.rank != rank:
            TagRule.objects.filter(pk=row.pk).update(rank=rank)
    record("rules.moved", rule, by=by, order=[row.name for row in rows])


@transaction.atomic
def remove(rule: TagRule, *, by: User) -> None:
    """Take a rule away that is off. What it gave stays. Raises Denied, NotPossible."""
    must_govern(rule.app, by)
    rule = _locked(rule)
    if rule.is_on:
        raise NotPossible(f"{rule} is on; switch it off first.")
    record("rules.removed", rule, by=by, app=rule.app)
    rule.delete()


def apply_after(run: SyncRun) -> None:
    """Give tags to what a run brought or renamed; inside the transaction that applies it."""
    rules = list(rule_rows(run.connector.app).filter(is_on=True))
    for place, rule in enumerate(rules):
        given = _give(rule, rules[:place], run=run)
        if given:
            record("rules.applied", rule, by=None, run=run.key, entitlements=given)


def _give(rule: TagRule, before: Sequence[TagRule], *, run: SyncRun | None) -> int:
    rows = given_by(rule, before)
    if run is not None:
        rows = rows.filter(source=run.source, changed_run=run.pk)
    at = now()
    return rows.update(
        risk=rule.risk, frameworks=rule.frameworks, tagged_by_rule=rule.pk, settings_changed_at=at
    )


def _lock_app(app: App) -> None:
    App.objects.select_for_update(no_key=True).get(pk=app.pk)


def _locked(rule: TagRule) -> TagRule:
    return TagRule.objects.select_for_update(of=("self",)).select_related("app").get(pk=rule.pk)


def _plain(facts: RuleFacts) -> dict[str, object]:
    names = ("name", "kind", "words", "risk")
    return {name: getattr(facts, name) for name in names} | {"frameworks": list(facts.frameworks)}
