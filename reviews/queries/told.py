"""What one letter tells one person, over all campaigns: what waits, what ended, who is behind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from core.models import User
from reviews.models import Campaign

SHORT = 40
"""Letters of a campaign's name that fit into a subject."""
UNSUBMITTED = "You decided {} but did not submit: only what is submitted counts."


@dataclass(frozen=True, slots=True)
class Waits:
    """Lines of a running campaign that are open with the reader."""

    campaign: Campaign
    lines: int
    marked: int
    until: date | None
    today: date
    is_new: bool = False

    @property
    def is_late(self) -> bool:
        return self.until is not None and self.until < self.today

    @property
    def sentence(self) -> str:
        return f"{self.campaign.name}: {self.number}, {self._when}.{self._marked}"

    @property
    def request(self) -> str:
        """What is wanted and by when: the first thing a letter says."""
        if self.is_late:
            return (
                f"Please decide {self.number} of {self.campaign.name} today: the last day was"
                f" {spelled(self.until)}.{self._marked}"
            )
        by = f" by {spelled(self.until)}" if self.until else ""
        return f"Please decide {self.number} of {self.campaign.name}{by}.{self._marked}"

    @property
    def subject(self) -> str:
        what = f"{self.number} of {shortened(self.campaign.name)}"
        if self.is_late:
            return f"Overdue: {what}"
        if self.until == self.today:
            return f"Last day: {what}"
        if self.is_new:
            return f"For you to review: {what}"
        return f"{what} wait{'s' if self.lines == 1 else ''} for you"

    @property
    def number(self) -> str:
        return plural(self.lines, "line")

    @property
    def _when(self) -> str:
        if self.until is None:
            return "with no last day"
        if self.until == self.today:
            return "until today"
        return f"{'overdue since' if self.is_late else 'until'} {spelled(self.until)}"

    @property
    def _marked(self) -> str:
        if not self.marked:
            return ""
        which = "all of them" if self.marked >= self.lines else f"{self.marked:,} of them"
        return f" {UNSUBMITTED.format(which if self.lines > 1 else 'it')}"


@dataclass(frozen=True, slots=True)
class Ended:
    """A campaign that is closed, and what the reader decided in it."""

    campaign: Campaign
    asked: int
    decided: int

    @property
    def sentence(self) -> str:
        rest = self.asked - self.decided
        said = (
            f"{self.campaign.name} has ended: you decided {self.decided:,} of {plural(self.asked, 'line')}."
        )
        if rest > 0:
            said += " Nothing can be decided any more: the evidence says what became of the others."
        return said

    @property
    def subject(self) -> str:
        return f"{shortened(self.campaign.name)} has ended"


@dataclass(frozen=True, slots=True)
class Behind:
    """Somebody who reports to the reader and has not decided."""

    person: str
    campaign: Campaign
    lines: int
    until: date | None
    today: date

    @property
    def sentence(self) -> str:
        said = f"{self.person}: {plural(self.lines, 'line')} of {self.campaign.name}"
        if self.until is None:
            return f"{said}."
        since = "overdue since" if self.until < self.today else "until"
        return f"{said}, {since} {spelled(self.until)}."


@dataclass(frozen=True, slots=True)
class Owned:
    """How a campaign of the reader's own stands, and who is behind."""

    campaign: Campaign
    lines: int
    reviewers: int
    marked: int
    names: Sequence[str]
    until: date | None
    today: date

    @property
    def sentence(self) -> str:
        are = "is" if self.lines == 1 else "are"
        said = f"{self.campaign.name}, {self._when}: {plural(self.lines, 'line')} {are} open with "
        said += f"{plural(self.reviewers, 'reviewer')}: {', '.join(self.names)}"
        if self.reviewers > len(self.names):
            said += f" and {self.reviewers - len(self.names):,} more"
        if self.marked:
            said += f". {plural(self.marked, 'line')} decided but not submitted"
        return f"{said}."

    @property
    def request(self) -> str:
        return f"Please look at who is behind in {self.campaign.name}, {self._when}."

    @property
    def subject(self) -> str:
        are = "is" if self.lines == 1 else "are"
        return f"{plural(self.lines, 'line')} of {shortened(self.campaign.name)} {are} open"

    @property
    def _when(self) -> str:
        if self.until is None:
            return "with no last day"
        if self.until == self.today:
            return "due today"
        return f"{'overdue since' if self.until < self.today else 'due'} {spelled(self.until)}"


@dataclass(slots=True)
class Told:
    """Everything that one letter tells one person."""

    waits: list[Waits] = field(default_factory=list)
    """The most urgent first."""
    ended: list[Ended] = field(default_factory=list)
    behind: list[Behind] = field(default_factory=list)
    owned: list[Owned] = field(default_factory=list)
    answers_go_to: User | None = None

    @property
    def letter(self) -> str:
        """Which letter it is; none where there is nothing to tell."""
        if self.waits:
            return "review_started" if self.is_new else "review_due"
        if self.owned:
            return "review_overseen"
        if self.behind:
            return "review_behind"
        return "review_ended" if self.ended else ""

    def put_first(self, campaign: str) -> None:
        """Let the letter begin with this one."""
        self.waits.sort(key=lambda each: each.campaign.pk != campaign)

    @property
    def campaigns(self) -> Sequence[str]:
        """Those that others run, by key; the one whose owner answers go to first."""
        rows: list[Waits | Behind | Ended] = [*self.waits, *self.behind, *self.ended]
        return [each.campaign.pk for each in rows]

    @property
    def is_new(self) -> bool:
        """Whether it is about news rather than about a day that comes near."""
        return bool(self.waits) and self.waits[0].is_new and not self.waits[0].is_late

    @property
    def subject(self) -> str:
        """Of a letter to a reviewer."""
        further = f", {plural(len(self.waits) - 1, 'more review')}" if len(self.waits) > 1 else ""
        return self.waits[0].subject + further

    @property
    def first(self) -> Waits:
        return self.waits[0]

    @property
    def others(self) -> Sequence[Waits]:
        return self.waits[1:]


def plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def spelled(day: date | None) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}" if day else ""


def shortened(name: str) -> str:
    return name if len(name) <= SHORT else f"{name[: SHORT - 1].rstrip()}…"
