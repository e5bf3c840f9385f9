"""Groups of people, with plain members."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.timezone import now

from core.models.keys import KeyField, folded
from core.models.user import User


class PeopleGroup(models.Model):
    """A named group of people: reviewers, approvers."""

    id = KeyField(primary_key=True)
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=500, blank=True)
    members = models.ManyToManyField(User, through="Membership", related_name="groups_of_people")
    search_text = models.TextField(editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)
    """When name or description last changed: an edit form that knows an older one is stale."""

    class Meta:
        constraints = (
            models.UniqueConstraint(Lower("name"), name="groups_of_people_have_names_of_their_own"),
            models.CheckConstraint(condition=~Q(name=""), name="groups_of_people_have_names"),
        )

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.search_text = folded(self.name, self.description)
        super().save(*args, **kwargs)


class Membership(models.Model):
    """One person belongs to one group of people."""

    group = models.ForeignKey(PeopleGroup, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    since = models.DateTimeField(default=now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("group", "person"), name="one_is_a_member_once"),)

    def __str__(self) -> str:
        return f"{self.person} in {self.group}"
