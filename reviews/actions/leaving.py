"""Lines whose reviewer cannot decide any longer: they left, or the access became their own."""

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import chain

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.timezone import now

from core.errors import NotPossible
from core.models import Role, RoleHolding, User
from core.trail import ERROR, record
from reviews.actions.giving import NUMBERS, end, lock_running
from reviews.actions.letters import tell_given
from reviews.actions.turn_rows import Row, ask_anew, rows_of
from reviews.models import Campaign, Progress, ReviewTask, Turn
from reviews.queries.applying import applying
from reviews.queries.directory import (
    Around,
    accounts_known_as,
    directory_for,
    lines_of_accounts,
    lines_of_people,
)
from reviews.queries.facts import lines_of
from reviews.queries.keys import among
from reviews.queries.people import Humans, own_turns
from reviews.queries.routes import deciders
from reviews.routing import Nobody, asked

PAGE = 1_000
ASKING = (Campaign.Status.STAGED, Campaign.Status.RUNNING)
LEFT, READS, OWN = "is deactivated", "may only read", "cannot decide on their own access"
LENT = "cannot decide on the access of whom they stand in for"


def route_anew(person: User) -> int:
    """Ask others about whatever is open with somebody who was deactivated, or only reads by now (`why`).
    Answers how many lines.

    Page by page, each by itself, so it may be killed and begun again. Where nobody else can be asked the line
    stays with them and the trail says so; the sweeper tries again.
    """
    if not (why := _why_not(person)):
        return 0
    open_turns = Turn.objects.open().filter(reviewer=person, campaign__status__in=ASKING)
    campaigns = Campaign.objects.filter(pk__in=open_turns.values("campaign")).order_by("pk")
    return sum(
        _through(campaign, person, open_turns.filter(campaign=campaign), why=why) for campaign in campaigns
    )


def route_own_anew(person: User) -> int:
    """Ask others about what became this person's own access while they are asked about it, or the access of
    whom they stand in for."""
    turns = Turn.objects.open().filter(reviewer=person, campaign__status__in=ASKING)
    own = own_turns(turns, asked=("reviewer",))
    lent = own_turns(turns.exclude(on_behalf_of=None)) - own
    total = 0
    for why, some in ((OWN, turns.filter(pk__in=among(own))), (LENT, turns.filter(pk__in=among(lent)))):
        campaigns = Campaign.objects.filter(pk__in=some.values("campaign")).order_by("pk")
        total += sum(_through(each, person, some.filter(campaign=each), why=why) for each in campaigns)
    return total


def those_to_route_anew() -> Collection[str]:
    """People with whom something is open and who are deactivated or only read, by key. Looked up in the kept
    counts."""
    waiting = Progress.objects.filter(open__gt=0, campaign__status__in=ASKING)
    gone = waiting.exclude(reviewer__in=_able().values("pk"))
    return sorted(gone.values_list("reviewer", flat=True).distinct())


def _able() -> QuerySet[User]:
    readers = RoleHolding.objects.filter(user=OuterRef("pk"), role=Role.READ_ONLY)
    return User.objects.active().filter(~Exists(readers))


def _why_not(person: User) -> str:
    """Why they cannot decide any more, as it stands now; empty: they can."""
    if _able().filter(pk=person.pk).exists():
        return ""
    return READS if User.objects.active().filter(pk=person.pk).exists() else LEFT


def those_asked_about_their_own() -> Collection[str]:
    """People whose account a line became after they were asked about it, or who turned out to be one human
    with its owner, by key; likewise where it is about whom they stand in for.

    By way of the accounts of the people asked, and of those of nobody's that go by what they are known by:
    they have few lines, while there may be a million.
    """
    waiting = Progress.objects.filter(open__gt=0, campaign__status__in=ASKING)
    asked = set(waiting.values_list("reviewer", flat=True))
    lent = Turn.objects.open().filter(campaign__status__in=ASKING).exclude(on_behalf_of=None)
    asked.update(filter(None, lent.values_list("on_behalf_of", flat=True).distinct()))
    humans = Humans.of(asked)
    everybody = {twin for person in asked for twin in humans.twins[person]}
    nobodys = accounts_known_as({key for person in asked for key in humans.people[person].keys})
    found: set[str] = set()
    for campaign in Campaign.objects.filter(status__in=ASKING).values_list("pk", flat=True):
        batches = (lines_of_people(campaign, everybody), lines_of_accounts(campaign, nobodys))
        for lines in chain.from_iterable(batches):
            turns = Turn.objects.open().filter(task__in=lines).exclude(via=Turn.Via.ACCOUNT_OWNER)
            own = own_turns(turns, humans)
            found.update(Turn.objects.filter(pk__in=among(own)).values_list("reviewer", flat=True))
    return sorted(found)


def _through(campaign: Campaign, person: User, turns: QuerySet[Turn], why: str) -> int:
    """All of these turns, page by page."""
    total, after = 0, 0
    while True:
        try:
            done, last = _page(campaign, person, turns.filter(line_no__gt=after), why)
        except NotPossible:
            return total  # it was closed or cancelled meanwhile
        if last is None:
            return total
        total, after = total + done, last


@transaction.atomic
def _page(campaign: Campaign, person: User, turns: QuerySet[Turn], why: str) -> tuple[int, int | None]:
    """One page of them: how many others were asked about, and the last line looked at."""
    campaign = lock_running(campaign)
    held = list(turns.select_for_update(of=("self",)).order_by("line_no", "pk")[:PAGE])
    if not held:
        return 0, None
    rows, settled = _anew(campaign, person, held, why)
    end(settled, Turn.Status.ENDED)
    ask_anew(rows)
    if settled:
        record(
            "reviews.routed_anew",
            campaign,
            by=None,
            person=person,
            why=f"{person} {why}",
            lines=len(settled),
            numbers=[turn.line_no for turn in settled[:NUMBERS]],
        )
    tell_given(campaign, Counter(row.reviewer_id for row in rows), by=None, reason=f"{person} {why}.")
    return len(settled), held[-1].line_no


def _anew(campaign: Campaign, person: User, held: Sequence[Turn], why: str) -> tuple[list[Row], list[Turn]]:
    """Who is asked instead, and the turns that end by it."""
    policies = applying(campaign)
    tasks = ReviewTask.objects.filter(pk__in=[turn.task_id for turn in held])
    lines = {line.pk: line for line in lines_of(tasks)}
    facts = [line.facts for line in lines.values()]
    directory = directory_for(Around.of(campaign), policies.texts(), facts, also=[person.pk])
    before, shared, at = deciders(tasks), _shared(held), now()
    rows: list[Row] = []
    settled: list[Turn] = []
    lost: list[tuple[Turn, Nobody]] = []
    for turn in held:
        if turn.pk in shared:
            settled.append(turn)
            continue
        line = lines[turn.task_id]
        policy, earlier = policies.text(line.facts), before.get(line.pk, ())
        found = asked(policy, line.facts, turn.step, directory, earlier, rule=turn.rule)
        if isinstance(found, Nobody):
            lost.append((turn, found))
            continue
        same = (turn.reviewer_id, turn.on_behalf_of_id or "")
        if any((each.reviewer, each.on_behalf_of) == same for each in found.people):
            continue  # the step lets people answer for themselves
        settled.append(turn)
        told = (f"{person} {why}.", *(each for each in found.passed_over if each != f"{person} {why}."))
        rows += rows_of(found._replace(passed_over=told), campaign, line, at)
    _tell_lost(campaign, person, lost)
    return rows, settled


def _shared(held: Sequence[Turn]) -> Collection[int]:
    """Those of these turns beside which somebody who can decide is asked, too: they answer then."""
    beside = Turn.objects.open().filter(task=OuterRef("task"), reviewer__in=_able().values("pk"))
    keys = [turn.pk for turn in held]
    found = Turn.objects.filter(pk__in=keys).filter(Exists(beside.exclude(reviewer=OuterRef("reviewer"))))
    return frozenset(found.values_list("pk", flat=True))


def _tell_lost(campaign: Campaign, person: User, lost: Sequence[tuple[Turn, Nobody]]) -> None:
    """Once for each, though it is tried again and again."""
    new = [(turn, nobody) for turn, nobody in lost if turn.passed_over != nobody.sentence]
    for turn, nobody in new:
        Turn.objects.filter(pk=turn.pk).update(passed_over=nobody.sentence)
    if new:
        record(
            "reviews.nobody_to_ask",
            campaign,
            by=None,
            severity=ERROR,
            person=person,
            lines=len(new),
            numbers=[turn.line_no for turn, _ in new[:NUMBERS]],
            why=new[0][1].sentence,
        )
