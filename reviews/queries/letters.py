"""Whom letters about reviews go to, and what there is to tell them: by the kept counts, never by lines."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils.timezone import localdate

from core.models import OutgoingMail, Reporting, User
from reviews.models import Campaign, CampaignOwner, Mark, Progress, Turn
from reviews.queries.due import Stage, Today, stage
from reviews.queries.told import Behind, Ended, Owned, Told, Waits

COUNTED = (
    "removal_trouble",
    "review_asked",
    "review_behind",
    "review_due",
    "review_ended",
    "review_given",
    "review_overseen",
    "review_started",
)
"""Of these nobody gets two on one day, over all campaigns."""
ENDED = (Campaign.Status.CLOSED, Campaign.Status.REMEDIATION, Campaign.Status.SIGNED_OFF)
NAMED = 8
"""Reviewers that a letter to an owner names."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why letters are written, beside news: whose managers are told, and which campaigns' owners."""

    managers_of: Collection[str] = ()
    """Campaigns whose late reviewers' managers are told."""
    reviewers: Collection[str] | None = None
    """Only of these the managers are told; None: of all who are behind."""
    owned: Mapping[str, Owned] = field(default_factory=dict)


def untold() -> QuerySet[Progress]:
    """Reviewers with news that no letter has brought them."""
    running = Q(campaign__status=Campaign.Status.RUNNING, open__gt=0)
    ended = Q(campaign__status__in=ENDED, campaign__writes_at_end=True, asked__gt=0)
    return Progress.objects.filter(running | ended, untold=True, reviewer__status=User.Status.ACTIVE)


def stages(today: Today) -> Mapping[str, Stage]:
    """Running campaigns for which this is a day to write, by key."""
    rows = Campaign.objects.filter(status=Campaign.Status.RUNNING).exclude(decide_by=None)
    found = {}
    for campaign in rows.exclude(started_at=None):
        started, until = localdate(campaign.started_at, today.zone), last_day(campaign, today)
        if until and (here := stage(started, until, today)):
            found[campaign.pk] = here
    return found


def reviewers_to_remind(found: Mapping[str, Stage]) -> set[str]:
    """Those with open lines for whom this is a day, by key."""
    near = [key for key, here in found.items() if here.is_for_reviewers]
    fifth = [key for key, here in found.items() if here == Stage.FIFTH_DAY]
    wanted = Q(campaign__in=near) | Q(campaign__in=fifth, first_opened_at=None)
    rows = Progress.objects.filter(wanted, open__gt=0, reviewer__status=User.Status.ACTIVE)
    return set(rows.values_list("reviewer", flat=True))


def managers_behind(campaigns: Collection[str], reviewers: Collection[str] | None = None) -> set[str]:
    """Managers of those who have open lines in these campaigns, by key."""
    if not campaigns:
        return set()
    behind = Progress.objects.filter(campaign__in=campaigns, open__gt=0, reviewer=OuterRef("person"))
    rows = Reporting.objects.filter(Exists(behind), person__status=User.Status.ACTIVE)
    if reviewers is not None:
        rows = rows.filter(person__in=reviewers)
    return set(rows.filter(manager__status=User.Status.ACTIVE).values_list("manager", flat=True))


def written_today(today: Today, among: Collection[str] | None = None) -> set[str]:
    """Those who got a letter about reviews already, by key."""
    rows = OutgoingMail.objects.filter(created_at__gte=today.begins_at, letter__in=COUNTED)
    rows = rows.exclude(recipient=None)
    if among is not None:
        rows = rows.filter(recipient__in=among)
    return {str(key) for key in rows.values_list("recipient", flat=True)}


def owned(campaigns: Collection[str], today: Today) -> Mapping[str, Owned]:
    """How each of these campaigns stands; one in which nothing is open is left out."""
    rows = Progress.objects.filter(campaign__in=campaigns, open__gt=0).order_by()
    totals = rows.values_list("campaign").annotate(Sum("open"), Count("pk"))
    marked = dict(_marks(Q(campaign__in=campaigns)).values_list("campaign").annotate(Count("pk")))
    here = Campaign.objects.in_bulk([key for key, _, _ in totals])
    found = {}
    for key, lines, number in totals:
        first = rows.filter(campaign=key).order_by("-open", "reviewer__search_text")[:NAMED]
        names = [f"{name} ({left:,})" for name, left in first.values_list("reviewer__name", "open")]
        until = last_day(here[key], today)
        found[key] = Owned(here[key], lines, number, marked.get(key, 0), names, until, today.day)
    return found


def owners_of(campaigns: Collection[str]) -> Mapping[str, Sequence[User]]:
    """The active owners of each, by name."""
    rows = CampaignOwner.objects.filter(campaign__in=campaigns, user__status=User.Status.ACTIVE)
    found: dict[str, list[User]] = {}
    for row in rows.select_related("user").order_by("user__search_text", "pk"):
        found.setdefault(row.campaign_id, []).append(row.user)
    return found


def told(people: Collection[str], today: Today, occasion: Occasion) -> Mapping[str, Told]:
    """What there is to tell each of them; who has nothing to do and no news is left out."""
    found: dict[str, Told] = {}
    _reviews(people, today, found)
    _reports(people, today, occasion, found)
    owners = owners_of({key for one in found.values() for key in one.campaigns} | set(occasion.owned))
    for key, campaign in occasion.owned.items():
        for owner in owners.get(key, ()):
            if owner.pk in people:
                found.setdefault(owner.pk, Told()).owned.append(campaign)
    for person, one in found.items():
        asking = owners.get(one.campaigns[0], ()) if one.campaigns else ()
        one.answers_go_to = next((each for each in asking if each.pk != person), None)
    return found


def last_day(campaign: Campaign, today: Today) -> date | None:
    return localdate(campaign.decide_by, today.zone) if campaign.decide_by else None


def _reviews(people: Collection[str], today: Today, found: dict[str, Told]) -> None:
    """What waits for them, and what ended with news for them."""
    running = Q(campaign__status=Campaign.Status.RUNNING, open__gt=0)
    ended = Q(campaign__status__in=ENDED, campaign__writes_at_end=True, asked__gt=0, untold=True)
    rows = Progress.objects.filter(running | ended, reviewer__in=people).select_related("campaign")
    counted = _marks(Q(person__in=people)).values_list("person", "campaign").annotate(number=Count("pk"))
    marked = {(person, campaign): number for person, campaign, number in counted}
    for row in rows.order_by("campaign__decide_by", "campaign__name", "pk"):
        one = found.setdefault(row.reviewer_id, Told())
        if row.campaign.status == Campaign.Status.RUNNING:
            number = min(marked.get((row.reviewer_id, row.campaign_id), 0), row.open)
            until = last_day(row.campaign, today)
            one.waits.append(Waits(row.campaign, row.open, number, until, today.day, row.untold))
        else:
            one.ended.append(Ended(row.campaign, row.asked, row.certified + row.denied))


def _reports(people: Collection[str], today: Today, occasion: Occasion, found: dict[str, Told]) -> None:
    """Who of those that report to them is behind."""
    if not occasion.managers_of:
        return
    lines = Reporting.objects.filter(manager__in=people, person__status=User.Status.ACTIVE)
    if occasion.reviewers is not None:
        lines = lines.filter(person__in=occasion.reviewers)
    managers: dict[str, list[str]] = {}
    for person, manager in lines.values_list("person", "manager"):
        managers.setdefault(person, []).append(manager)
    rows = Progress.objects.filter(campaign__in=occasion.managers_of, open__gt=0, reviewer__in=list(managers))
    for row in rows.select_related("campaign", "reviewer").order_by("reviewer__search_text", "pk"):
        until = last_day(row.campaign, today)
        said = Behind(row.reviewer.name, row.campaign, row.open, until, today.day)
        for manager in managers[row.reviewer_id]:
            found.setdefault(manager, Told()).behind.append(said)


def _marks(wanted: Q) -> QuerySet[Mark]:
    """Decided but not submitted, in campaigns that run."""
    asked = Turn.objects.open().filter(task=OuterRef("task"), reviewer=OuterRef("person"))
    rows = Mark.objects.filter(wanted, Exists(asked), campaign__status=Campaign.Status.RUNNING)
    return rows.exclude(outcome=Mark.Outcome.NONE).order_by()


def in_pages(keys: Iterable[str], size: int) -> Iterable[Sequence[str]]:
    rising = sorted(keys)
    for start in range(0, len(rising), size):
        yield rising[start : start + size]
