"""Keeps how people and the console stood, so that evidence says the same however they change later."""

from collections.abc import Collection, Iterable, Iterator
from itertools import batched
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import now

from core.models import User
from core.models.user import Reporting
from reviews.models import (
    Campaign,
    Comment,
    ConsoleThen,
    Decision,
    LineRound,
    Look,
    MovedGrant,
    PeopleSource,
    PersonThen,
    PolicyVersion,
    Removal,
    Turn,
)
from reviews.queries import sources
from reviews.queries.applying import versions_of
from reviews.queries.console_now import console_now
from reviews.queries.roll_forward import moved_now

BATCH = 2_000
FACTS = ("name", "email", "title", "department", "employee_id", "status")
"""What is kept of a person, called the same there."""


def keep_population(campaign: Campaign) -> None:
    """Part of the freeze, in its transaction: those whose accounts are reviewed, who runs it, and where
    what is known of people came from."""
    owners = campaign.tasks.exclude(person=None).order_by().values_list("person", flat=True).distinct()
    keep_people(campaign, {*owners, *_of_campaign(campaign)})
    _keep_console(campaign, ConsoleThen.Moment.FROZEN)
    people = sources.people()
    kept = {"file": people.file, "sha256": people.sha256, "at": people.at, "provider": people.provider}
    PeopleSource.objects.create(campaign=campaign, **kept)


def keep_end(campaign: Campaign) -> None:
    """Part of the sign-off, in its transaction: whoever had a part and was not kept on the way."""
    keep_people(campaign, everybody(campaign))
    _keep_console(campaign, ConsoleThen.Moment.SIGNED_OFF)


def keep_moved(campaign: Campaign) -> None:
    """Part of the closing, in its transaction: the access that came and went since the freeze."""
    rows = (MovedGrant(campaign=campaign, kind=str(each[0]), cells=each) for each in moved_now(campaign))
    for some in batched(rows, BATCH):
        MovedGrant.objects.bulk_create(some)


def keep_people(campaign: Campaign | str, people: Iterable[str | None]) -> None:
    """These as they are now, those apart that the campaign knows already. Part of a verb's transaction."""
    key = campaign if isinstance(campaign, str) else campaign.pk
    for wanted in batched(sorted({each for each in people if each}), BATCH):
        kept = PersonThen.objects.filter(campaign=key, person__in=wanted).values_list("person", flat=True)
        if missing := set(wanted) - set(kept):
            PersonThen.objects.bulk_create(_then(key, missing), ignore_conflicts=True)


def everybody(campaign: Campaign) -> set[str]:
    """The keys of all who have a part in it."""
    of_it = {"campaign": campaign}
    columns: Iterable[tuple[QuerySet[Any], Collection[str]]] = (
        (campaign.tasks.all(), ("person",)),
        (Turn.objects.filter(**of_it), ("reviewer", "on_behalf_of", "given_by")),
        (Decision.objects.filter(**of_it), ("by", "on_behalf_of")),
        (LineRound.objects.filter(**of_it), ("by",)),
        (Comment.objects.filter(task__campaign=campaign), ("by",)),
        (campaign.submissions.all(), ("by",)),
        (Removal.objects.filter(**of_it), ("confirmed_by", "excepted_by", "order__done_by")),
        (Look.objects.filter(sampled__campaign=campaign), ("by",)),
        (campaign.role_files.all(), ("by",)),
    )
    found = set(_of_campaign(campaign))
    for rows, names in columns:
        for name in names:
            keys = rows.exclude(**{name: None}).order_by().values_list(name, flat=True).distinct()
            found.update(str(key) for key in keys)
    return found


def _of_campaign(campaign: Campaign) -> Iterator[str]:
    yield from campaign.owners.values_list("pk", flat=True)
    policies = {version.policy_id for version in versions_of(campaign)}
    makers = PolicyVersion.objects.filter(policy__in=policies).exclude(made_by=None)
    yield from (str(key) for key in makers.order_by().values_list("made_by", flat=True).distinct())
    for key in (
        campaign.control_owner_id,
        campaign.started_by_id,
        campaign.override_seconded_by_id,
        campaign.closing_wanted_by_id,
        campaign.signed_off_by_id,
    ):
        if key:
            yield key


def _then(campaign: str, people: Collection[str]) -> Iterator[PersonThen]:
    managers: dict[str, list[list[str]]] = {}
    rows = Reporting.objects.filter(person__in=people).order_by("manager__search_text", "pk")
    for person, name, email in rows.values_list("person", "manager__name", "manager__email"):
        managers.setdefault(person, []).append([name, email])
    at = now()
    for key, *facts in User.objects.filter(pk__in=people).order_by("pk").values_list("pk", *FACTS):
        told = dict(zip(FACTS, facts, strict=True))
        yield PersonThen(campaign_id=campaign, person_id=key, managers=managers.get(key, []), at=at, **told)


def _keep_console(campaign: Campaign, moment: ConsoleThen.Moment) -> None:
    ConsoleThen.objects.create(campaign=campaign, moment=moment, content=console_now(campaign))
