"""What a page of the desk showed, as it comes back with a mark."""

from core.models import User
from reviews.models import Campaign
from reviews.queries.desk import drawn, own_turns, whole
from reviews.queries.desk_columns import columns_in
from reviews.queries.shown import shown_now, token_of


def shown_to(person: User, campaign: Campaign, *, view: str = "person") -> str:
    """Every line that this person is asked about, on one page."""
    turns = list(whole(own_turns(campaign, person, also_done=False)))
    lines = drawn(campaign, person, turns, earlier=())
    return token_of(shown_now(campaign, view, columns_in(view, person), lines), campaign, person)
