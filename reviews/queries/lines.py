"""The lines of a campaign as lists and files show them, and what happened to one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Self

from django.db.models import Prefetch, QuerySet

from core.models import User
from reviews.models import Campaign, Decision, PersonThen, Progress, Removal, ReviewTask, Turn
from reviews.queries.rounds import of_this_round

NO_RISK, NOBODY = "none", "nobody"


@dataclass(frozen=True, slots=True)
class WantedLines:
    """Which lines are asked for, as in the address of their page."""

    status: str = ""
    reviewer: str = ""
    app: str = ""
    kind: str = ""
    risk: str = ""
    type: str = ""
    via: str = ""
    """How somebody came to be asked: what is filtered on is any step that was not given on."""
    owner: str = ""
    """How their owner stood when the population was frozen: `NOBODY`, or a status of people."""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Self:
        return cls(**{each.name: asked.get(each.name, "")[:300] for each in fields(cls)})

    @property
    def is_narrowed(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a line."""

    at: datetime
    who: str
    what: str
    said: str = ""
    is_bad: bool = False
    is_written: bool = False
    """Somebody wrote it, perhaps in Markdown."""


def lines(campaign: Campaign, wanted: WantedLines) -> QuerySet[ReviewTask]:
    """In no order yet; `line_no` is that of their page."""
    rows = ReviewTask.objects.filter(campaign=campaign)
    for name, column in (("status", "status"), ("app", "app"), ("kind", "kind"), ("type", "account_type")):
        if value := getattr(wanted, name):
            rows = rows.filter(**{column: value})
    if wanted.risk:
        rows = rows.filter(risk="" if wanted.risk == NO_RISK else wanted.risk)
    told = {name: getattr(wanted, name) for name in ("reviewer", "via") if getattr(wanted, name)}
    if told:
        asked = Turn.objects.filter(campaign=campaign, **told).exclude(status=Turn.Status.GIVEN_ON)
        rows = rows.filter(pk__in=asked.values("task"))
    if wanted.owner == NOBODY:
        return rows.filter(person=None)
    if wanted.owner:
        then = PersonThen.objects.filter(campaign=campaign, status=wanted.owner)
        rows = rows.filter(person__in=then.values("person"))
    return rows


def for_screen(rows: QuerySet[ReviewTask]) -> QuerySet[ReviewTask]:
    """With who is asked, what was decided last in the round a line is in, and what becomes of a denied one,
    in three more queries."""
    asked = Turn.objects.open().select_related("reviewer").order_by("pk")
    decided = Decision.objects.filter(of_this_round()).select_related("by").order_by("pk")
    live = Removal.objects.exclude(status__in=(Removal.Status.DROPPED, Removal.Status.CAME_BACK))
    return rows.prefetch_related(
        Prefetch("turns", asked, to_attr="asked_now"),
        Prefetch("decisions", decided, to_attr="decided"),
        Prefetch("removals", live.order_by("pk"), to_attr="removals_now"),
    )


def reviewers_of(campaign: Campaign, *, most: int = 200) -> Sequence[User]:
    """For the filter; those with the most open lines, where there are very many."""
    rows = Progress.objects.filter(campaign=campaign).select_related("reviewer").order_by("-open", "pk")
    return sorted((row.reviewer for row in rows[:most]), key=lambda user: user.search_text)


def events_of(task: ReviewTask) -> Sequence[Event]:
    """Everything that happened to a line, the latest first, from its own rows."""
    found = [*_turns(task), *_decisions(task), *_removals(task), *_rounds(task)]
    said = task.comments.select_related("by")
    found += [Event(each.at, each.by.name, "said", each.text, is_written=True) for each in said]
    if task.settled_at and task.status in (ReviewTask.Status.EXCEPTED, ReviewTask.Status.CANCELLED):
        word = "became an exception" if task.status == ReviewTask.Status.EXCEPTED else "was cancelled"
        found.append(Event(task.settled_at, "The line", word, task.status_reason))
    return sorted(found, key=lambda event: event.at, reverse=True)


def _turns(task: ReviewTask) -> list[Event]:
    found = []
    rows = task.turns.select_related("reviewer", "given_by", "on_behalf_of")
    for turn in rows:
        via = f"In step {turn.step}, as {turn.get_via_display()}."
        if turn.on_behalf_of:
            via += f" Stands in for {turn.on_behalf_of}."
        said = " ".join(filter(None, (via, turn.passed_over, turn.given_reason)))
        found.append(Event(turn.at, turn.reviewer.name, "was asked", said))
        if turn.ended_at and turn.status in (Turn.Status.OVERTAKEN, Turn.Status.GIVEN_ON, Turn.Status.ENDED):
            found.append(Event(turn.ended_at, turn.reviewer.name, ENDS[Turn.Status(turn.status)]))
    return found


def _rounds(task: ReviewTask) -> list[Event]:
    found = []
    for each in task.rounds.select_related("by", "policy_version__policy"):
        who = each.by.name if each.by else "A sync"
        under = f"Under {each.policy_version}." if each.policy_version else ""
        said = " ".join(filter(None, (each.reason, under)))
        found.append(Event(each.at, who, "had it asked about from the first step again", said))
    return found


ENDS = {
    Turn.Status.OVERTAKEN: "was no longer asked: another was first",
    Turn.Status.GIVEN_ON: "was no longer asked: it was given to another",
    Turn.Status.ENDED: "was no longer asked",
}


def _decisions(task: ReviewTask) -> list[Event]:
    found = []
    for row in task.decisions.select_related("by", "on_behalf_of", "replaces"):
        verb = "certified it" if row.outcome == Decision.Outcome.CERTIFIED else "denied it"
        what = f"{verb}, which corrects a decision" if row.replaces_id else verb
        said = f"For {row.on_behalf_of}. {row.reason}" if row.on_behalf_of else row.reason
        who = row.by.name if row.by else "The closing rule"
        found.append(Event(row.at, who, what, said, is_bad=row.outcome == Decision.Outcome.DENIED))
    return found


def _removals(task: ReviewTask) -> list[Event]:
    found = []
    for row in task.removals.select_related("confirmed_by", "excepted_by"):
        who = "The removal"
        if row.confirmed_at and row.confirmed_by:
            found.append(Event(row.confirmed_at, row.confirmed_by.name, "confirmed the removal"))
        if row.removed_at:
            found.append(Event(row.removed_at, who, "was done, and is being proven"))
        if row.proven_at:
            sync = f"sync {row.proven_run}" if row.proven_run else "a later sync"
            found.append(Event(row.proven_at, who, f"is proven: {sync} no longer saw the access"))
    return found
