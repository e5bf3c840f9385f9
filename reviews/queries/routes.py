"""Who was asked so far, and who would be: looked at, never written."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from connectors.models import Grant
from reviews.models import Campaign, Decision, ReviewTask
from reviews.queries.applying import applying
from reviews.queries.directory import Around, directory_for
from reviews.queries.facts import lines_there_would_be
from reviews.queries.rounds import of_this_round
from reviews.routing import Asked, Directory, Earlier, LineFacts, Nobody, PolicyText, every_step

type Deciders = Mapping[int, Sequence[Earlier]]
"""By key of the line."""

LAST, MOST_NAMED, SHOWN = 32_767, 100, 3


def deciders(tasks: QuerySet[ReviewTask], *, before: int = LAST) -> Deciders:
    """Who certified these lines in steps before that one, and whom they stood in for; since they were last
    opened again."""
    decisions = Decision.objects.filter(
        of_this_round(),
        task__in=tasks.values("pk"),
        outcome=Decision.Outcome.CERTIFIED,
        replaced_by=None,
        turn__step__lt=before,
    )
    found: defaultdict[int, list[Earlier]] = defaultdict(list)
    for task, by, behind, said, noted in decisions.values_list(
        "task_id", "by_id", "on_behalf_of_id", "independence", "turn__independence"
    ):
        found[task] += [Earlier(person, bool(said or noted)) for person in (by, behind) if person]
    return found


@dataclass(slots=True)
class Preview:
    """Who would get how many lines in the first step, and which lines have nobody in some step."""

    lines: int = 0
    reviewers: Counter[str] = field(default_factory=Counter)
    """By key of the person; where several are asked about a line each counts it."""
    unroutable: list[tuple[LineFacts, Nobody]] = field(default_factory=list)
    """The first of them, at most `MOST_NAMED`."""
    unroutable_count: int = 0
    names: dict[str, str] = field(default_factory=dict)

    @property
    def problem(self) -> str:
        """Why it cannot be staged, naming whom and what; empty: it can."""
        if not self.unroutable_count:
            return ""
        count = "1 line" if self.unroutable_count == 1 else f"{self.unroutable_count} lines"
        named = " ".join(f"{_called(line)}: {nobody.sentence}" for line, nobody in self.unroutable[:SHOWN])
        return f"Nobody can be asked about {count}. {named}"


def preview(campaign: Campaign, grants: QuerySet[Grant]) -> Preview:
    """Who would be asked about these grants if the campaign were staged now. Reads only."""
    around, policies, found = Around.of(campaign), applying(campaign), Preview()
    for page in lines_there_would_be(grants):
        directory = directory_for(around, policies.texts(), page)
        look(page, policies.text, directory, found)
    return found


def look(
    page: Iterable[LineFacts],
    policy_of: Callable[[LineFacts], PolicyText],
    directory: Directory,
    found: Preview,
) -> None:
    """Add to `found` who would be asked about these lines."""
    for line in page:
        found.lines += 1
        first, lost = every_step(policy_of(line), line, directory)
        if isinstance(first, Asked):
            for each in first.people:
                found.reviewers[each.reviewer] += 1
                found.names.setdefault(each.reviewer, directory.people[each.reviewer].name)
        if lost is not None:
            found.unroutable_count += 1
            if len(found.unroutable) < MOST_NAMED:
                found.unroutable.append((line, lost))


def _called(line: LineFacts) -> str:
    whose = line.person_name or line.account_name or line.account_login or "an account without a name"
    return f"{line.entitlement_name} of {whose}"
