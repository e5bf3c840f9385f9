"""How a campaign that has not started yet will start: by itself, or by whom."""

from datetime import datetime
from enum import StrEnum

from reviews.models import Campaign


class Start(StrEnum):
    BY_HAND = "by_hand"
    PLANNED = "planned"
    """By itself, at its time."""
    TRIED = "tried"
    """Its time has come: it is begun as soon as nothing stands in the way, and tried every hour."""
    PASSED = "passed"
    """Its time had passed when somebody staged it by hand: that person starts it."""


def start_of(campaign: Campaign, at: datetime) -> Start:
    """As the timetable acts on it (`actions.timetable`)."""
    if campaign.starts_at is None:
        return Start.BY_HAND
    if campaign.starts_at > at:
        return Start.PLANNED
    if campaign.is_draft:
        is_theirs = bool(campaign.staging_problem) and not campaign.starts_by_itself
        return Start.PASSED if is_theirs else Start.TRIED
    return Start.TRIED if campaign.starts_by_itself else Start.PASSED
