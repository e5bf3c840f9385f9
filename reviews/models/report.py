"""Files for auditors: made of one campaign by a job, kept with it."""

from collections.abc import Mapping
from typing import ClassVar, Self

from django.db import models
from django.utils.timezone import now

from core.leases import Leased, LeasedQuerySet
from core.models import User
from core.models.keys import KeyField
from core.states import Stateful
from reviews.models.campaign import Campaign


class ReportQuerySet(LeasedQuerySet["Report"]):
    def visible_to(self, user: User) -> Self:
        """Those of campaigns this person may open, without what tells of the whole console."""
        if user.sees_everything:
            return self
        rows = self.filter(campaign__in=Campaign.objects.visible_to(user))
        return rows.exclude(kind__in=Report.ABOUT_EVERYTHING)


class Report(Stateful, Leased):
    """One file of the evidence of a campaign. Never taken away."""

    class Kind(models.TextChoices):
        MEMO = "memo", "Memo"
        LINES_XLSX = "lines_xlsx", "Lines, as a workbook"
        LINES_CSV = "lines_csv", "Lines, as CSV"
        LINES_JSON = "lines_json", "Lines, as JSON"
        ROLES = "roles", "Roles"
        MOVED = "moved", "What came and went"
        CONSOLE = "console", "The console itself"

    ABOUT_EVERYTHING = (Kind.CONSOLE,)
    OF_LINES = (Kind.LINES_XLSX, Kind.LINES_CSV, Kind.LINES_JSON)
    """Files whose columns can be chosen."""

    class Status(models.TextChoices):
        WANTED = "wanted", "Being made"
        DONE = "done", "Ready"
        FAILED = "failed", "Failed"

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        Status.WANTED: frozenset({Status.DONE, Status.FAILED}),
        Status.DONE: frozenset(),
        Status.FAILED: frozenset(),
    }

    id = KeyField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=16, choices=Kind)
    status = models.CharField(max_length=16, choices=Status, default=Status.WANTED)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """None where it was made by itself: at closing, and at the sign-off."""
    columns = models.JSONField(default=list)
    """Further columns of the lines, by their codes (`reviews.evidence.lines.MORE`)."""
    is_interim = models.BooleanField(default=True)
    """The campaign was not signed off when it was made."""
    file = models.FileField(upload_to="reports", max_length=200, blank=True)
    name = models.CharField(max_length=200)
    """As it is offered to the browser."""
    sha256 = models.CharField(max_length=64, blank=True)
    md5 = models.CharField(max_length=32, blank=True)
    """For tools that know no other; nothing rests on it."""
    size = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    written = models.PositiveIntegerField(default=0)
    """Rows so far, while it is being made."""
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("campaign", "kind"),
                condition=models.Q(status="wanted"),
                name="one_report_of_a_kind_at_a_time",
            ),
        )
        indexes = (models.Index(fields=("campaign", "-created_at"), name="reports_of_a_campaign"),)

    def __str__(self) -> str:
        return self.name

    @property
    def suffix(self) -> str:
        return SUFFIXES[self.Kind(self.kind)]


SUFFIXES: Mapping[Report.Kind, str] = {
    Report.Kind.MEMO: "pdf",
    Report.Kind.CONSOLE: "pdf",
    Report.Kind.LINES_XLSX: "xlsx",
    Report.Kind.LINES_CSV: "csv",
    Report.Kind.LINES_JSON: "json",
    Report.Kind.ROLES: "csv",
    Report.Kind.MOVED: "csv",
}
