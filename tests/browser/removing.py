"""A review of a real connector, staged and started. Runs inside an instance, by `manage.py shell`."""

import json
from dataclasses import dataclass
from datetime import date

from connectors.actions import runs
from connectors.models import Account, App, Connector, Entitlement, SyncRun
from core.models import Reporting, Role, User
from core.sealing import seal
from reviews.actions import campaigns, staging
from reviews.actions.facts import Covered, Facts, Period
from reviews.actions.policies_built_in import ensure
from reviews.models import Campaign
from tests.browser.sessions import session_of
from tests.make import make_connector, make_user
from tests.waiting import wait_until

PATIENCE = 60  # seconds for the worker
NAME = "Coupa access, Q4"
STAYS = "license:purchasing-user:assigned"
"""Coupa says yes when it is taken away, and keeps it."""
GRAVE = "role:2:member"
COVERED = (GRAVE, "role:3:member", "role:4:member", STAYS)


@dataclass(frozen=True)
class Cast:
    reviewer: User
    app_owner: User
    runs_it: User
    signs: User
    auditor: User
    administrator: User


def lay_out(url: str, client_id: str, secret: str) -> None:
    """A few lines for one reviewer, and print what a journey needs to know, as JSON."""
    cast = Cast(
        reviewer=make_user("Mia Torres", Role.BASIC),
        app_owner=make_user("Grace Kim", Role.BASIC),
        runs_it=make_user("Olga Berg", Role.CAMPAIGN, Role.BASIC),
        signs=make_user("Tom Reed", Role.BASIC),
        auditor=make_user("Vera Stein", Role.READ_ONLY),
        administrator=make_user("Ada Lindgren", Role.SUPER),
    )
    connector = _connected(cast, url, client_id, secret)
    campaign = _started(cast, connector.app)
    told = {
        "campaign": campaign.pk,
        "connector": connector.pk,
        "app": connector.app_id,
        "policy": campaign.policy_id,
        "sessions": {name: session_of(person, age=0) for name, person in vars(cast).items()},
        "lines": [
            {"number": line.line_no, "account": line.account_id_there, "access": line.entitlement_id_there}
            for line in campaign.tasks.order_by("line_no")
        ],
    }
    print(json.dumps(told))


def _connected(cast: Cast, url: str, client_id: str, secret: str) -> Connector:
    """Read once, counted; everybody in it reports to the reviewer."""
    kept = {"domain": url, "client_id": client_id, "mode": "read-write"}
    source = f"coupa:{url.removeprefix('http://')}"
    connector = make_connector(cast.administrator, settings=kept, source=source)
    connector.app.ownerships.create(user=cast.app_owner)
    connector.sealed = seal(json.dumps({"client_secret": secret}), place=connector.place)
    connector.save()
    run = runs.start(connector, by=None, counted=True)
    done = SyncRun.objects.filter(pk=run.pk, status=SyncRun.Status.DONE)
    wait_until(done.exists, seconds=PATIENCE, what="the first sync is done")
    for account in Account.objects.filter(app=connector.app):
        person = make_user(account.name or account.login)
        Reporting.objects.create(person=person, manager=cast.reviewer)
        Account.objects.filter(pk=account.pk).update(person=person, matched_by=Account.Match.BY_HAND)
    return connector


def _started(cast: Cast, app: App) -> Campaign:
    """Some roles, one of a high risk, and the licence that Coupa keeps; the manager decides."""
    found = Entitlement.objects.filter(app=app, external_id__in=COVERED)
    found.filter(external_id=GRAVE).update(risk="High")
    policy = next(each for each in ensure() if each.built_in == "manager")
    facts = Facts(NAME, control_id="P2P-07", control_owner=cast.signs)
    campaign = campaigns.create(facts, [cast.runs_it], policy=policy, by=cast.runs_it)
    quarter = Period(date(2026, 10, 1), date(2026, 12, 31))
    campaigns.change(campaign, facts, quarter, seen=campaign.changed_at, by=cast.runs_it)
    campaign.refresh_from_db()
    covered = Covered(apps=[app.pk], entitlements=[each.pk for each in found])
    campaigns.change_scope(campaign, covered, seen=campaign.changed_at, by=cast.runs_it)
    staging.want(campaign, by=cast.runs_it)
    staged = Campaign.objects.filter(pk=campaign.pk, status=Campaign.Status.STAGED)
    wait_until(staged.exists, seconds=PATIENCE, what="the campaign is staged")
    campaign.refresh_from_db()
    campaigns.start(campaign, writes=True, by=cast.runs_it)
    return campaign
