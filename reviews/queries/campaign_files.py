"""The lists of campaigns and of templates as files: what a tab shows, every page of it."""

from collections.abc import Iterator, Mapping, Sequence

from django.utils.timezone import now

from core.exports import Offer, Parameters
from core.models import User
from reviews.models import Campaign, Template
from reviews.queries import campaigns as queries


def rows(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """One tab; `tab`, `q` and `sort` as in its address, `columns` as it showed them."""
    tab = _tab(asked)
    names, words = queries.TABLES[tab].asked(asked), asked.get("q", "")[:200].strip()
    _, order = queries.order_of(tab, asked.get("sort", ""))
    if tab == queries.TEMPLATES:
        for template in queries.template_rows(user, words=words).order_by(order, "pk").iterator(500):
            told = _template(template)
            yield (template.name, template.control_id, *(told[name] for name in names))
        return
    for campaign in queries.campaign_rows(user, tab, words=words).order_by(order, "pk").iterator(500):
        told = _campaign(campaign)
        yield (campaign.name, campaign.control_id, *(told[name] for name in names))


def heads(user: User, asked: Parameters) -> Sequence[str]:
    return queries.TABLES[_tab(asked)].heads(user, asked)


def _tab(asked: Parameters) -> str:
    tab = asked.get("tab", "")
    return tab if tab in queries.TABS else queries.RUNNING


def _campaign(row: Campaign) -> Mapping[str, object]:
    at = now()
    asked: int = row.asked_count  # type: ignore[attr-defined]  # annotated
    left: int = row.open_count  # type: ignore[attr-defined]  # annotated
    on_time = queries.was_on_time(row, at)
    first, last = row.period_starts_on, row.period_ends_on
    is_running = row.status == Campaign.Status.RUNNING
    return {
        "state": "Overdue" if queries.is_late(row, at) else row.get_status_display(),
        "decided": f"{asked - left} of {asked}" if asked else "",
        "due": row.decide_by,
        "left": queries.time_left(row.decide_by, at) if is_running else "",
        "on_time": "" if on_time is None else "On time" if on_time else "Late",
        "started": row.started_at,
        "lines": row.lines,
        "policy": row.policy or "",
        "signer": row.control_owner or "",
        "template": row.template or "",
        "description": row.description,
        "owners": [each.name for each in row.owners.all()],
        "changed": row.changed_at,
        "made": row.created_at,
        "starts": row.starts_at,
        "period": f"{first} to {last}" if first else "",
        "ended": row.signed_off_at or row.cancelled_at,
        "by": row.signed_off_by or row.cancelled_by or "",
    }


def _template(row: Template) -> Mapping[str, object]:
    return {
        "frequency": row.get_frequency_display(),
        "next": row.next_on or "by hand",
        "campaigns": row.campaign_count,  # type: ignore[attr-defined]  # annotated
        "policy": row.policy or "Chosen in each draft",
        "signer": row.control_owner or "",
        "days": row.days_to_decide,
        "description": row.description,
        "owners": [each.name for each in row.owners.all()],
    }


OFFER = Offer("reviews.campaigns", "Campaigns", ("Campaign", "Control ID"), rows, columns_of=heads)
