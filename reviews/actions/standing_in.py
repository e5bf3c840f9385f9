"""A reviewer who is going away: who stands in for them, and what becomes of what they are asked now."""

from datetime import date

from django.db import transaction

from core.actions import delegations
from core.models import User
from reviews.actions import giving
from reviews.actions.marks import must_be_open
from reviews.models import Campaign
from reviews.queries.asking import open_turns

AWAY = "I am away"


@transaction.atomic
def let_stand_in(
    campaign: Campaign, delegate: User, *, first: date, last: date, also_open: bool, by: User
) -> int:
    """From the first to the end of the last day what is newly asked of `by` goes to this person; with
    `also_open` what is open here goes to them at once, all of it or nothing of all this.

    Answers how many lines went. Raises what `delegations.begin` and `giving.give_on` raise.
    """
    must_be_open(campaign)
    delegations.begin(by, delegate, first=first, last=last, by=by)
    turns = open_turns(campaign, by)
    if not also_open or not turns.exists():
        return 0
    return giving.give_on(turns, delegate, by=by, reason=AWAY)
