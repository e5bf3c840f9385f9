"""Who holds which role. The last active Super Administrator is never lost."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from core.errors import Denied, NotPossible
from core.models import IdentityProvider, Organisation, Role, RoleHolding, User
from core.queries.people import has_administrator
from core.queue import announce
from core.states import must_be_unchanged
from core.trail import record

ONLY_SUPER = "Only a Super Administrator can change roles."
LAST = "This would leave nobody active who is a Super Administrator. Make somebody else one first."
NEWS = "core.access_changed"
"""Announced with a person's key whenever roles, groups or who is active change."""


def with_basic(roles: Collection[str]) -> frozenset[str]:
    """These roles and Basic User, which everybody is but those who are only Read-Only Administrators."""
    return frozenset(roles) if set(roles) == {Role.READ_ONLY} else frozenset({*roles, Role.BASIC})


def must_be_super(by: User, sentence: str) -> None:
    """Raises Denied with this sentence unless `by` is a Super Administrator now, whatever this copy says."""
    if not User.objects.active().holding(Role.SUPER).filter(pk=by.pk).exists():
        raise Denied(sentence)


def lock_people() -> None:
    """From here to the end of the transaction nobody else changes roles, managers, groups, or who is active.

    One lock for all of it: rules over several rows (the last administrator, rings of managers, names of
    groups) are looked at and kept by one change at a time, and no two can wait for each other.
    """
    Organisation.objects.select_for_update().get(pk=Organisation.current().pk)


def must_leave_an_administrator() -> None:
    """Raises NotPossible if the change just made, under `lock_people`, took the last Super Administrator."""
    if not has_administrator():
        raise NotPossible(LAST)


@transaction.atomic
def change_roles(person: User, roles: Collection[Role], *, by: User, seen: datetime | None) -> None:
    """`replace_roles` for one person. `seen`: their `changed_at` as the form knew it, or StaleState."""
    lock_people()
    must_be_super(by, ONLY_SUPER)
    must_be_unchanged(User.objects.get(pk=person.pk).changed_at, seen=seen)
    replace_roles([person], roles, by=by)


@transaction.atomic
def replace_roles(people: Iterable[User], roles: Collection[Role], *, by: User) -> Sequence[User]:
    """Give each of them these roles by hand, instead of those given by hand before; in force at once.

    Basic User comes by itself (`with_basic`). What the identity provider gave stays, and stays even where
    the provider says otherwise later if it is among these roles. Answers those whose
    roles changed; one refusal refuses all. Raises Denied, NotPossible.
    """
    lock_people()
    must_be_super(by, ONLY_SUPER)
    keys = {person.pk for person in people}
    found = User.objects.filter(pk__in=keys).order_by("search_text", "pk").prefetch_related("holdings")
    changed = [person for person in found if _replace(person, roles, by=by)]
    must_leave_an_administrator()
    return changed


@transaction.atomic
def take_role(person: User, role: Role, *, because: str) -> None:
    """Take one role away that others decided on: in a review, say. `because` says who, and goes into the
    trail.

    Nobody's permission is looked at: that was done where it was decided. Raises NotPossible for the last
    Super Administrator, for what the identity provider gave, and for Basic User where it comes by itself.
    """
    lock_people()
    held = RoleHolding.objects.filter(user=person, role=role).first()
    if held is None:
        return
    if held.source == RoleHolding.Source.PROVIDER:
        raise NotPossible(_given_by_provider(person, role))
    by_hand = person.holdings.filter(source=RoleHolding.Source.HAND).values_list("role", flat=True)
    kept = {Role(each) for each in by_hand} - {role}
    provided = person.holdings.filter(source=RoleHolding.Source.PROVIDER).values_list("role", flat=True)
    if role in with_basic({*kept, *provided}):
        raise NotPossible(f"Whoever is here is a {role.label}. To shut {person} out, deactivate them.")
    _replace(person, kept, by=None, because=because)
    if role == Role.SUPER:
        must_leave_an_administrator()


@transaction.atomic
def give_role(person: User, role: Role, *, because: str) -> None:
    """Give one role that others decided on. `because` says who, and goes into the trail."""
    lock_people()
    if person.holdings.filter(role=role).exists():
        return
    by_hand = person.holdings.filter(source=RoleHolding.Source.HAND).values_list("role", flat=True)
    _replace(person, {Role(each) for each in by_hand} | {role}, by=None, because=because)


def _given_by_provider(person: User, role: Role) -> str:
    """Where to take it away instead."""
    provider = IdentityProvider.objects.filter(status=IdentityProvider.Status.IN_FORCE).first()
    if provider is None:
        return (
            f"The identity provider gave {person} the role {role.label}, and none is in force now. A Super"
            " Administrator can take it away."
        )
    groups = [str(value) for value, given in provider.role_map.items() if given == role]
    named = " or ".join(f"“{each}”" for each in groups) or "what gives it"
    return (
        f"{provider.label} gives {person} the role {role.label}: take them out of {named} there. Here it ends"
        " when they next sign in."
    )


def _replace(person: User, roles: Collection[Role], *, by: User | None, because: str = "") -> bool:
    """Whether that changed anything."""
    holdings = list(person.holdings.all())
    provided = {each.role for each in holdings if each.source == RoleHolding.Source.PROVIDER}
    before = {each.role for each in holdings}
    after = with_basic(provided | set(roles))
    kept = provided & set(roles)
    if before == after and not kept:
        return False
    RoleHolding.objects.filter(user=person, role__in=before - after).delete()
    RoleHolding.objects.bulk_create(RoleHolding(user=person, role=role) for role in sorted(after - before))
    RoleHolding.objects.filter(user=person, role__in=kept).update(source=RoleHolding.Source.HAND)
    User.objects.filter(pk=person.pk).update(changed_at=now())
    told: dict[str, Any] = {"also_by_hand": labels(kept)} if kept else {}
    if before != after:
        told |= {"before": {"roles": labels(before)}, "after": {"roles": labels(after)}}
    if because:
        told["because"] = because
    announce_reader(person, before, after)
    record("core.roles_changed", person, by=by, **told)
    announce(NEWS, person.pk)
    return True


def announce_reader(person: User, before: Collection[str], after: Collection[str]) -> None:
    """Tell higher rooms that somebody may answer no task any longer."""
    if Role.READ_ONLY in after and Role.READ_ONLY not in before:
        announce("core.person_only_reads", person.pk)


def labels(roles: Collection[str]) -> list[str]:
    """The roles as people call them, the mightiest first."""
    return [role.label for role in Role if role in roles]
