"""By whom the lines of a campaign were decided in the end: independent of them, tied to them, or nobody."""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Count, Max, Q, QuerySet

from reviews.models import Campaign, Decision, ReviewTask
from reviews.queries.rounds import of_this_round
from reviews.routing import TIE_WORDS, Tie

GAVE_UP = "gave up their own access"
"""What a denial of one's own access is called: in a step that asks the subject nobody else is asked then."""
SETTLED = (ReviewTask.Status.CERTIFIED, ReviewTask.Status.DENIED)


@dataclass(slots=True)
class Deciders:
    """The last decision of each line that is certified or denied, counted."""

    independent: int = 0
    tied: int = 0
    silent: int = 0
    """Denied by the closing rule, as nobody answered."""
    cancelled: int = 0
    """Lines that were cancelled: nobody decided these."""
    by_tie: dict[str, int] = field(default_factory=dict)
    """By what tied them, in words; who is tied in two ways counts in both."""

    @property
    def statement(self) -> str:
        """What can be signed of it."""
        told = ["was decided by somebody independent of it", "is an exception with its reason"]
        if self.cancelled:
            told.append("was cancelled with its reason")
        if self.tied:
            told.append(f"is {_one_of(self.tied)} listed with what tied the reviewer")
        if self.silent:
            told.append(f"is {_one_of(self.silent)} that the closing rule denied as nobody answered")
        return f"Every line {', or '.join(told)}."


def deciders(campaign: Campaign) -> Deciders:
    """As it is now; from closing on it stays so."""
    cancelled = campaign.tasks.filter(status=ReviewTask.Status.CANCELLED).count()
    found = Deciders(cancelled=cancelled)
    by_tie: Counter[str] = Counter()
    rows = final(campaign).order_by().annotate(is_silent=Q(by=None), for_another=~Q(on_behalf_of=None))
    columns = rows.values_list("is_silent", "for_another", "outcome", "independence")
    for is_silent, for_another, outcome, codes, number in columns.annotate(number=Count("pk")):
        if is_silent:
            found.silent += number
        elif codes:
            found.tied += number
            by_tie.update(dict.fromkeys(_words(codes, outcome, for_another=for_another), number))
        else:
            found.independent += number
    found.by_tie = dict(sorted(by_tie.items()))
    return found


def final(campaign: Campaign) -> QuerySet[Decision]:
    """The decision that settled each line: of its present round the last one, corrections included."""
    of_round = Decision.objects.filter(of_this_round(), campaign=campaign, task__status__in=SETTLED)
    last = of_round.order_by().values("task").annotate(last=Max("pk")).values("last")
    return Decision.objects.filter(pk__in=last)


def final_tied(campaign: Campaign) -> QuerySet[Decision]:
    """Those of them whose reviewer was tied to the line, in order of lines."""
    return final(campaign).exclude(independence="").exclude(by=None).order_by("task__line_no")


def words_of(decision: Decision) -> list[str]:
    """What tied the reviewer to the line when they decided it."""
    for_another = decision.on_behalf_of_id is not None
    return _words(decision.independence, decision.outcome, for_another=for_another)


def tie_words(codes: str) -> list[str]:
    known = {tie.value: TIE_WORDS[tie] for tie in Tie}
    return [known.get(code, code) for code in codes.split(",") if code]


def _words(codes: str, outcome: str, *, for_another: bool) -> list[str]:
    told = tie_words(codes)
    if outcome == Decision.Outcome.DENIED and not for_another:
        return [GAVE_UP if word == TIE_WORDS[Tie.OWN] else word for word in told]
    return told


def _one_of(number: int) -> str:
    return "the one" if number == 1 else f"one of the {number:,}"
