"""What stands before the lines of a workbook: which campaign they are of, and how to check them."""

from collections.abc import Sequence

from reviews.models import Campaign
from reviews.queries import bridge
from reviews.queries.applying import applying
from reviews.queries.console_now import policy_names
from reviews.queries.evidence_names import Names

INTERIM = "Interim: the campaign is not signed off, and what is here may still change"
FINAL = "Final: the campaign is signed off"
HOW = "Each row as a JSON array of its cells as text (empty ones too), a line feed after each; UTF-8"


def front(campaign: Campaign) -> Sequence[Sequence[object]]:
    """Names and values. Nothing tells when the file was made: the same data gives the same bytes."""
    return [
        ("Campaign", campaign.name),
        ("Number of the campaign", campaign.pk),
        ("Standing", standing(campaign)),
        ("Control", campaign.control_id),
        ("Control owner", Names(campaign).one(campaign.control_owner_id)),
        ("Period", period(campaign)),
        ("Frozen", campaign.frozen_at),
        ("SHA-256 of the frozen population", campaign.digest),
        ("Policy", _policies(campaign)),
        ("Signed off", campaign.signed_off_at),
        ("Times", "UTC"),
        (),
        *(
            (row.name, row.total, *(f"{number:,} {name}" for name, number in row.parts))
            for row in _rows(campaign)
        ),
        (),
        ("How the SHA-256 of the rows is made", HOW),
    ]


def standing(campaign: Campaign) -> str:
    return FINAL if campaign.status == Campaign.Status.SIGNED_OFF else INTERIM


def period(campaign: Campaign) -> str:
    ends = (campaign.period_starts_on, campaign.period_ends_on)
    return " to ".join(day.isoformat() if day else "not given" for day in ends) if any(ends) else ""


def _policies(campaign: Campaign) -> str:
    """Those that apply; what lines rested on in earlier rounds stands beside each line."""
    names = policy_names(campaign)
    return "; ".join(names[each.version.pk] for each in applying(campaign).all())


def _rows(campaign: Campaign) -> Sequence[bridge.Row]:
    return bridge.of(campaign).rows
