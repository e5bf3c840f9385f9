"""Who was invited, by whom, and what for."""

from django.db import models
from django.utils.timezone import now

from core.models.user import User


class Invitation(models.Model):
    """The last invitation of one person. Open until they sign in for the first time."""

    person = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="invitation")
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    by_name = models.CharField(max_length=200)
    message = models.CharField(max_length=300, blank=True)
    """A line to the person, in the inviter's words."""
    onward = models.CharField(max_length=500, blank=True)
    """The page of ours where the person is needed."""
    invited_at = models.DateTimeField(default=now)
    written_at = models.DateTimeField(default=now)
    """When the last letter was written."""

    def __str__(self) -> str:
        return f"Invitation of {self.person}"
