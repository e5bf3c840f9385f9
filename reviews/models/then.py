"""How people and the console stood at the time: what evidence says of them however they change later."""

from django.db import models
from django.utils.timezone import now

from core.models import User
from reviews.models.campaign import Campaign


class PersonThen(models.Model):
    """Somebody who has a part in a campaign, as they were known when they came to it. Never changed.

    Those whose accounts are reviewed are kept with the population, others when they are first asked, first
    say something or first do something in it.
    """

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="people_then", db_index=False
    )
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    title = models.CharField(max_length=200, blank=True)
    department = models.CharField(max_length=200, blank=True)
    employee_id = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=16, choices=User.Status)
    managers = models.JSONField(default=list)
    """`[[name, e-mail], ...]`, by name."""
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("campaign", "person"), name="a_person_is_kept_once_a_campaign"),
        )

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.email else self.name


class ConsoleThen(models.Model):
    """The console at one moment of a campaign: its version, who could change it, which guards were on."""

    class Moment(models.TextChoices):
        FROZEN = "frozen", "When the population was frozen"
        SIGNED_OFF = "signed_off", "At the sign-off"

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="console_then", db_index=False
    )
    moment = models.CharField(max_length=16, choices=Moment)
    content = models.JSONField()
    """As `reviews.queries.console_now.console_now` answers it."""
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("campaign", "moment"), name="a_moment_is_kept_once_a_campaign"),
        )

    def __str__(self) -> str:
        return self.get_moment_display()


class PeopleSource(models.Model):
    """Where owners, managers and titles came from when the population was frozen. Never changed."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, related_name="people_source")
    file = models.CharField(max_length=300, blank=True)
    """The last file of people that was applied; empty: people were kept by hand."""
    sha256 = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(null=True)
    """When the file was applied; by hand, when somebody was changed last."""
    provider = models.CharField(max_length=200, blank=True)
    """The identity provider in force, as it was called."""

    def __str__(self) -> str:
        return self.file or "people kept by hand"


class MovedGrant(models.Model):
    """Access that came or went between the freeze and the closing, as it read when the campaign closed."""

    class Kind(models.TextChoices):
        CAME = "came", "Access that came"
        WENT = "went", "Access that went"
        PASSED = "came and went", "Access that came and went"

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="moved")
    kind = models.CharField(max_length=16, choices=Kind)
    cells = models.JSONField()
    """As `reviews.queries.roll_forward.HEADS` names them."""

    def __str__(self) -> str:
        return self.get_kind_display()
