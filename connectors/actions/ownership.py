"""Who answers for an entitlement or a resource: people, or whoever holds an entitlement."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from connectors.models import Entitlement, EntitlementOwner, Resource, ResourceOwner
from core.errors import NotPossible
from core.models import User
from core.states import must_be_unchanged

type Owned = Entitlement | Resource

NEVER = datetime.min.replace(tzinfo=UTC)
"""When a thing whose settings nobody saved yet was changed, as forms know it."""


@dataclass(frozen=True, slots=True)
class Owners:
    """Exactly these answer for a thing."""

    people: Collection[User] = ()
    holders: Collection[Entitlement] = ()
    """Whoever holds one of these answers, too."""

    @property
    def names(self) -> list[str]:
        return sorted(each.name for each in self.people) + sorted(
            f"Holders of {each}" for each in self.holders
        )


def must_be_as_seen(thing: Owned, seen: datetime | None) -> None:
    """Raises StaleState unless the form was drawn from the present settings."""
    must_be_unchanged(thing.settings_changed_at or NEVER, seen=seen)


def set_owners(thing: Owned, owners: Owners) -> Mapping[str, Any]:
    """Make exactly these the owners. Answers what changed, for the trail. Raises NotPossible."""
    rows = thing.ownerships.select_related("user", "entitlement")
    before = sorted(each.label for each in rows)
    present = {each.user_id for each in rows}
    left = [each.name for each in owners.people if not each.is_active and each.pk not in present]
    if left:
        raise NotPossible(f"{', '.join(left)} cannot own anything here: deactivated.")
    foreign = [each for each in owners.holders if each.app_id != thing.app_id]
    if foreign:
        raise NotPossible(f"{foreign[0]} belongs to another app.")
    if before == sorted(owners.names):
        return {}
    thing.ownerships.exclude(
        Q(user__in=[each.pk for each in owners.people])
        | Q(entitlement__in=[each.pk for each in owners.holders])
    ).delete()
    _add(thing, owners)
    return {"owners": {"before": before, "after": sorted(owners.names)}}


def _add(thing: Owned, owners: Owners) -> None:
    if isinstance(thing, Entitlement):
        EntitlementOwner.objects.bulk_create(
            [
                *(EntitlementOwner(thing=thing, user=each) for each in owners.people),
                *(EntitlementOwner(thing=thing, entitlement=each) for each in owners.holders),
            ],
            ignore_conflicts=True,
        )
        return
    ResourceOwner.objects.bulk_create(
        [
            *(ResourceOwner(resource=thing, user=each) for each in owners.people),
            *(ResourceOwner(resource=thing, entitlement=each) for each in owners.holders),
        ],
        ignore_conflicts=True,
    )
