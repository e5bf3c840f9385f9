"""What somebody decided in a campaign, in whatever role: who signs off decided nothing of it."""

from collections.abc import Collection, Sequence

from django.db.models import Q

from core.models import TrailEvent, User
from reviews.models import Campaign, Decision, LineRound, Removal, Turn
from reviews.queries.directory import accounts_known_as, lines_of_accounts, lines_of_people, people_known
from reviews.queries.keys import among
from reviews.queries.people import Humans, own_among


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
    if LineRound.objects.filter(campaign=campaign, by__in=them).exists():
        found.append("had lines asked about anew")
    if _called_off(campaign, them):
        found.append("cancelled lines")
    return found


def _called_off(campaign: Campaign, them: Collection[str]) -> bool:
    about = {"object_type": campaign._meta.label_lower, "object_id": campaign.pk}
    return TrailEvent.objects.filter(action="lines.called_off", actor_id__in=them, **about).exists()


def own_lines(campaign: Campaign, person: User, status: str) -> Sequence[int]:
    """The numbers of its lines of that status that are about this person's own access.

    By way of what they and their doubles hold now, and of what was theirs when it was frozen.
    """
    humans = Humans.of(twins_of(person))
    everybody = {twin for twins in humans.twins.values() for twin in twins}
    nobodys = accounts_known_as({key for known in humans.people.values() for key in known.keys})
    keys = set(campaign.tasks.filter(status=status, person__in=everybody).values_list("pk", flat=True))
    for lines in (*lines_of_people(campaign.pk, everybody), *lines_of_accounts(campaign.pk, nobodys)):
        keys.update(lines)
    tasks = campaign.tasks.filter(pk__in=among(keys), status=status)
    own = own_among(person, tasks)
    return list(tasks.filter(pk__in=among(own)).order_by("line_no").values_list("line_no", flat=True))


def asked_about(campaign: Campaign, person: User) -> int:
    """How many of its lines they, or whoever is the same human, are asked about now."""
    them = twins_of(person)
    turns = Turn.objects.open().filter(Q(reviewer__in=them) | Q(on_behalf_of__in=them), campaign=campaign)
    return turns.count()
