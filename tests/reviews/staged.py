"""Sources, people and drafts for tests of staging; and what a worker does with them."""

from datetime import date, timedelta
from typing import Any

from django.utils.timezone import now

from connectors.models import ACCESS, CREDENTIAL, Account, App, Connector, Entitlement, Grant, SyncRun
from core.models import Reporting, User
from reviews import jobs
from reviews.actions import staging
from reviews.models import Campaign
from tests.make import make_account, make_connected, make_entitlement, make_grant, make_run, make_user
from tests.reviews.making import make_campaign


def counted(connector: Connector, hours: float = 1, **fields: Any) -> SyncRun:
    """A counted run of it that is done: what it saw is what is here."""
    at = now() - timedelta(hours=hours)
    seen = seen_of(connector)
    told = {"is_counted": True, "counted_at": at, "read": seen, "second": seen, "ended_at": at}
    run = make_run(connector, **{**told, **fields})
    if run.status == SyncRun.Status.DONE and run.counted_at:
        Connector.objects.filter(pk=connector.pk).update(counted_at=run.counted_at)
    return run


def seen_of(connector: Connector) -> dict[str, int]:
    accounts = Account.objects.here().filter(app=connector.app, source=connector.source)
    grants = Grant.objects.here().of_source(connector.app, connector.source)
    return {"user": accounts.count(), "grant": grants.count()}


def people(count: int = 2) -> tuple[User, list[User]]:
    """A manager, and those who report to them."""
    boss = make_user("Mia Torres")
    reports = [make_user(f"Person {number}") for number in range(count)]
    Reporting.objects.bulk_create(Reporting(person=each, manager=boss) for each in reports)
    return boss, reports


def world(holders: int = 3, hours: float = 1) -> tuple[Connector, User, list[Grant]]:
    """A connector that was counted; people with a manager, each with two roles and Access."""
    connector = make_connected()
    boss, reports = people(holders)
    roles = [make_role(connector.app, number) for number in (2, 10)]
    access = make_entitlement(connector.app, "Access", CREDENTIAL, external_id=ACCESS)
    grants = []
    for number, person in enumerate(reports, 1):
        account = make_account(connector.app, person.name, external_id=str(number), person=person)
        grants += [make_grant(account, role) for role in (*roles, access)]
    counted(connector, hours)
    return connector, boss, grants


def make_role(app: App, number: int | str, **fields: Any) -> Entitlement:
    return make_entitlement(app, f"Role {number}", external_id=f"role:{number}:member", **fields)


def make_draft(*owners: User, **fields: Any) -> Campaign:
    """One that lacks nothing: Ines signs off all of them."""
    whole: dict[str, Any] = {"period_starts_on": date(2026, 10, 1), "period_ends_on": date(2026, 12, 31)}
    if "control_owner" not in fields:
        whole["control_owner"] = User.objects.filter(name="Ines Moreau").first() or make_user("Ines Moreau")
    return make_campaign(fields.pop("name", "Coupa access, Q4"), *owners, **whole | fields)


def claimed(campaign: Campaign) -> Campaign:
    """In the hands of a worker."""
    held = staging.claim(campaign.pk)
    assert held is not None
    return held


def work(campaign: Campaign) -> Campaign:
    """What a worker does when it hears of the staging, whatever it waited for."""
    Campaign.objects.filter(pk=campaign.pk).update(due_at=now(), leased_until=None)
    jobs.stage(campaign.pk)
    campaign.refresh_from_db()
    return campaign
