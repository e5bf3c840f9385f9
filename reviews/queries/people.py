"""Whose access is whose: what a person must never decide on (decision 54)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from django.db.models import Q, QuerySet

from connectors.models import Entitlement, Grant
from core.models import User
from reviews.models import ReviewTask, Turn
from reviews.queries.directory import people_known
from reviews.routing import Person, account_keys

LINE = (
    "person",
    "account__person",
    "account__employee_id",
    "account__email",
    "account__login",
    "account_email",
    "account_login",
)
"""In the order in which `Humans` reads them."""
ASKED = ("reviewer", "on_behalf_of")
"""Who must not be whom a line is about: whoever is asked, and whom they stand in for."""


@dataclass(frozen=True, slots=True)
class Humans:
    """People with what they are known by. Whoever shares an employee ID with somebody is them."""

    people: Mapping[str, Person]
    twins: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, wanted: Collection[str]) -> Self:
        return cls(*people_known(wanted))

    def own(self, asked: Sequence[str | None], line: Sequence[str | None]) -> bool:
        """Whether the line is one of these people's own access.

        Theirs is what an account had that was or is theirs, or that was or is nobody's and goes by what they
        are known by.
        """
        frozen, present, number, email, login, frozen_email, frozen_login = line
        keys = account_keys(
            person=frozen,
            owner_now=present,
            number=number or "",
            email=email or "",
            login=login or "",
            frozen_email=frozen_email or "",
            frozen_login=frozen_login or "",
        )
        return any(self._is(person, (frozen, present), keys) for person in asked if person)

    def _is(self, person: str, owners: Sequence[str | None], keys: frozenset[str]) -> bool:
        if any(twin in owners for twin in self.twins.get(person, (person,))):
            return True
        known = self.people.get(person)
        return bool(keys) and known is not None and not keys.isdisjoint(known.keys)


def own_among(person: User, tasks: QuerySet[ReviewTask]) -> frozenset[int]:
    """The lines among these that are this person's own access, by their keys."""
    humans = Humans.of([person.pk])
    rows = tasks.order_by().values_list("pk", *LINE)
    return frozenset(pk for pk, *line in rows if humans.own([person.pk], line))


def own_turns(
    turns: QuerySet[Turn], humans: Humans | None = None, *, asked: Sequence[str] = ASKED
) -> frozenset[int]:
    """The turns among these, by key, in which somebody is asked about their own access, or about that of whom
    they stand in for. In a number of queries that does not grow; `humans`: everybody in them, if known."""
    rows = list(turns.order_by().values_list("pk", *asked, *(f"task__{name}" for name in LINE)))
    split = 1 + len(asked)
    if humans is None:
        humans = Humans.of({person for row in rows for person in row[1:split] if person})
    return frozenset(row[0] for row in rows if humans.own(row[1:split], row[split:]))


def holds(person: User, entitlement: Entitlement) -> bool:
    """Whether it is their own access, by an account that is theirs or goes by what they are known by."""
    humans = Humans.of([person.pk])
    theirs_or_nobodys = Q(account__person__in=humans.twins[person.pk]) | Q(account__person=None)
    rows = Grant.objects.here().filter(theirs_or_nobodys, entitlement=entitlement)
    known = ("account__person", "account__employee_id", "account__email", "account__login")
    return any(
        humans.own([person.pk], (None, owner, number, email, login, email, login))
        for owner, number, email, login in rows.values_list(*known).iterator()
    )
