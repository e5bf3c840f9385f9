"""What Super Administrators decide for all reviews. It holds for what is frozen from then on."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.timezone import now

from core.errors import Denied, NotPossible
from core.models import User
from core.states import must_be_unchanged
from core.trail import record
from reviews.actions import facts as say
from reviews.models import ReviewRules


@transaction.atomic
def change(wanted: Mapping[str, int], *, seen: datetime | None, by: User) -> None:
    """Decide these values. Campaigns that are staged keep those they were staged with.

    `seen`: `changed_at` as the form knew it. Raises Denied, NotPossible, StaleState.
    """
    must_be_allowed(by)
    rules, _ = ReviewRules.objects.select_for_update().get_or_create(pk=1)
    must_be_unchanged(rules.changed_at, seen=seen)
    present = rules.values()
    _must_be_sound(ReviewRules(**{**present, **wanted}))
    told = say.difference(present, {**present, **wanted})
    if told:
        ReviewRules.objects.filter(pk=rules.pk).update(**wanted, changed_at=now())
        record("reviews.rules_changed", rules, by=by, **told)


def must_be_allowed(by: User) -> None:
    """Raises Denied for whoever may look at most."""
    if not (by.is_active and by.is_super):
        raise Denied("Only a Super Administrator can change these settings.")


def _must_be_sound(rules: ReviewRules) -> None:
    """What no form would let through either."""
    most_hours, most_days = ReviewRules.MOST_COUNTED_HOURS, ReviewRules.MOST_PEOPLE_DAYS
    if not 1 <= rules.counted_hours <= most_hours:
        raise NotPossible(f"A counted sync may be at most {most_hours} hours old: stricter only.")
    if not 1 <= rules.people_days <= most_days:
        raise NotPossible(f"A file of people may be at most {most_days} days old: stricter only.")
    if not 1 <= rules.grave_removal_days <= rules.removal_days <= ReviewRules.MOST_REMOVAL_DAYS:
        raise NotPossible(
            f"Removals have between 1 and {ReviewRules.MOST_REMOVAL_DAYS} working days, those of High and"
            " Critical risk no more than the others."
        )
    if not 0 <= rules.sample_percent <= 100:
        raise NotPossible("The quality sample is between 0 and 100 percent.")
    if not 1 <= rules.days_to_decide <= ReviewRules.MOST_DAYS:
        raise NotPossible(f"Reviewers have between 1 and {ReviewRules.MOST_DAYS} days to decide.")
