"""What people decide about an entitlement. Never written back to the app, and no sync touches it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from connectors.actions.ownership import Owners, must_be_as_seen, set_owners
from connectors.actions.permission import must_govern
from connectors.models import CREDENTIAL, App, Entitlement, Tag
from connectors.queries.entitlements import WantedEntitlements, narrowed_entitlements
from core.errors import NotPossible
from core.models import User
from core.models.keys import folded
from core.trail import record, record_many


class Unfit(NotPossible):
    """One field cannot be so; `field` is its name."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class EntitlementFacts:
    """All that its form shows. Empty slug and description: as the source has them."""

    own_slug: str
    own_description: str
    alias: str
    risk: str
    frameworks: Sequence[str]
    is_locked: bool


@transaction.atomic
def describe(
    entitlement: Entitlement, facts: EntitlementFacts, owners: Owners, *, by: User, seen: datetime | None
) -> None:
    """Save its settings and owners. What people decide about risk and frameworks, no rule changes.

    Raises Denied, StaleState, Unfit, NotPossible.
    """
    must_govern(entitlement.app, by)
    App.objects.select_for_update(no_key=True).get(pk=entitlement.app_id)
    row = (
        Entitlement.objects.select_for_update(of=("self",)).select_related("resource").get(pk=entitlement.pk)
    )
    must_be_as_seen(row, seen)
    _must_fit(row, facts)
    changes = {**_changes(row, facts), **set_owners(row, owners)}
    if not changes:
        return
    if "risk" in changes or "frameworks" in changes:
        row.tagged_by_rule = Entitlement.BY_PERSON
    for name in EntitlementFacts.__slots__:
        setattr(row, name, getattr(facts, name))
    row.settings_changed_at = now()
    row.search_text = searched(row, row.resource.own_name)
    row.save(
        update_fields=[*EntitlementFacts.__slots__, "tagged_by_rule", "settings_changed_at", "search_text"]
    )
    record("entitlements.changed", row, by=by, **changes)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What many entitlements get at once; None: left as it is on each."""

    risk: str | None = None
    frameworks: Sequence[str] | None = None
    owners: Collection[User] | None = None


@dataclass(frozen=True, slots=True)
class Given:
    changed: int
    locked: int
    """Passed over, for somebody locked them."""


@dataclass(frozen=True, slots=True)
class ChosenEntitlements:
    """Entitlements of one app that are here: those with these keys, or all that a filter finds."""

    keys: Collection[str] = ()
    wanted: WantedEntitlements | None = None
    number: int = 0
    """How many there were when somebody said yes; counts where a filter chooses."""

    def found(self, app: App) -> QuerySet[Entitlement]:
        if self.wanted is not None:
            return narrowed_entitlements(app, self.wanted)
        return Entitlement.objects.here().filter(app=app, pk__in=self.keys)


@transaction.atomic
def set_attributes(app: App, chosen: ChosenEntitlements, wanted: Attributes, *, by: User) -> Given:
    """Give risk, frameworks and owners to those that are chosen and not locked.

    Raises Denied, and NotPossible, also where a filter finds another number than was said yes to.
    """
    must_govern(app, by)
    _must_be_known(wanted)
    App.objects.select_for_update(no_key=True).get(pk=app.pk)  # as a run that is applied
    keys = list(chosen.found(app).values_list("pk", flat=True))
    if chosen.wanted is not None and len(keys) != chosen.number:
        raise NotPossible(f"It was {chosen.number:,}, and is {len(keys):,} now: look again, then say yes.")
    rows = list(
        Entitlement.objects.filter(pk__in=keys).select_for_update(of=("self",)).order_by("external_id")
    )
    told = []
    for row in rows:
        changes = {} if row.is_locked else _give(row, wanted)
        if changes:
            told.append((row, changes))
    record_many("entitlements.changed", told, by=by)
    return Given(len(told), sum(row.is_locked for row in rows))


def searched(row: Entitlement, resource_own_name: str) -> str:
    """What an entitlement is found by, as a sync would write it."""
    return folded(row.name, row.alias, row.own_slug, resource_own_name)


def _give(row: Entitlement, wanted: Attributes) -> Mapping[str, Any]:
    changes: dict[str, Any] = {}
    for name in ("risk", "frameworks"):
        value = getattr(wanted, name)
        if value is not None and value != getattr(row, name):
            changes[name] = {"before": getattr(row, name), "after": value}
            setattr(row, name, value)
            row.tagged_by_rule = Entitlement.BY_PERSON
    if wanted.owners is not None:
        holders = [each.entitlement for each in row.ownerships.select_related("entitlement")]
        kept = [each for each in holders if each is not None]
        changes |= set_owners(row, Owners(wanted.owners, kept))
    if changes:
        row.settings_changed_at = now()
        row.save(update_fields=["risk", "frameworks", "tagged_by_rule", "settings_changed_at"])
    return changes


def _changes(row: Entitlement, facts: EntitlementFacts) -> dict[str, Any]:
    pairs = {name: (getattr(row, name), getattr(facts, name)) for name in EntitlementFacts.__slots__}
    return {name: {"before": was, "after": will} for name, (was, will) in pairs.items() if was != will}


def _must_fit(row: Entitlement, facts: EntitlementFacts) -> None:
    if row.kind == CREDENTIAL and facts.own_slug:
        raise Unfit("own_slug", "The slug of the built-in entitlement cannot be changed.")
    same = Entitlement.objects.filter(app=row.app_id, alias=facts.alias).exclude(pk=row.pk)
    other = same.first() if facts.alias else None
    if other is not None:
        raise Unfit("alias", f'"{facts.alias}" is the alias of {other} already.')
    _must_be_known(Attributes(facts.risk, facts.frameworks), held=(row.risk, *row.frameworks))


def _must_be_known(wanted: Attributes, held: Collection[str] = ()) -> None:
    """Values of Settings > Tags, or what it bears already: deleting a value strips nobody."""
    known = set(Tag.objects.risks().values_list("name", flat=True)) | {"", *held}
    if wanted.risk is not None and wanted.risk not in known:
        raise Unfit("risk", f'"{wanted.risk}" is no risk level; choose one of the list.')
    known = set(Tag.objects.frameworks().values_list("name", flat=True)) | set(held)
    unknown = [each for each in wanted.frameworks or () if each not in known]
    if unknown:
        raise Unfit("frameworks", f'"{unknown[0]}" is no framework; choose from the list.')
