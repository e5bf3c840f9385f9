"""Who is asked: lines enter a step, are given on, and are routed anew where somebody left."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.timezone import now

from core.errors import NotPossible
from core.trail import ERROR, record
from reviews.actions.giving import give_on
from reviews.actions.leaving import route_anew, route_own_anew
from reviews.actions.pairs import note_mutual_pairs
from reviews.actions.turn_rows import Row, ask_anew, rows_of, write
from reviews.models import Campaign, ReviewTask, Turn
from reviews.queries.applying import Applying, applying
from reviews.queries.directory import Around, directory_for
from reviews.queries.facts import Line, lines_of
from reviews.queries.graves import grave_among
from reviews.queries.routes import Deciders, deciders
from reviews.routing import Asked, Nobody, asked, every_step, follows

__all__ = ["NobodyToAsk", "enter_step", "give_on", "route_anew", "route_own_anew"]

SHOWN = 3
"""So many lines are named where nobody can be asked."""


class NobodyToAsk(NotPossible):
    """Lines of a campaign that is being staged have nobody who may decide them."""


@transaction.atomic
def enter_step(tasks: QuerySet[ReviewTask], step: int) -> frozenset[int]:
    """Ask whoever is to be asked about these lines in that step; all are of one campaign.

    For the first step: every line. Else those that were certified in the step before: answers the keys of
    those that are not settled by that, since another step follows; the rest may be settled. Where nobody is
    left to ask while the campaign runs, the line becomes an exception that says so (and is answered, too).
    Raises NobodyToAsk while the campaign is staged, also for lines that would have nobody in a later step;
    nothing is written then.
    """
    first = tasks.select_related("campaign").order_by("line_no").first()  # as an index has them
    if first is None:
        return frozenset()
    campaign = first.campaign
    policies = applying(campaign)
    rules, earlier = _so_far(tasks, step)
    if step > 1:
        tasks = tasks.filter(pk__in=_going_on(tasks, policies, step, rules, earlier))
    lines = lines_of(tasks)
    if not lines:
        return frozenset()
    _write(campaign, _routed(campaign, policies, lines, step, rules, earlier))
    if step == 1 and lines[-1].line_no == campaign.lines:
        note_mutual_pairs(campaign)
    if step > 1:
        record("reviews.step_entered", campaign, by=None, step=step, lines=len(lines))
    return frozenset(line.pk for line in lines)


def _so_far(tasks: QuerySet[ReviewTask], step: int) -> tuple[Mapping[int, int], Deciders]:
    """The rule that won for each line, and who certified it in the steps before."""
    if step == 1:
        return {}, {}
    turns = Turn.objects.filter(task__in=tasks.values("pk"), step__lt=step, round=F("task__round"))
    rules = dict(turns.order_by("at", "pk").values_list("task_id", "rule"))
    return rules, deciders(tasks, before=step)


def _going_on(
    tasks: QuerySet[ReviewTask],
    policies: Applying,
    step: int,
    rules: Mapping[int, int],
    earlier: Deciders,
) -> Collection[int]:
    """Those of these lines that are asked about once more. Cheap: mostly it is none."""
    grave = grave_among(tasks)
    return [
        line
        for line, risk, app, entitlement in tasks.order_by().values_list("pk", "risk", "app", "entitlement")
        if line in rules
        and (applied := policies.to(app, entitlement, line)) is not None
        and follows(
            policies.text_of(applied),
            rules[line],
            step - 1,
            is_grave=risk in grave,
            is_tied=all(each.is_tied for each in earlier.get(line, ())),
        )
    ]


def _routed(
    campaign: Campaign,
    policies: Applying,
    lines: Sequence[Line],
    step: int,
    rules: Mapping[int, int],
    earlier: Deciders,
) -> Iterator[tuple[Line, Asked | Nobody]]:
    around = Around.of(campaign)
    directory = directory_for(around, policies.texts(), [line.facts for line in lines])
    for line in lines:
        policy = policies.text(line.facts)
        if step == 1 and not around.is_running:
            first, lost = every_step(policy, line.facts, directory)
            yield line, lost or first
            continue
        before, rule = earlier.get(line.pk, ()), rules.get(line.pk, 0)
        yield line, asked(policy, line.facts, step, directory, before, rule=rule)


def _write(campaign: Campaign, routed: Iterable[tuple[Line, Asked | Nobody]]) -> None:
    """The turns, and what becomes of lines that nobody can be asked about."""
    at = now()
    rows: list[Row] = []
    lost: list[tuple[Line, Nobody]] = []
    for line, found in routed:
        if isinstance(found, Nobody):
            lost.append((line, found))
        else:
            rows += rows_of(found, campaign, line, at)
    if lost and not Around.of(campaign).is_running:
        raise NobodyToAsk(_nobody(lost))
    (ask_anew if campaign.status == Campaign.Status.RUNNING else write)(rows)
    for line, nobody in lost:
        _except(campaign, line, nobody)


def _nobody(lost: Sequence[tuple[Line, Nobody]]) -> str:
    """Which lines have nobody, and why."""
    count = "1 line" if len(lost) == 1 else f"{len(lost)} lines"
    named = " ".join(f"Line {line.line_no}: {nobody.sentence}" for line, nobody in lost[:SHOWN])
    return f"Nobody can be asked about {count}. {named}"


def _except(campaign: Campaign, line: Line, nobody: Nobody) -> None:
    sentence = f"Nobody is left to ask. {nobody.sentence}"
    ReviewTask.objects.open().filter(pk=line.pk).update(
        status=ReviewTask.Status.EXCEPTED, status_reason=sentence[:300], settled_at=now()
    )
    record(
        "reviews.nobody_to_ask",
        campaign,
        by=None,
        severity=ERROR,
        line=line.line_no,
        step=nobody.step,
        why=nobody.sentence,
    )
