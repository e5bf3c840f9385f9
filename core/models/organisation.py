"""The one row of settings of the organisation."""

from collections.abc import Collection
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q
from django.utils.timezone import now


class Organisation(models.Model):
    """Who runs this console, and what they decided. There is exactly one row."""

    class Passwords(models.TextChoices):
        EVERYONE = "everyone", "Everyone"
        SUPER = "super", "Super Administrators only"

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=200, default="Your organisation")
    time_zone = models.CharField(max_length=64, default="UTC")
    is_demo = models.BooleanField(default=False, help_text="Holds demo data: every page says so.")
    changed_at = models.DateTimeField(default=now, editable=False)
    """When a settings page last changed it: a form that knows an older one is stale."""
    looked_over_at = models.DateTimeField(null=True)
    """When somebody first saved name, time zone and working days."""

    trusted_domains = models.JSONField(default=list, blank=True)
    """Domains of e-mail addresses that are the organisation's own, lower case."""
    holidays = models.JSONField(default=list, blank=True)
    """`[{"on": "2027-01-01", "name": "New Year"}, ...]`, rising. Else Monday to Friday are worked."""

    session_minutes = models.PositiveIntegerField(default=12 * 60)
    idle_minutes = models.PositiveIntegerField(default=4 * 60)
    administrator_idle_minutes = models.PositiveIntegerField(default=60)
    passwords_for = models.CharField(max_length=16, choices=Passwords, default=Passwords.EVERYONE)
    """Who may sign in with a password. Super Administrators always: it is their way back."""
    second_factor_for_administrators = models.BooleanField(default=False)
    allowed_networks = models.JSONField(default=list, blank=True)
    """Networks such as `192.0.2.0/24` from where people may come; empty: from anywhere."""

    drops_letters = models.BooleanField(default=False)
    """The maintenance switch: letters are neither sent nor kept for later (row F26)."""
    drops_letters_since = models.DateTimeField(null=True)

    keep_letters_days = models.PositiveIntegerField(default=400)
    keep_log_days = models.PositiveIntegerField(default=400)
    keep_downloads_days = models.PositiveIntegerField(default=30)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(id=1), name="one_organisation"),
            models.CheckConstraint(
                condition=Q(
                    session_minutes__range=(45, 20 * 60),
                    idle_minutes__range=(5, 20 * 60),
                    administrator_idle_minutes__range=(5, 20 * 60),
                ),
                name="sessions_last_reasonably_long",
            ),
            models.CheckConstraint(
                condition=Q(keep_letters_days__gte=400, keep_log_days__gte=400, keep_downloads_days__gte=30),
                name="retention_is_never_shorter_than_promised",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def is_working_day(self, day: date) -> bool:
        return day.weekday() < 5 and day.isoformat() not in self._holidays()

    def working_days_after(self, day: date, count: int) -> date:
        """The day that many working days after `day`."""
        holidays = self._holidays()
        while count:
            day += timedelta(days=1)
            if day.weekday() < 5 and day.isoformat() not in holidays:
                count -= 1
        return day

    def trusts(self, email: str) -> bool:
        """Whether this address is of the organisation's own domains or below; any is where none is named."""
        domain, own = email.strip().rpartition("@")[2].lower(), self.trusted_domains
        return not own or any(domain == each or domain.endswith(f".{each}") for each in own)

    def is_stranger(self, email: str) -> bool:
        """Whether this is somebody else's address; none at all is no stranger's."""
        return bool(email.strip()) and not self.trusts(email)

    @classmethod
    def current(cls) -> "Organisation":
        return Organisation.objects.get_or_create(id=1)[0]

    def _holidays(self) -> Collection[str]:
        return {each["on"] for each in self.holidays}
