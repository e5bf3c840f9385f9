"""One review of one app from its draft to its end: the real driver, the pretend Coupa, every worker's job.

Nothing is put into a table by hand from the draft to the sign-off: people act by verbs, jobs do the rest.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import pytest
from celery import current_app
from django.utils.timezone import now

from connectors.actions import runs
from connectors.http import Api
from connectors.models import Account, Connector, ProvisionOrder, SyncRun
from core.models import OutgoingMail, Reporting, Role, TrailEvent, User
from core.sealing import seal
from reviews.actions import campaigns, closing, deciding, marks, removing, sampling, signing_off, staging
from reviews.actions.facts import Covered, Facts, Period
from reviews.actions.policies_built_in import ensure
from reviews.models import Campaign, Mark, Removal, ReviewTask
from reviews.queries import bridge
from reviews.queries.marks import stamp_of
from tests.connectors.faults.conftest import Time, redis  # noqa: F401  # a fixture
from tests.fakes.coupa import FakeCoupa
from tests.fakes.coupa.tenant import held_by
from tests.make import make_connector, make_user
from tests.valkey import valkey_server  # noqa: F401  # a fixture


@dataclass
class Company:
    """One Coupa, whoever takes part, and what workers are told."""

    fake: FakeCoupa
    connector: Connector
    told: list[tuple[str, str]]
    manager: User
    app_owner: User
    campaign_owner: User
    control_owner: User

    def work(self) -> None:
        """What workers do until there is nothing left to do; what waits for a time need not wait."""
        while self.told:
            job, row = self.told.pop(0)
            if job in ("connectors.run_sync", "connectors.carry_out"):
                table = SyncRun if job == "connectors.run_sync" else ProvisionOrder
                table.objects.filter(pk=row).update(due_at=now())
            if not job.startswith("core."):
                current_app.tasks[job](row)

    def stage(self, campaign: Campaign) -> Campaign:
        staging.want(campaign, by=self.campaign_owner)
        for _ in range(4):  # it waits for a counted run, then goes on
            self.work()
            Campaign.objects.filter(pk=campaign.pk).update(due_at=now())
            self.told.append(("reviews.stage", campaign.pk))
        self.work()
        campaign.refresh_from_db()
        return campaign

    def start(self, campaign: Campaign) -> None:
        campaigns.start(campaign, writes=True, by=self.campaign_owner)
        self.work()
        campaign.refresh_from_db()

    def sync(self) -> SyncRun:
        run = runs.start(self.connector, by=None)
        self.told.append(("connectors.run_sync", str(run.pk)))
        self.work()
        run.refresh_from_db()
        return run

    def decide(self, campaign: Campaign, denied: ReviewTask) -> None:
        """The manager denies one line, certifies the others, and submits."""
        lines = list(campaign.tasks.values_list("line_no", flat=True))
        others = [line for line in lines if line != denied.line_no]
        marks.mark(campaign, others, Mark.Outcome.CERTIFY, by=self.manager, reason="Needed for the work.")
        marks.mark(campaign, [denied.line_no], Mark.Outcome.DENY, by=self.manager, reason="Changed teams.")
        deciding.submit(campaign, self.manager, marks_seen=stamp(campaign, self.manager))
        self.work()

    def confirm(self, denied: ReviewTask) -> None:
        removing.confirm(list(Removal.objects.filter(task=denied)), by=self.app_owner)
        self.work()

    def close(self, campaign: Campaign) -> None:
        closing.close(campaign, by=self.campaign_owner, at_end=Campaign.Silence.EXCEPTION)
        self.work()
        campaign.refresh_from_db()

    def sign_off(self, campaign: Campaign) -> None:
        for sampled in campaign.sample.all():
            sampling.look(sampled, by=self.control_owner, agrees=True)
        signing_off.sign_off(campaign, by=self.control_owner, agreed=list(signing_off.STATEMENTS))
        campaign.refresh_from_db()


@pytest.fixture
def company(
    transactional_db: None,
    redis: None,  # noqa: F811
    nudges: list[tuple[str, str]],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Company]:
    monkeypatch.setattr("connectors.drivers.coupa.driver.Api", partial(Api, clock=Time().clock()))
    current_app.loader.import_default_modules()
    app_owner, manager = make_user("Grace Kim", Role.BASIC), make_user("Mia Torres", Role.BASIC)
    with FakeCoupa(users=8, groups=3, roles=5, seed=3) as fake:
        settings.CONNECTOR_HOSTS = [fake.url]
        kept = {"domain": fake.url, "client_id": fake.client_id, "mode": "read-write"}
        connector = make_connector(app_owner, settings=kept, source=f"coupa:{fake.host}")
        connector.app.ownerships.create(user=app_owner)
        connector.sealed = seal(json.dumps({"client_secret": fake.client_secret}), place=connector.place)
        connector.save()
        campaign_owner, control_owner = (
            make_user("Olga Berg", Role.CAMPAIGN),
            make_user("Tom Reed", Role.BASIC),
        )
        company = Company(fake, connector, nudges, manager, app_owner, campaign_owner, control_owner)
        assert company.sync().status == SyncRun.Status.DONE
        for account in Account.objects.all():
            person = make_user(account.name or account.login)
            Reporting.objects.create(person=person, manager=manager)
            Account.objects.filter(pk=account.pk).update(person=person, matched_by=Account.Match.BY_HAND)
        yield company


def stamp(campaign: Campaign, person: User) -> str:
    """What the page of a reviewer tells of their marks when they press Submit."""
    found = Mark.objects.filter(campaign=campaign, person=person).exclude(outcome=Mark.Outcome.NONE)
    certified = found.filter(outcome=Mark.Outcome.CERTIFY).count()
    latest = found.latest("at").at if found else None
    return stamp_of(certified, found.count() - certified, latest)


def draft(company: Company) -> Campaign:
    policy = next(each for each in ensure() if each.built_in == "manager")
    facts = Facts("Coupa roles, Q4", control_id="ITGC-07", control_owner=company.control_owner)
    campaign = campaigns.create(facts, [company.campaign_owner], policy=policy, by=company.campaign_owner)
    quarter = Period(date(2026, 10, 1), date(2026, 12, 31))
    campaigns.change(campaign, facts, quarter, seen=campaign.changed_at, by=company.campaign_owner)
    campaign.refresh_from_db()
    covered = Covered(apps=[company.connector.app_id], kinds=["role"])
    campaigns.change_scope(campaign, covered, seen=campaign.changed_at, by=company.campaign_owner)
    campaign.refresh_from_db()
    return campaign


def test_a_review_ends_with_access_that_is_proven_gone_and_counts_that_tie(company):
    campaign = company.stage(draft(company))
    assert campaign.status == Campaign.Status.STAGED, campaign.staging_problem
    assert campaign.lines == campaign.tasks.count() > 5
    assert campaign.sources.get().counted_at
    company.start(campaign)
    denied = campaign.tasks.order_by("line_no").last()
    begun = TrailEvent.objects.latest("pk").pk

    company.decide(campaign, denied)
    removal = Removal.objects.get(task=denied)
    assert removal.status == Removal.Status.WAITING
    assert holds(company, denied)
    company.close(campaign)
    assert campaign.status == Campaign.Status.REMEDIATION

    company.confirm(denied)
    removal.refresh_from_db()
    order = ProvisionOrder.objects.get()
    assert (removal.status, order.status) == ("proven", "proven"), order.problem
    assert order.removed_at
    assert not holds(company, denied)
    company.sign_off(campaign)

    assert campaign.status == Campaign.Status.SIGNED_OFF
    assert bridge.of(campaign).ties
    assert told_since(begun) == [
        "removals.opened",
        "campaigns.closing",
        "campaigns.closed",
        "campaigns.remediation",
        "removals.confirmed",
        "removals.ordered",
        "removals.removed",
        "removals.proven",
        "campaigns.signed_off",
    ]
    assert TrailEvent.objects.filter(action="campaigns.signed_off", actor_name="Tom Reed").exists()


def test_access_that_comes_back_reopens_its_line_and_alarms(company):
    campaign = company.stage(draft(company))
    company.start(campaign)
    denied = campaign.tasks.order_by("line_no").last()
    company.decide(campaign, denied)
    company.confirm(denied)
    company.fake.grant(denied.account_id_there, denied.entitlement_id_there)

    company.sync()

    denied.refresh_from_db()
    assert Removal.objects.get(task=denied).status == Removal.Status.CAME_BACK
    assert (denied.status, denied.status_reason) == ("open", "Came back after it had been removed.")
    assert denied.turns.open().exists()
    assert holds(company, denied)
    assert TrailEvent.objects.filter(action="removals.came_back", severity="error").exists()
    assert OutgoingMail.objects.filter(letter="removal_came_back").exists()


def test_a_line_whose_holder_lost_it_meanwhile_is_cancelled(company):
    campaign = company.stage(draft(company))
    company.start(campaign)
    line = campaign.tasks.get(line_no=2)
    company.fake.revoke(line.account_id_there, line.entitlement_id_there)

    company.sync()

    line.refresh_from_db()
    assert line.status == "cancelled"
    assert not line.turns.open().exists()
    assert bridge.of(campaign).ties


def told_since(event: int) -> list[str]:
    """What the trail says of campaigns and removals after that event."""
    told = TrailEvent.objects.filter(pk__gt=event).order_by("pk").values_list("action", flat=True)
    return [action for action in told if action.startswith(("removals.", "campaigns."))]


def holds(company: Company, line: ReviewTask) -> bool:
    user = company.fake.tenant.users[int(line.account_id_there)]
    return line.entitlement_id_there in held_by(user)
