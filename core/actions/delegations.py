"""Standing in for somebody: who takes over their new tasks, and for how long."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from core.actions.roles import lock_people
from core.errors import Denied, NotPossible
from core.mailbox import post
from core.models import Delegation, Organisation, User
from core.queries.people import is_over
from core.trail import record

LONGEST = 30
"""Days from the first to the last, both counted."""


class BadDelegate(NotPossible):
    """This person cannot stand in."""


class BadDates(NotPossible):
    """A delegation cannot last from then to then."""


@transaction.atomic
def begin(person: User, delegate: User, *, first: date, last: date, by: User) -> Delegation:
    """Let somebody take over this person's new tasks, from the first day to the end of the last.

    Days are those of the organisation's zone; one that begins today begins now. The delegate gets a letter.
    Raises Denied, BadDelegate, BadDates, and NotPossible where somebody stands in already.
    """
    lock_people()  # nobody is deactivated, nor becomes a subordinate, while this is looked at
    must_delegate_for(person, by=by)
    person = User.objects.get(pk=person.pk)
    _must_be_able(person, User.objects.get(pk=delegate.pk))
    starts_at, ends_at = _span(first, last)
    Delegation.objects.filter(person=person, ends_at__lte=now()).delete()
    present = Delegation.objects.filter(person=person).select_related("delegate").first()
    if present is not None:
        raise NotPossible(f"{present.delegate} stands in for {person} already. End that first.")
    made = Delegation.objects.create(person=person, delegate=delegate, starts_at=starts_at, ends_at=ends_at)
    record("core.delegated", person, by=by, delegate=delegate, first=first.isoformat(), last=last.isoformat())
    letter: dict[str, Any] = {"person": person, "by": by, "first": first, "last": last}
    post("delegation", to=delegate, key=str(made.pk), reply_to=person, **letter)
    return made


@transaction.atomic
def end(person: User, *, by: User) -> None:
    """Nobody stands in for this person from now on. Raises Denied, and NotPossible where nobody did."""
    must_delegate_for(person, by=by)
    present = Delegation.objects.not_over(now()).filter(person=person).select_related("delegate").first()
    if present is None or not Delegation.objects.filter(pk=present.pk).delete()[0]:
        raise NotPossible(f"Nobody stands in for {person}.")
    record("core.delegation_ended", person, by=by, delegate=present.delegate)


def end_those_to(delegate: User, *, by: User | None) -> None:
    """Whoever this person stands in for answers for themselves again. Inside the caller's transaction."""
    for each in Delegation.objects.not_over(now()).filter(delegate=delegate).select_related("person"):
        each.delete()
        record("core.delegation_ended", each.person, by=by, delegate=delegate)


def must_delegate_for(person: User, *, by: User) -> None:
    """Everybody for themselves, a Super Administrator for everybody."""
    if not by.is_active or (by != person and not by.is_super):
        raise Denied(f"Only {person} and Super Administrators can say who stands in for {person}.")


def _must_be_able(person: User, delegate: User) -> None:
    if not person.is_active:
        raise NotPossible(f"{person} is deactivated: nothing new comes to them.")
    if delegate == person:
        raise BadDelegate("Nobody stands in for themselves.")
    if not delegate.is_active:
        raise BadDelegate(f"{delegate} is deactivated.")
    if is_over(person, delegate):
        raise BadDelegate(
            f"{delegate} reports to {person}, directly or over others, and cannot answer for their manager."
        )


def _span(first: date, last: date) -> tuple[datetime, datetime]:
    """The first moment, and the first one after."""
    zone, present = Organisation.current().zone, now()
    today = present.astimezone(zone).date()
    if first < today:
        raise BadDates("The first day cannot be in the past: it would change nothing that has been asked.")
    if last < first:
        raise BadDates("The last day comes before the first.")
    if last - first >= timedelta(days=LONGEST):
        raise BadDates(f"Somebody can stand in for at most {LONGEST} days at a time.")
    midnight = datetime.combine(first, time(), zone)
    after = datetime.combine(last + timedelta(days=1), time(), zone)
    return max(midnight, present), after
