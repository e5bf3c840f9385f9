"""Whose access is whose: what a person must never decide on (decision 54)."""

from collections.abc import Mapping

from django.db.models import QuerySet

from core.models import User
from reviews.models import Progress, ReviewTask
from reviews.queries.directory import doubles, people_known
from reviews.routing import identity_keys


def own_among(person: User, tasks: QuerySet[ReviewTask]) -> frozenset[int]:
    """The lines among these that are this person's own access, by their keys.

    Theirs is what an account had that was or is theirs, or that is nobody's and goes by what they are known
    by; whoever shares their employee ID is them.
    """
    people, twins = people_known([person.pk])
    humans, keys = set(twins[person.pk]), people[person.pk].keys
    rows = tasks.order_by().values_list(
        "pk",
        "person",
        "account__person",
        "account__email",
        "account__login",
        "account__employee_id",
    )
    return frozenset(
        pk
        for pk, frozen, present, email, login, number in rows
        if frozen in humans
        or present in humans
        or (
            present is None
            and not keys.isdisjoint(identity_keys(employee_id=number, email=email, login=login))
        )
    )


def twins_among(people: QuerySet[Progress, dict[str, str]]) -> Mapping[str, tuple[str, ...]]:
    """Those of these people, by key, who share an employee ID with somebody, and who each of them is."""
    shared = User.objects.filter(pk__in=doubles()).filter(pk__in=people).values_list("pk", flat=True)
    _, twins = people_known(list(shared))
    return {person: twins[person] for person in shared}
