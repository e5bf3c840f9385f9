"""Groups of people: made, renamed, filled and emptied; never deleted."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.timezone import now

from core.actions.roles import NEWS, lock_people
from core.errors import Denied, NotPossible
from core.models import Membership, PeopleGroup, Role, User
from core.queue import announce
from core.states import must_be_unchanged
from core.trail import record


class TakenName(NotPossible):
    """Another group has this name."""


@transaction.atomic
def create(name: str, *, description: str = "", by: User) -> PeopleGroup:
    """Make an empty group. Raises Denied, TakenName."""
    must_look_after_groups(by)
    lock_people()
    _must_be_free(name, None)
    group = PeopleGroup.objects.create(name=name, description=description)
    record("core.group_made", group, by=by, description=description)
    return group


@transaction.atomic
def edit(group: PeopleGroup, *, name: str, description: str, by: User, seen: datetime | None) -> None:
    """Rename and describe it. `seen`: `changed_at` as the form knew it.

    Raises Denied, StaleState, TakenName.
    """
    must_look_after_groups(by)
    lock_people()
    group = PeopleGroup.objects.select_for_update().get(pk=group.pk)
    must_be_unchanged(group.changed_at, seen=seen)
    _must_be_free(name, group)
    before = {"name": group.name, "description": group.description}
    after = {"name": name, "description": description}
    if before == after:
        return
    group.name, group.description, group.changed_at = name, description, now()
    group.save(update_fields=["name", "description", "search_text", "changed_at"])
    record("core.group_changed", group, by=by, before=before, after=after)


@transaction.atomic
def add_members(group: PeopleGroup, people: Iterable[User], *, by: User) -> Sequence[User]:
    """Add people; answers those who were not in it yet. Raises Denied, NotPossible for a deactivated one."""
    must_look_after_groups(by)
    group = PeopleGroup.objects.select_for_update().get(pk=group.pk)
    present = set(group.memberships.values_list("person", flat=True))
    new = [person for person in people if person.pk not in present]
    for person in new:
        if not person.is_active:
            raise NotPossible(f"{person} is deactivated and cannot join {group}.")
    Membership.objects.bulk_create(Membership(group=group, person=person) for person in new)
    if new:
        record("core.group_joined", group, by=by, people=[person.name for person in new])
        announce(NEWS, group.pk)
    return new


@transaction.atomic
def remove_member(group: PeopleGroup, person: User, *, by: User) -> None:
    """Take one person out. Raises Denied, and NotPossible where they are not in it."""
    must_look_after_groups(by)
    if not Membership.objects.filter(group=group, person=person).delete()[0]:
        raise NotPossible(f"{person} is not in {group}.")
    record("core.group_left", group, by=by, people=[person.name])
    announce(NEWS, group.pk)


@transaction.atomic
def take_out(group: PeopleGroup, person: User, *, because: str) -> None:
    """Take somebody out as others decided, in a review, say: `because` says who, and goes into the trail."""
    if Membership.objects.filter(group=group, person=person).delete()[0]:
        record("core.group_left", group, by=None, people=[person.name], because=because)
        announce(NEWS, group.pk)


@transaction.atomic
def take_in(group: PeopleGroup, person: User, *, because: str) -> None:
    """Add somebody as others decided; `because` says who. Raises NotPossible for a deactivated person."""
    if not person.is_active:
        raise NotPossible(f"{person} is deactivated and cannot join {group}.")
    if Membership.objects.get_or_create(group=group, person=person)[1]:
        record("core.group_joined", group, by=None, people=[person.name], because=because)
        announce(NEWS, group.pk)


def may_look_after_groups(user: User) -> bool:
    return user.is_active and user.has_role(Role.SUPER, Role.CAMPAIGN)


def must_look_after_groups(user: User) -> None:
    if not may_look_after_groups(user):
        raise Denied("Only Campaign Administrators and Super Administrators can change groups of people.")


def _must_be_free(name: str, group: PeopleGroup | None) -> None:
    others = PeopleGroup.objects.filter(name__iexact=name)
    if others.exclude(pk=group.pk if group else "").exists():
        raise TakenName(f'There is a group called "{name}" already.')
