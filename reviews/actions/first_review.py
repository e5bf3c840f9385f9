"""The first review of a console: who administers it. All of it is made in one step, or nothing."""

from calendar import monthrange
from datetime import date

from django.db import transaction
from django.utils.timezone import localdate

from connectors.actions import console
from connectors.queries.console import own_connector, proposals
from core.errors import NotPossible
from core.models import Organisation, User
from reviews.actions import campaigns, policies_built_in
from reviews.actions.facts import Covered, Facts, Period
from reviews.actions.permission import must_make_campaigns
from reviews.models import Campaign
from reviews.queries.first_review import (
    POLICY,
    app_owners,
    entitlements_there,
    is_offered,
    looked_at,
    roles_looked_at,
)

ALONE = "Only {name} administers Reeve, so nobody could review it: nobody decides about their own access."
NARRATIVE = (
    "Who administers this console can change who reviews access, and what is reviewed. Once a quarter"
    " somebody who does not hold the role confirms that each administrator still needs it; what is denied is"
    " taken away."
)
INSTRUCTIONS = (
    "For each person: do they still need this role for their work? Keep as few Super Administrators as you"
    " can do with, and two at least."
)


@transaction.atomic
def begin(control_owner: User, *, by: User) -> Campaign:
    """A draft that reviews who administers Reeve, which reads itself from now on. The risks that are proposed
    for its roles are taken over as rules of its app.

    Raises Denied, and NotPossible where there are campaigns already or somebody's roles could be reviewed by
    nobody: then nothing is made.
    """
    must_make_campaigns(by)
    if not is_offered(by):
        raise NotPossible("There are campaigns already: make a draft under Campaigns.")
    if why := why_not(by, control_owner):
        raise NotPossible(why)
    connector = own_connector()
    if connector is None:
        agreed = [each.entitlement for each in proposals()]
        connector = console.add(risks=agreed, owners=app_owners(control_owner), by=by)
    today = localdate(timezone=Organisation.current().zone)
    period = _quarter(today)
    name = f"Who administers Reeve, Q{(today.month + 2) // 3} {today.year}"
    facts = Facts(name, control_id="REEVE-01", narrative=NARRATIVE, control_owner=control_owner)
    policy = next(each for each in policies_built_in.ensure() if each.built_in == POLICY)
    campaign = campaigns.create(facts, [by], policy=policy, by=by)
    campaigns.change(campaign, facts, period, seen=campaign.changed_at, by=by)
    campaign.refresh_from_db()
    campaigns.change_scope(campaign, _covered(connector.app_id), seen=campaign.changed_at, by=by)
    campaigns.instruct(campaign, INSTRUCTIONS, by=by)
    campaign.refresh_from_db()
    return campaign


def why_not(by: User, control_owner: User | None) -> str:
    """Why nobody clean could review who administers Reeve; empty: everybody's roles have somebody."""
    found = looked_at(by, control_owner)
    if found.problem and len(found.administrators) == 1:
        return ALONE.format(name=found.administrators[0])
    return found.problem


def _covered(app: str) -> Covered:
    """Administrators' roles: by name where they are known, until the first sync by their proposed risks."""
    if there := entitlements_there():
        return Covered(apps=[app], entitlements=there)
    risks = sorted({risk for risk in roles_looked_at().values() if risk})
    return Covered(apps=[app], kinds=["role"], risks=risks)


def _quarter(day: date) -> Period:
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return Period(first, date(day.year, first.month + 2, monthrange(day.year, first.month + 2)[1]))
