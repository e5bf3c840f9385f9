"""What somebody decided in a campaign, in whatever role: who signs off decided nothing of it."""

from collections.abc import Collection, Sequence

from django.db.models import Q

from core.models import User
from reviews.models import Campaign, Decision, Removal, Turn
from reviews.queries.directory import people_known


def twins_of(person: User) -> Collection[str]:
    """They and whoever is the same human, by their keys."""
    return people_known([person.pk])[1][person.pk]


def part_in(campaign: Campaign, person: User) -> Sequence[str]:
    """What they, or whoever is the same human, decided in it: words that follow their name."""
    them = twins_of(person)
    decided = Decision.objects.filter(Q(by__in=them) | Q(on_behalf_of__in=them), campaign=campaign)
    excepted = Removal.objects.filter(campaign=campaign, excepted_by__in=them)
    found = []
    if number := decided.count():
        found.append(f"decided {number:,} of its lines")
    if campaign.at_end == Campaign.Silence.REMOVE and campaign.closing_wanted_by_id in them:
        found.append("had its open lines denied by closing it")
    if number := excepted.count():
        found.append(f"let the access of {number:,} denied line{'' if number == 1 else 's'} stay")
    return found


def asked_about(campaign: Campaign, person: User) -> int:
    """How many of its lines they, or whoever is the same human, are asked about now."""
    them = twins_of(person)
    turns = Turn.objects.open().filter(Q(reviewer__in=them) | Q(on_behalf_of__in=them), campaign=campaign)
    return turns.count()
