"""Campaigns and templates, as their lists show them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from django.db.models import (
    Count,
    DateTimeField,
    Exists,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce, Lower

from connectors.models import App
from connectors.queries.columns import Table
from connectors.queries.counting import number_of
from core.models import Role, User
from reviews.models import Campaign, Progress, Removal, Template

RUNNING, DRAFTS, COMPLETED, TEMPLATES = "running", "drafts", "completed", "templates"
TABS: Mapping[str, str] = {
    RUNNING: "Running",
    DRAFTS: "Drafts",
    COMPLETED: "Completed",
    TEMPLATES: "Templates",
}
STATES: Mapping[str, Sequence[str]] = {
    RUNNING: (
        Campaign.Status.RUNNING,
        Campaign.Status.CLOSING,
        Campaign.Status.CLOSED,
        Campaign.Status.REMEDIATION,
    ),
    DRAFTS: (Campaign.Status.DRAFT, Campaign.Status.STAGING, Campaign.Status.STAGED),
    COMPLETED: Campaign.OVER,
}
"""What stands on each tab: a campaign is completed once nothing is left to do."""
ORDERS: Mapping[str, Mapping[str, str]] = {
    RUNNING: {"name": "sort_name", "due": "sort_due", "left": "sort_due", "started": "sort_started"},
    DRAFTS: {"name": "sort_name", "made": "created_at", "changed": "changed_at"},
    COMPLETED: {"name": "sort_name", "ended": "sort_ended", "lines": "lines"},
    TEMPLATES: {"name": "sort_name", "next": "sort_next"},
}
"""What each tab can be sorted by, and by which column; the address puts a minus before it for falling."""
DEFAULTS: Mapping[str, str] = {RUNNING: "due", DRAFTS: "-changed", COMPLETED: "-ended", TEMPLATES: "name"}
TABLES: Mapping[str, Table] = {
    RUNNING: Table(
        "campaigns-running",
        {
            "state": "State",
            "decided": "Decided",
            "due": "Decide by",
            "left": "Time remaining",
            "on_time": "On time",
            "started": "Started",
            "lines": "Lines",
            "policy": "Who decides",
            "signer": "Control owner",
            "template": "Template",
            "description": "Description",
            "owners": "Owners",
        },
        default=("state", "decided", "due", "left", "started", "owners"),
        always=("Campaign", "Control ID"),
        numbers=frozenset({"lines"}),
    ),
    DRAFTS: Table(
        "campaigns-drafts",
        {
            "state": "State",
            "policy": "Who decides",
            "changed": "Changed",
            "made": "Made",
            "starts": "Starts by itself",
            "period": "Period",
            "signer": "Control owner",
            "template": "Template",
            "description": "Description",
            "owners": "Owners",
        },
        default=("state", "policy", "changed", "made", "owners"),
        always=("Campaign", "Control ID"),
    ),
    COMPLETED: Table(
        "campaigns-completed",
        {
            "state": "State",
            "lines": "Lines",
            "ended": "Ended",
            "by": "By",
            "on_time": "On time",
            "period": "Period",
            "started": "Started",
            "policy": "Who decides",
            "template": "Template",
            "description": "Description",
            "owners": "Owners",
        },
        default=("state", "lines", "ended", "by", "owners"),
        always=("Campaign", "Control ID"),
        numbers=frozenset({"lines"}),
    ),
    TEMPLATES: Table(
        "campaigns-templates",
        {
            "frequency": "Frequency",
            "next": "Next draft",
            "campaigns": "Campaigns",
            "policy": "Who decides",
            "signer": "Control owner",
            "days": "Days to decide",
            "description": "Description",
            "owners": "Owners",
        },
        default=("frequency", "next", "campaigns", "owners"),
        always=("Template", "Control ID"),
        numbers=frozenset({"campaigns", "days"}),
    ),
}
"""The columns of each tab that people choose among, beside the name."""
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
LATEST = 200
"""Campaigns an app's page looks through."""


def campaign_rows(user: User, tab: str, *, words: str = "") -> QuerySet[Campaign]:
    """The campaigns of a tab that this person may open, with owners and kept counts; in no order yet."""
    rows = Campaign.objects.visible_to(user).filter(status__in=STATES[tab])
    return (
        _called(rows, words)
        .select_related("policy", "control_owner", "template", "signed_off_by", "cancelled_by")
        .prefetch_related(Prefetch("owners", User.objects.order_by("search_text")))
        .annotate(
            sort_name=Lower("name"),
            sort_due=Coalesce("decide_by", Value(NEVER, DateTimeField())),
            sort_started=Coalesce("started_at", Value(NEVER, DateTimeField())),
            sort_ended=Coalesce("signed_off_at", "cancelled_at", Value(NEVER, DateTimeField())),
            asked_count=_summed("asked"),
            open_count=_summed("open"),
        )
    )


def template_rows(user: User, *, words: str = "") -> QuerySet[Template]:
    """Templates in use that this person may open, with owners and the number of their campaigns."""
    drafts = Campaign.objects.filter(template=OuterRef("pk"))
    return (
        _called(templates_visible_to(user).filter(retired_at=None), words)
        .select_related("policy", "control_owner")
        .prefetch_related(Prefetch("owners", User.objects.order_by("search_text")))
        .annotate(
            sort_name=Lower("name"),
            sort_next=Coalesce("next_on", Value(NEVER.date())),
            campaign_count=number_of(drafts),
        )
    )


def templates_visible_to(user: User) -> QuerySet[Template]:
    """All for auditors; else those of their own, and those whose sign-off would be theirs."""
    if user.sees_everything:
        return Template.objects.all()
    if not user.is_active:
        return Template.objects.none()
    own = Exists(Template.owners.through.objects.filter(template=OuterRef("pk"), user=user))
    return Template.objects.filter(Q(own) | Q(control_owner=user))


def numbers(user: User) -> Mapping[str, int]:
    """How many stand on each tab."""
    counted = Campaign.objects.visible_to(user).aggregate(
        **{tab: Count("pk", filter=Q(status__in=states)) for tab, states in STATES.items()}
    )
    return {**counted, TEMPLATES: templates_visible_to(user).filter(retired_at=None).count()}


def order_of(tab: str, sort: str) -> tuple[str, str]:
    """How the address wants a tab sorted, if it can be; and the column for it, with its minus."""
    sort = sort if sort.removeprefix("-") in ORDERS[tab] else DEFAULTS[tab]
    minus = "-" if sort.startswith("-") else ""
    return sort, minus + ORDERS[tab][sort.removeprefix("-")]


def campaigns_of(app: App, user: User) -> Sequence[Campaign]:
    """The latest campaigns whose scope takes this app in, that this person may open."""
    rows = Campaign.objects.visible_to(user).select_related("scope").order_by("-created_at", "-pk")[:LATEST]
    is_managed = app.status == App.Status.MANAGED
    return [each for each in rows if app.pk in each.scope.apps or (is_managed and not each.scope.apps)][:10]


def waiting_for_second(user: User) -> QuerySet[Campaign]:
    """Stagings that wait for the yes of an administrator other than the one who wanted them."""
    rows = Campaign.objects.filter(status=Campaign.Status.STAGING, override_seconded_by=None)
    return (
        rows.exclude(override_reason="").exclude(staging_wanted_by=user).select_related("staging_wanted_by")
    )


def waiting_for_owner(user: User) -> QuerySet[Campaign]:
    """Of a person's own campaigns: staged ones to be started, and drafts that could not be staged."""
    unasked = Campaign.objects.starting_by_themselves().values("pk")
    ready = Q(status=Campaign.Status.STAGED) & ~Q(pk__in=unasked)
    stuck = Q(status=Campaign.Status.DRAFT) & ~Q(staging_problem="")
    own = Campaign.objects.run_by(user).filter(ownerships__user=user)
    return own.filter(ready | stuck).order_by("-changed_at", "-pk")


def signed_by(user: User) -> QuerySet[Campaign]:
    """Campaigns that this person signs off at their end, those that are furthest first."""
    rows = Campaign.objects.filter(control_owner=user).exclude(status__in=Campaign.OVER)
    return rows.order_by("decide_by", "-created_at", "-pk") if user.is_active else rows.none()


def waiting_for_sign_off(user: User) -> QuerySet[Campaign]:
    """Of those, the closed ones without an open removal."""
    open_ones = Removal.objects.open().filter(campaign=OuterRef("pk"))
    closed = (Campaign.Status.CLOSED, Campaign.Status.REMEDIATION)
    return signed_by(user).filter(~Exists(open_ones), status__in=closed)


def able_to_own(words: str, *, without: Sequence[str]) -> QuerySet[User]:
    """At most twenty of those who could own a campaign, by name."""
    found = User.objects.active().holding(Role.CAMPAIGN, Role.SUPER).search(words).exclude(pk__in=without)
    return found.order_by("search_text", "pk")[:20]


def time_left(at: datetime | None, present: datetime) -> str:
    """How long until then: 3 days, 5 h, or how long ago; empty where nothing is set."""
    if at is None:
        return ""
    seconds = (at - present).total_seconds()
    length = abs(seconds)
    days, hours = int(length // 86_400), max(int(length // 3_600), 1)
    said = f"{days} day{'' if days == 1 else 's'}" if days else f"{hours} h"
    return f"{said} left" if seconds >= 0 else f"{said} over"


def was_on_time(campaign: Campaign, at: datetime) -> bool | None:
    """Whether it closed, or may still close, by its last day to decide; None where none was set."""
    if campaign.decide_by is None:
        return None
    return (campaign.closed_at or at) <= campaign.decide_by


def is_late(campaign: Campaign, at: datetime) -> bool:
    """Whether reviewers should have decided everything by now, and have not."""
    is_running = campaign.status == Campaign.Status.RUNNING
    return is_running and campaign.decide_by is not None and campaign.decide_by < at


def _called[M: (Campaign, Template)](rows: QuerySet[M], words: str) -> QuerySet[M]:
    """Rows in whose name, control or description every word stands, or one of whose owners is called so."""
    for word in words.split():
        by_text = Q(name__icontains=word) | Q(description__icontains=word) | Q(control_id__icontains=word)
        owned = rows.model._default_manager.filter(pk=OuterRef("pk"), owners__name__icontains=word)
        rows = rows.filter(by_text | Q(Exists(owned)))
    return rows


def _summed(column: str) -> Coalesce:
    progress = Progress.objects.filter(campaign=OuterRef("pk")).order_by().values("campaign")
    found = progress.annotate(total=Sum(column)).values("total")
    return Coalesce(Subquery(found, output_field=IntegerField()), 0)
