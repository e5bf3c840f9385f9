"""The quality sample: lines drawn by a seed that is shown, which the control owner looks at again."""

import hashlib
import math
import secrets
from collections.abc import Iterator, Sequence
from itertools import batched

from django.db import transaction

from core.errors import NotPossible
from core.models import User
from core.trail import record
from reviews.actions.keeping import keep_people
from reviews.actions.rights import must_be_control_owner, must_concern_others, must_say
from reviews.models import Campaign, Look, ReviewTask, SampledLine
from reviews.queries.people import own_among

LEAST, MOST = 5, 60
DECIDED = (ReviewTask.Status.CERTIFIED, ReviewTask.Status.DENIED)
LOOKED_AT = (Campaign.Status.CLOSED, Campaign.Status.REMEDIATION)


def size(lines: int, percent: int) -> int:
    """How many of these lines are looked at again."""
    wanted = min(MOST, max(LEAST, math.ceil(lines * percent / 100))) if percent else 0
    return min(wanted, lines)


def drawn(seed: str, numbers: Sequence[int]) -> Iterator[int]:
    """The numbers in the order the seed draws them, each once: place `SHA-256(seed:k) mod n` of those given,
    for k = 1, 2, 3 and so on. Anybody can draw them again."""
    found: set[int] = set()
    step = 0
    while len(found) < len(numbers):
        step += 1
        number = numbers[int(hashlib.sha256(f"{seed}:{step}".encode()).hexdigest(), 16) % len(numbers)]
        if number not in found:
            found.add(number)
            yield number


def draw(campaign: Campaign) -> None:
    """Part of closing, in its transaction. Lines about the control owner's own access are passed over."""
    decided = campaign.tasks.filter(status__in=DECIDED)
    numbers = list(decided.order_by("line_no").values_list("line_no", flat=True))
    wanted = size(len(numbers), campaign.sample_percent)
    seed = campaign.sample_seed or secrets.token_hex(8)
    Campaign.objects.filter(pk=campaign.pk).update(sample_seed=seed)
    campaign.sample_seed = seed
    chosen: list[SampledLine] = []
    for some in batched(drawn(seed, numbers), max(wanted, 1)):
        lines = campaign.tasks.filter(line_no__in=some)
        own = own_among(campaign.control_owner, lines) if campaign.control_owner else frozenset()
        by_number = {line.line_no: line for line in lines if line.pk not in own}
        others = [by_number[number] for number in some if number in by_number]
        rest = others[: wanted - len(chosen)]
        chosen += [SampledLine(campaign=campaign, task=line, line_no=line.line_no) for line in rest]
        if len(chosen) == wanted:
            break
    SampledLine.objects.bulk_create(chosen)


@transaction.atomic
def look(sampled: SampledLine, *, by: User, agrees: bool, note: str = "") -> None:
    """The control owner would have decided the same, or not. Until it is signed off they may think again:
    what they said last counts, and the rest stays."""
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=sampled.campaign_id)
    must_be_control_owner(campaign, by)
    must_concern_others([sampled.task], by)
    if campaign.status not in LOOKED_AT:
        raise NotPossible(f"{campaign} is {campaign.get_status_display().lower()}: its sample stands.")
    said = note.strip() if agrees else must_say(note, "Say why you would have decided otherwise.")
    Look.objects.create(sampled=sampled, agrees=agrees, note=said, by=by)
    keep_people(campaign, [by.pk])
    record("lines.looked_at_again", campaign, by=by, line=sampled.line_no, agrees=agrees, note=said)


def still_to_look_at(campaign: Campaign) -> int:
    """Sampled lines without an answer of the control owner of now; those before them count for nothing here.
    What is about their own access is not asked of them."""
    answered = Look.objects.filter(sampled__campaign=campaign, by=campaign.control_owner_id)
    return (
        campaign.sample.exclude(pk__in=answered.values("sampled"))
        .exclude(task__in=not_asked(campaign))
        .count()
    )


def not_asked(campaign: Campaign) -> frozenset[int]:
    """Sampled lines, by their keys, about the control owner's own access."""
    if campaign.control_owner is None:
        return frozenset()
    sampled = ReviewTask.objects.filter(pk__in=campaign.sample.values("task"))
    return own_among(campaign.control_owner, sampled)
