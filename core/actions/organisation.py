"""What Super Administrators decide about the console as a whole. Each decision stands in the trail."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from core.errors import Denied, StaleState
from core.models import Organisation, User
from core.states import must_be_unchanged
from core.trail import record


@transaction.atomic
def describe(
    *,
    by: User,
    seen: datetime | None,
    name: str,
    time_zone: str,
    trusted_domains: list[str],
    holidays: list[dict[str, str]],
) -> None:
    """Name, time and working days. Raises StaleState if somebody saved after `seen`."""
    must_be_allowed(by=by)
    organisation = locked()
    must_be_unchanged(organisation.changed_at, seen=seen)
    wanted = {
        "name": name,
        "time_zone": time_zone,
        "trusted_domains": trusted_domains,
        "holidays": holidays,
    }
    is_first = organisation.looked_over_at is None
    changes = save(organisation, **wanted, looked_over_at=organisation.looked_over_at or now())
    if changes or is_first:
        record("core.organisation_changed", organisation, by=by, **changes)


@transaction.atomic
def drop_letters(*, by: User, drops: bool) -> None:
    """The maintenance switch. While it is on, letters are neither sent nor kept for later (row F26)."""
    if not by.is_super:
        raise Denied("Only a Super Administrator can switch letters off and on.")
    organisation = locked()
    if organisation.drops_letters == drops:
        raise StaleState(f"Letters are {'dropped' if drops else 'sent'} already.")
    save(organisation, drops_letters=drops, drops_letters_since=now() if drops else None)
    record("core.letters_off" if drops else "core.letters_on", organisation, by=by)


def must_be_allowed(*, by: User) -> None:
    """Raises Denied for whoever may look at most."""
    if not by.is_super:
        raise Denied("Only a Super Administrator can change these settings.")


def locked() -> Organisation:
    """The one row, held until the transaction ends: changes stand in a line."""
    return Organisation.objects.select_for_update().get(pk=Organisation.current().pk)


def save(organisation: Organisation, **wanted: Any) -> Mapping[str, Any]:
    """Save these columns and stamp `changed_at`. Answers what changed, before and after, for the trail."""
    before = {name: getattr(organisation, name) for name in wanted}
    for name, value in wanted.items():
        setattr(organisation, name, value)
    organisation.changed_at = now()
    organisation.save(update_fields=[*wanted, "changed_at"])
    return {
        name: {"before": before[name], "after": value}
        for name, value in wanted.items()
        if before[name] != value and not isinstance(value, datetime)
    }
