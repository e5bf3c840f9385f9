"""What earlier campaigns said about the grants of this one: what is new since, what was decided."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from reviews.models import Campaign, Decision, PopulationSource, ReviewTask, Turn
from reviews.queries.rounds import of_this_round

LOOKED_AT = 3
"""So many earlier campaigns count; what was last certified before them is reviewed as if it were new."""
ENDED = (Campaign.Status.CLOSED, Campaign.Status.REMEDIATION, Campaign.Status.SIGNED_OFF)
FRESH, KNOWN = 0, 1
"""How lines are ordered: new or changed ones first."""


@dataclass(frozen=True, slots=True)
class Last:
    """What became of a grant in the latest earlier campaign that held it."""

    campaign: str
    status: str
    at: datetime | None
    by: str
    reason: str
    line: ReviewTask


def earlier_campaigns(campaign: Campaign) -> Sequence[Campaign]:
    """The last few that came to their end before this one was frozen, newest first; of its template only,
    where it has one and that was used before. Reviews of other apps say nothing about this one."""
    ended = Campaign.objects.filter(status__in=ENDED).exclude(pk=campaign.pk).order_by("-frozen_at")
    ended = ended.exclude(_of_other_apps(campaign))
    if campaign.frozen_at:
        ended = ended.filter(frozen_at__lt=campaign.frozen_at)
    of_template = list(ended.filter(template=campaign.template)[:LOOKED_AT]) if campaign.template_id else []
    return of_template or list(ended[:LOOKED_AT])


def _of_other_apps(campaign: Campaign) -> Q:
    """Campaigns that rest on sources of other apps alone."""
    ours = PopulationSource.objects.filter(campaign=campaign)
    theirs = PopulationSource.objects.filter(campaign=OuterRef("pk"))
    shared = theirs.filter(connector__app__in=ours.values("connector__app"))
    return Q(Exists(ours)) & Q(Exists(theirs)) & ~Q(Exists(shared))


def with_freshness(turns: QuerySet[Turn], earlier: Collection[Campaign]) -> QuerySet[Turn]:
    """`freshness`: KNOWN where the same grant was certified in one of those campaigns and nothing about it
    changed since; FRESH otherwise, and KNOWN for all where there was no campaign before."""
    if not earlier:
        return turns.annotate(freshness=Value(KNOWN, output_field=IntegerField()))
    known = Exists(_certified_alike(earlier))
    return turns.annotate(freshness=Case(When(known, then=KNOWN), default=FRESH))


def in_order(turns: QuerySet[Turn], earlier: Collection[Campaign]) -> list[tuple[int, int]]:
    """Number and freshness of every line of these turns, as the desk orders them."""
    rows = with_freshness(turns, earlier)
    return list(rows.order_by("freshness", "line_no").values_list("line_no", "freshness"))  # type: ignore[misc]


def is_fresh(earlier: Collection[Campaign]) -> Q:
    """For counting turns whose line is new or changed; none where there was no campaign before."""
    return ~Q(Exists(_certified_alike(earlier))) if earlier else Q(pk=None)


def _certified_alike(earlier: Collection[Campaign]) -> QuerySet[ReviewTask]:
    """The line of the same grant, certified, with everything as it is now. Found by campaign and grant."""
    alike = {
        name: OuterRef(f"task__{name}")
        for name in ("entitlement_name", "entitlement_description", "account_status", "person_title")
    }
    return ReviewTask.objects.annotate(whose=Coalesce(F("person_id"), Value(""))).filter(
        campaign__in=[each.pk for each in earlier],
        grant=OuterRef("task__grant"),
        status=ReviewTask.Status.CERTIFIED,
        whose=Coalesce(OuterRef("task__person_id"), Value("")),
        **alike,
    )


def last_decisions(lines: Collection[ReviewTask], earlier: Sequence[Campaign]) -> Mapping[int, Last]:
    """By grant: what the latest of those campaigns said."""
    rows = ReviewTask.objects.filter(
        campaign__in=[each.pk for each in earlier], grant__in=[each.grant for each in lines]
    )
    age = {each.pk: number for number, each in enumerate(earlier)}
    names = {each.pk: each.name for each in earlier}
    found = {row.grant: row for row in sorted(rows, key=lambda row: age[row.campaign_id], reverse=True)}
    decided = {
        each.task_id: each
        for each in Decision.objects.filter(of_this_round(), task__in=[row.pk for row in found.values()])
        .select_related("by")
        .order_by("pk")
    }
    return {grant: _last(row, names[row.campaign_id], decided.get(row.pk)) for grant, row in found.items()}


def _last(row: ReviewTask, campaign: str, decision: Decision | None) -> Last:
    if decision is None:
        return Last(campaign, row.status, row.settled_at, "", row.status_reason, row)
    by = decision.by.name if decision.by else "the closing rule"
    return Last(campaign, row.status, decision.at, by, decision.reason, row)
