"""Whom or what a reviewer walks through on the desk: people, apps, entitlements or resources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, FilteredRelation, Q

from connectors.models import Account
from core.models import User
from core.models.keys import folded
from reviews.models import Campaign, Mark, Turn
from reviews.queries.desk import APP, ENTITLEMENT, FLAT, NOBODY, PERSON, RESOURCE, at_stop, own_turns
from reviews.queries.earlier import is_fresh
from reviews.queries.graves import grave_in

STOPS = 200
"""Stops shown at once."""
CLOSER, CHANGED, REST, READY, DONE = "closer", "changed", "rest", "ready", "done"
ORDER = (CLOSER, CHANGED, REST, READY, DONE)
_NAMED: Mapping[str, Sequence[str]] = {
    PERSON: ("task__person", "task__person_name", "task__person_title"),
    APP: ("task__app", "task__app_name"),
    ENTITLEMENT: (
        "task__entitlement",
        "task__entitlement_name",
        "task__app_name",
        "task__kind",
        "task__risk",
    ),
    RESOURCE: ("task__entitlement__resource", "task__resource_name", "task__app_name", "task__kind"),
}
"""What the stops of a view are told apart by: key and name first."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A person, an app, an entitlement or a resource, with the lines of it that one is asked about."""

    key: str
    name: str
    sub: str
    lines: int
    decided: int
    """Submitted before."""
    marked: int
    section: str
    kind: str = ""
    """Of an entitlement's resource, or of a resource."""

    @property
    def done(self) -> int:
        return self.decided + self.marked

    @property
    def open(self) -> int:
        return self.lines - self.done

    @property
    def initials(self) -> str:
        return User(name=self.name).initials


def stops(
    campaign: Campaign, person: User, view: str, *, earlier: Sequence[Campaign], only: str = ""
) -> Sequence[Stop]:
    """Every stop of a view, or only that one: those to look at first before the others, by name."""
    if view == FLAT:
        return []
    own = own_turns(campaign, person, also_done=True)
    turns = (at_stop(own, view, only) if only else own).alias(
        mine=FilteredRelation("task__marks", condition=Q(task__marks__person=person))
    )
    is_open = Q(status=Turn.Status.OPEN)
    rows = turns.values(*_NAMED[view]).annotate(
        lines=Count("pk"),
        decided=Count("pk", filter=Q(status=Turn.Status.DECIDED)),
        marked=Count("pk", filter=is_open & Q(mine__outcome__in=(Mark.Outcome.CERTIFY, Mark.Outcome.DENY))),
        fresh=Count("pk", filter=is_open & is_fresh(earlier)),
        closer=Count("pk", filter=is_open & _closer(campaign, view)),
        permissions=Count("task__entitlement", distinct=True, filter=Q() if view == APP else Q(pk=None)),
    )
    found = [_stop(row, view) for row in rows.order_by()]
    return sorted(found, key=lambda each: (ORDER.index(each.section), folded(each.name), each.key))


def _closer(campaign: Campaign, view: str) -> Q:
    """Which lines make a stop one to look at first."""
    if view == PERSON:
        left = Q(task__person__status=User.Status.DEACTIVATED)
        return Q(task__account_status=Account.Status.DISABLED) | left | Q(task__person=None)
    return Q(pk=None) if view == APP else Q(task__risk__in=grave_in(campaign))


def _stop(row: Mapping[str, object], view: str) -> Stop:
    numbers = {name: int(str(row[name])) for name in ("lines", "decided", "marked")}
    key, name, *_ = (row[each] for each in _NAMED[view])
    section = _section(**numbers, is_closer=bool(row["closer"]), is_changed=bool(row["fresh"]))
    return Stop(
        key=str(key or NOBODY),
        name=str(name) or ("No owner" if view == PERSON else ""),
        sub=_sub(row, view),
        **numbers,
        section=section,
        kind=str(row.get("task__kind", "")),
    )


def _sub(row: Mapping[str, object], view: str) -> str:
    if view == PERSON:
        return str(row["task__person_title"]) if row["task__person"] else "Accounts that belong to nobody"
    if view == APP:
        number = int(str(row["permissions"]))
        return f"{number:,} permission{'s' * (number != 1)}"
    return ", ".join(str(each) for each in (row["task__app_name"], row.get("task__risk")) if each)


def _section(*, lines: int, decided: int, marked: int, is_closer: bool, is_changed: bool) -> str:
    if decided == lines:
        return DONE
    if decided + marked == lines:
        return READY
    if is_closer:
        return CLOSER
    return CHANGED if is_changed else REST
