"""Whose access a line is about: nobody decides on their own (decision by decision, whoever asked them)."""

from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from core.models import User
from reviews.models import Turn


def about(person: User) -> Q:
    """Turns whose line is about this person: as frozen, as it is by now, or by an account of nobody's that
    bears their e-mail, login or employee number. Who shares an employee number is the same human."""
    same = Q(pk=person.pk)
    if number := person.employee_id.strip():
        same |= Q(employee_id__iexact=number)
    humans = list(User.objects.filter(same).values_list("pk", "email", "employee_id"))
    keys = [key for key, _, _ in humans]
    known = [
        Q(task__account__email__iexact=email) | Q(task__account__login__iexact=email)
        for _, email, _ in humans
    ]
    known += [Q(task__account__employee_id__iexact=each.strip()) for _, _, each in humans if each.strip()]
    nobodys = Q(task__account__person=None) & reduce(or_, known)
    return Q(task__person__in=keys) | Q(task__account__person__in=keys) | nobodys


def on_own_access(turns: QuerySet[Turn], person: User) -> frozenset[int]:
    """Keys of those of these turns in which the person would look at their own access."""
    return frozenset(turns.filter(about(person)).values_list("pk", flat=True))
