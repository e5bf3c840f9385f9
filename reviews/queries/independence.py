"""What ties somebody to the lines they decide, as it is when they decide, not when they were asked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from connectors.models import Account, Grant, ProvisionOrder
from core.models import User
from reviews.models import Campaign, ReviewTask, Turn
from reviews.queries.asking import Question
from reviews.queries.directory import chains, lines_of_people
from reviews.queries.keys import among
from reviews.queries.people import LINE, Humans
from reviews.routing import Tie


def ties_now(campaign: Campaign, person: User, asked: Sequence[Question]) -> Mapping[str, Sequence[int]]:
    """These questions by what ties this person to them: codes by commas to keys of turns.

    By way of the person, who holds little, in a number of statements that does not grow with the lines.
    """
    humans = Humans.of([person.pk])
    twins = humans.twins.get(person.pk, (person.pk,))
    held = _held(twins)
    granted = _granted(person)
    above = _about_people_above(person, asked)
    mutual = _asked_about(campaign, person)
    found: defaultdict[str, list[int]] = defaultdict(list)
    for each in asked:
        codes = {
            Tie.OWN: each.is_own,
            Tie.HOLDS: each.line.entitlement in held,
            Tie.GRANTED: (each.line.account, each.line.entitlement) in granted,
            Tie.SUBORDINATE: each.task in above,
            Tie.MUTUAL: each.line.person in mutual,
        }
        found[",".join(sorted(tie for tie, holds in codes.items() if holds))].append(each.turn)
    return found


def _held(twins: Sequence[str]) -> frozenset[str]:
    accounts = Account.objects.filter(person__in=twins)
    rows = Grant.objects.here().filter(account__in=accounts.values("pk"))
    return frozenset(rows.values_list("entitlement_id", flat=True))


def _granted(person: User) -> frozenset[tuple[str, str]]:
    orders = ProvisionOrder.objects.filter(verb=ProvisionOrder.Verb.GRANT, wanted_by=person)
    return frozenset(orders.values_list("account_id", "entitlement_id"))


def _about_people_above(person: User, asked: Sequence[Question]) -> frozenset[int]:
    """Lines about somebody whom this person reports to, over any number of steps."""
    managers, above, waiting = chains([person.pk]), set[str](), [person.pk]
    while waiting:
        bosses = set(managers.get(waiting.pop(), ())) - above
        above |= bosses
        waiting += bosses
    if not above:
        return frozenset()
    humans, bosses_all = Humans.of(above), sorted(above)
    tasks = ReviewTask.objects.filter(pk__in=among([each.task for each in asked]))
    rows = tasks.order_by().values_list("pk", *LINE)
    return frozenset(pk for pk, *line in rows if humans.own(bosses_all, line))


def _asked_about(campaign: Campaign, person: User) -> frozenset[str]:
    """Who is, or was, asked about this person's own access in the same campaign."""
    found: set[str] = set()
    for lines in lines_of_people(campaign.pk, [person.pk]):
        turns = Turn.objects.filter(
            task__in=among(lines), status__in=(Turn.Status.OPEN, Turn.Status.DECIDED)
        ).exclude(reviewer=person)
        found.update(turns.values_list("reviewer_id", flat=True))
    return frozenset(found)
