"""This console as its own driver is handed it: reads by the ORM, changes by the verbs of core."""

from collections.abc import Callable, Sequence

from django.db.models import QuerySet

from connectors.console import Member, Thing
from core.actions import groups, people, roles
from core.errors import DomainError
from core.models import Membership, PeopleGroup, Role, RoleHolding, User

ROLES = {
    Role.SUPER: "May do everything here but decide on lines nobody asked them about.",
    Role.CONNECTOR: "Sets up and changes every connector and app.",
    Role.APPLICATION: "Governs the apps they own, and brings in new ones.",
    Role.CAMPAIGN: "Sets up reviews of access and runs their own; looks after groups of people.",
    Role.REQUEST: "Looks after access requests.",
    Role.READ_ONLY: "Sees everything and decides nothing: for auditors.",
    Role.HELPDESK: "Helps with access requests.",
    Role.BASIC: "Answers what they are asked, and sees their own access.",
}
"""What each role means, for whoever reviews it."""


class OwnConsole:
    """`connectors.console.Console` of the process it lives in."""

    def things(self, kind: str) -> Sequence[Thing]:
        if kind == "role":
            return [Thing(role.value, role.label, ROLES[role]) for role in Role]
        found = PeopleGroup.objects.order_by("pk").values_list("pk", "name", "description")
        return [Thing(*row) for row in found]

    def people(self, after: str, most: int) -> Sequence[Member]:
        return _members(User.objects.filter(pk__gt=after).order_by("pk")[:most])

    def keys(self, after: str, most: int) -> Sequence[str]:
        return list(User.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:most])

    def holders(self, kind: str, key: str) -> Sequence[str]:
        if kind == "role":
            return list(RoleHolding.objects.filter(role=key).order_by("user").values_list("user", flat=True))
        return list(Membership.objects.filter(group=key).order_by("person").values_list("person", flat=True))

    def person(self, key: str) -> Member | None:
        return next(iter(_members(User.objects.filter(pk=key))), None)

    def give(self, kind: str, key: str, person: str, why: str) -> str:
        who = User.objects.get(pk=person)
        if kind == "role":
            return _said(lambda: roles.give_role(who, Role(key), because=why))
        return _said(lambda: groups.take_in(PeopleGroup.objects.get(pk=key), who, because=why))

    def take(self, kind: str, key: str, person: str, why: str) -> str:
        who = User.objects.get(pk=person)
        if kind == "role":
            return _said(lambda: roles.take_role(who, Role(key), because=why))
        return _said(lambda: groups.take_out(PeopleGroup.objects.get(pk=key), who, because=why))

    def let_in(self, person: str, why: str) -> str:
        return _said(lambda: people.let_in(User.objects.get(pk=person), because=why))

    def shut_out(self, person: str, why: str) -> str:
        return _said(lambda: people.shut_out(User.objects.get(pk=person), because=why))


def _said(verb: Callable[[], None]) -> str:
    """Why it was refused; empty: it was done."""
    try:
        verb()
    except DomainError as problem:
        return str(problem)
    return ""


def _members(found: QuerySet[User]) -> Sequence[Member]:
    return [_member(person) for person in found.prefetch_related("holdings", "memberships")]


def _member(person: User) -> Member:
    provided = RoleHolding.Source.PROVIDER
    held = list(person.holdings.all())
    return Member(
        key=person.pk,
        email=person.email,
        name=person.name,
        title=person.title,
        department=person.department,
        employee_id=person.employee_id,
        is_active=person.is_active,
        last_in=f"{person.last_login:%Y-%m-%d}" if person.last_login else "",
        roles=tuple(sorted(each.role for each in held)),
        provided=tuple(sorted(each.role for each in held if each.source == provided)),
        groups=tuple(sorted(each.group_id for each in person.memberships.all())),
    )
