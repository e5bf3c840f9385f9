"""A draft is staged: sources read, population frozen, hashed, every line with somebody who is asked."""

import hashlib
from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from connectors.models import Account, Connector, Grant, SyncRun
from core.errors import Denied, IllegalMove, NotPossible
from core.models import OutgoingMail, Reporting, Role, TrailEvent, User
from reviews import jobs
from reviews.actions import freezing, staging
from reviews.models import Campaign, PopulationSource, PreferredPolicy, Progress, Scope, Turn
from reviews.queries import bridge
from reviews.queries.frozen import digest_of
from tests.make import make_user
from tests.reviews.making import make_policy
from tests.reviews.staged import claimed, counted, make_draft, make_role, seen_of, work, world

Status = Campaign.Status
pytestmark = pytest.mark.usefixtures("nudges")


@pytest.fixture
def olga(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


def stage(campaign, by=None, **options):
    staging.want(campaign, by=by or campaign.owners.get(), **options)
    return work(campaign)


def test_a_draft_of_a_fresh_source_is_staged_at_once(olga, trail):
    connector, boss, _ = world(holders=3)
    campaign = stage(make_draft(olga))

    assert (campaign.status, campaign.staging_problem) == (Status.STAGED, "")
    assert (campaign.lines, campaign.routed_to, campaign.hashed_to) == (6, 6, 6)
    assert campaign.lease is None
    assert trail() == [
        "campaigns.staging_wanted",
        "connectors.review_began",
        "campaigns.frozen",
        "campaigns.staged",
    ]
    told = TrailEvent.objects.latest("pk")
    assert (told.actor_name, told.change["lines"], told.change["digest"]) == ("Olga Berg", 6, campaign.digest)
    source = campaign.sources.get()
    assert source.run == source.counted_run == connector.runs.latest("pk")
    assert (source.received, source.second) == ({"user": 3, "grant": 6}, {"user": 3, "grant": 6})
    assert {turn.reviewer for turn in Turn.objects.filter(campaign=campaign)} == {boss}
    assert Progress.objects.get(campaign=campaign).open == 6


def test_lines_are_numbered_by_the_vendors_ids_bytewise_and_name_the_run_that_saw_them(olga):
    connector, _, _ = world(holders=2)
    lower = make_role(connector.app, "b")
    upper = make_role(connector.app, "A")
    for role in (lower, upper):
        Grant.objects.create(
            account=Account.objects.earliest("pk"), entitlement=role, first_run=1, since=now()
        )
    run = counted(connector)
    campaign = stage(make_draft(olga))

    lines = list(campaign.tasks.order_by("line_no"))
    order = [(line.entitlement_id_there, line.account_id_there) for line in lines]
    assert order == sorted(order, key=lambda pair: [each.encode() for each in pair])
    assert [line.line_no for line in lines] == list(range(1, 7))
    assert order[0] == ("role:10:member", "1")
    assert {line.run for line in lines} == {run.pk}


def test_a_line_is_frozen_as_things_were_called_here_when_it_was_frozen(olga):
    _, _, grants = world(holders=1)
    role = grants[0].entitlement
    type(role).objects.filter(pk=role.pk).update(
        own_slug="buys", own_description="Buys things", risk="High", frameworks=["SOX"]
    )
    type(role.resource).objects.filter(pk=role.resource_id).update(own_name="Purchasing")
    campaign = stage(make_draft(olga))
    Account.objects.update(name="Renamed")

    line = campaign.tasks.get(entitlement=role)
    assert (line.entitlement_slug, line.entitlement_description) == ("buys", "Buys things")
    assert (line.resource_name, line.risk, line.frameworks) == ("Purchasing", "High", ["SOX"])
    assert (line.account_name, line.person_name, line.person) == ("Person 0", "Person 0", line.account.person)
    assert (line.grant, line.since) == (grants[0].pk, grants[0].since)
    assert line.status == "open"


def test_the_digest_is_one_sha_256_over_the_vendors_ids_and_the_same_on_both_databases(olga):
    world(holders=2)
    campaign = stage(make_draft(olga))

    source = "coupa:acme.coupahost.com"
    pairs = [("role:10:member", "1"), ("role:10:member", "2"), ("role:2:member", "1"), ("role:2:member", "2")]
    text = "".join(f'["{source}","role","{role}","{account}"]\n' for role, account in pairs)
    assert campaign.digest == hashlib.sha256(text.encode()).hexdigest() == digest_of(campaign)
    assert campaign.digest == "9afa70e370a0b5c69fadab5150eda5516fd8ba32c87e6a8286781e16e4f04c86"


@pytest.mark.parametrize(
    ("who", "is_allowed"),
    [
        ("super", True),
        ("campaign", False),
        ("owner", True),
        ("read_only", False),
        ("basic", False),
        ("deactivated", False),
    ],
)
def test_only_its_owners_and_super_administrators_have_a_campaign_staged(who, is_allowed, cast, olga, trail):
    campaign = make_draft(olga)
    by = olga if who == "owner" else cast[who]

    if is_allowed:
        staging.want(campaign, by=by)
    else:
        with pytest.raises(Denied, match="Only the owners"):
            staging.want(campaign, by=by)

    campaign.refresh_from_db()
    assert campaign.status == (Status.STAGING if is_allowed else Status.DRAFT)
    assert trail() == (["campaigns.staging_wanted"] if is_allowed else [])


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("policy", "Choose who decides"),
        ("control_owner", "control owner"),
        ("period_ends_on", "which period"),
    ],
)
def test_only_a_draft_that_lacks_nothing_is_staged(lacking, said, olga, trail):
    campaign = make_draft(olga, **{lacking: None})

    for by in (olga, None):
        with pytest.raises(NotPossible, match=said):
            staging.want(campaign, by=by)

    campaign.refresh_from_db()
    assert (campaign.status, trail()) == (Status.DRAFT, [])


@pytest.mark.parametrize("lies", ["campaign", "scope", "preferred"])
def test_nobody_answers_for_their_own_access_in_a_campaign_marked_sox(lies, olga, trail):
    connector, _, grants = world(holders=1)
    steps = [{"kind": "manager", "may_self_review": True}, {"kind": "app_owner"}]
    rules = [{"name": "Everything", "condition": None, "steps": steps}]
    lax = make_policy("Lax", {"rules": rules})
    scope = Scope.objects.create(frameworks=["ISO 27001", "sox "])
    campaign = make_draft(olga, scope=scope, prefers=True, **({"policy": lax} if lies == "campaign" else {}))
    if lies == "scope":
        scope.policies.create(entitlement=grants[0].entitlement, policy=lax)
    if lies == "preferred":
        PreferredPolicy.objects.create(app=connector.app, policy=lax)

    with pytest.raises(NotPossible, match=r"Step 1 of “Everything” in Lax, version 1.*marked SOX"):
        staging.want(campaign, by=olga)

    campaign.refresh_from_db()
    assert (campaign.status, trail()) == (Status.DRAFT, [])
    Scope.objects.update(frameworks=["ISO 27001"])
    staging.want(Campaign.objects.get(pk=campaign.pk), by=olga)


def test_in_a_campaign_marked_sox_the_owner_of_an_account_may_still_be_asked_before_somebody_else(olga):
    steps = [{"kind": "account_owner"}, {"kind": "manager"}]
    policy = make_policy("First yours", {"rules": [{"name": "All", "condition": None, "steps": steps}]})
    campaign = make_draft(olga, scope=Scope.objects.create(frameworks=["SOX"]), policy=policy)

    staging.want(campaign, by=olga)

    assert campaign.status == Status.STAGING


def test_what_is_no_draft_is_not_staged(olga):
    with pytest.raises(IllegalMove):
        staging.want(make_draft(olga, status=Status.RUNNING), by=olga)


def test_a_counted_sync_is_started_where_the_last_one_is_old_and_waited_for(olga):
    connector, _, _ = world(hours=25)
    campaign = stage(make_draft(olga))

    run = connector.runs.latest("pk")
    assert (run.is_counted, run.status, run.wanted_by) == (True, "queued", None)
    assert (campaign.status, campaign.frozen_at) == (Status.STAGING, None)
    assert campaign.staging_problem == f"Waits for sync {run.pk} of Coupa."
    work(campaign)
    assert connector.runs.latest("pk") == run

    seen = seen_of(connector)
    SyncRun.objects.filter(pk=run.pk).update(
        status="done", counted_at=now(), ended_at=now(), read=seen, second=seen
    )
    work(campaign)

    assert campaign.status == Status.STAGED
    assert campaign.sources.get().run == run


def test_a_plain_sync_that_is_running_is_waited_for_though_the_counted_one_is_fresh(olga):
    connector, _, _ = world()
    running = counted(connector, status="running", counted_at=None)
    campaign = stage(make_draft(olga))
    assert campaign.staging_problem == f"Waits for sync {running.pk} of Coupa."

    SyncRun.objects.filter(pk=running.pk).update(status="done")
    work(campaign)

    assert campaign.status == Status.STAGED
    assert campaign.sources.get().run == running
    assert campaign.sources.get().counted_run.pk < running.pk


@pytest.mark.parametrize(
    ("ended", "sentence"),
    [
        ({"status": "failed"}, "hours old"),
        ({"status": "done", "counted_at": None}, "hours old"),
        ({"status": "done", "gaps": {"role": "The roles could not be read."}}, "could not be read"),
    ],
)
def test_a_source_that_cannot_be_counted_makes_it_a_draft_again_and_is_named(ended, sentence, olga, trail):
    connector, _, _ = world(hours=30)
    campaign = stage(make_draft(olga))
    SyncRun.objects.filter(pk=connector.runs.latest("pk").pk).update(**{"counted_at": now(), **ended})

    work(campaign)

    assert campaign.status == Status.DRAFT
    assert sentence in campaign.staging_problem
    assert trail()[-2:] == ["campaigns.staging_failed", "connectors.review_ended"]
    assert campaign.tasks.count() == 0


def test_a_gap_in_a_kind_that_is_not_reviewed_hinders_nobody(olga):
    connector, _, _ = world(hours=30)
    counted(connector, gaps={"license": "The licences could not be read."})

    assert stage(make_draft(olga, scope=Scope.objects.create(kinds=["role"]))).status == Status.STAGED


def test_a_held_run_is_named_with_who_can_answer_it(olga):
    connector, _, _ = world()
    run = counted(connector, status="held", counted_at=None)

    campaign = stage(make_draft(olga))

    assert campaign.status == Status.DRAFT
    assert campaign.staging_problem.startswith(f"Sync {run.pk} of Coupa is held: a Connector Administrator")


def test_the_only_administrator_may_override_with_a_reason_and_it_is_kept(olga, trail):
    connector, _, _ = world(hours=30)
    Connector.objects.filter(pk=connector.pk).update(paused_at=now())
    campaign = make_draft(olga)

    stage(campaign)
    assert campaign.status == Status.DRAFT
    assert "30 hours old" in campaign.staging_problem
    assert "paused" in campaign.staging_problem
    stage(campaign, override_reason="Coupa is being moved")

    assert campaign.status == Status.STAGED
    assert "30 hours old" in campaign.bridge["overridden"][0]
    told = TrailEvent.objects.latest("pk").change
    assert (told["override_reason"], told["seconded_by"]) == ("Coupa is being moved", "")


def test_where_there_are_two_administrators_another_one_has_to_agree(olga, trail):
    connector, _, _ = world(hours=30)
    Connector.objects.filter(pk=connector.pk).update(paused_at=now())
    other, basic = make_user("Ada Lindgren", Role.SUPER), make_user("Kim")
    campaign = stage(make_draft(olga), override_reason="Coupa is being moved")
    assert campaign.status == Status.STAGING
    assert campaign.staging_problem.startswith("Waits for the yes of a second administrator.")

    for by in (olga, basic):
        with pytest.raises(Denied):
            staging.second_override(campaign, by=by)
    staging.second_override(campaign, by=other)
    work(campaign)

    assert campaign.status == Status.STAGED
    assert campaign.override_seconded_by == other
    assert "campaigns.override_seconded" in trail()
    assert TrailEvent.objects.latest("pk").change["seconded_by"] == "Ada Lindgren"
    with pytest.raises(NotPossible, match="does not wait"):
        staging.second_override(campaign, by=other)


def test_a_second_account_of_the_same_human_is_no_second_administrator(olga):
    connector, _, _ = world(hours=30)
    Connector.objects.filter(pk=connector.pk).update(paused_at=now())
    User.objects.filter(pk=olga.pk).update(employee_id="4711")
    again = make_user("Olga Berg (admin)", Role.SUPER, employee_id="4711")
    assert not staging.needs_second()

    make_user("Ada Lindgren", Role.SUPER)
    campaign = stage(make_draft(olga), override_reason="Coupa is being moved")

    assert staging.needs_second()
    with pytest.raises(Denied, match="another administrator"):
        staging.second_override(campaign, by=again)


def test_one_that_begins_by_itself_never_overrides_but_waits_and_writes_to_its_owners_once_a_day(olga):
    connector, _, _ = world(hours=30)
    Connector.objects.filter(pk=connector.pk).update(paused_at=now())
    campaign = make_draft(olga)
    with pytest.raises(NotPossible, match="never passes over"):
        staging.want(campaign, by=None, override_reason="It will do")

    staging.want(campaign, by=None)
    for _ in range(3):
        work(campaign)

    assert campaign.status == Status.STAGING
    assert campaign.due_at > now() + timedelta(minutes=50)
    letter = OutgoingMail.objects.get()
    assert letter.to == olga.email
    assert "30 hours old" in letter.text
    Connector.objects.filter(pk=connector.pk).update(paused_at=None)
    counted(connector)
    assert work(campaign).status == Status.STAGED


def test_lines_that_nobody_can_be_asked_about_are_named_and_nothing_is_left_behind(olga):
    _, _, grants = world(holders=2)
    Reporting.objects.filter(person=grants[0].account.person).delete()
    campaign = make_draft(olga)
    User.objects.filter(pk=olga.pk).update(status="deactivated")  # else the campaign's owner would be asked

    stage(campaign, by=make_user("Ada Lindgren", Role.SUPER))

    assert campaign.status == Status.DRAFT
    assert "Role 2 of Person 0" in campaign.staging_problem
    assert "2 lines" in campaign.staging_problem
    assert not campaign.tasks.exists()
    assert not Turn.objects.exists()


def test_a_manager_who_leaves_between_freeze_and_routing_makes_it_a_draft_again_and_it_can_begin_anew(olga):
    _, boss, grants = world(holders=2)
    campaign = make_draft(olga)
    staging.want(campaign, by=olga)
    held = claimed(campaign)
    staging.freeze(held)
    held.release()
    Reporting.objects.all().delete()
    User.objects.filter(pk=olga.pk).update(status="deactivated")

    work(campaign)

    assert campaign.status == Status.DRAFT
    assert campaign.staging_problem.startswith("Nobody can be asked about 4 lines.")
    assert (campaign.lines, campaign.digest, campaign.bridge, campaign.frozen_at) == (0, "", {}, None)
    left = (campaign.tasks, Turn.objects, Progress.objects, PopulationSource.objects)
    assert [rows.count() for rows in left] == [0, 0, 0, 0]
    User.objects.filter(pk=olga.pk).update(status="active")
    for grant in grants:
        Reporting.objects.get_or_create(person=grant.account.person, manager=boss)
    assert stage(campaign).status == Status.STAGED


def test_an_empty_scope_is_refused_with_a_sentence(olga):
    world()

    campaign = stage(make_draft(olga, scope=Scope.objects.create(kinds=["group"])))

    assert campaign.status == Status.DRAFT
    assert campaign.staging_problem.startswith("Nothing is in scope")


def test_more_than_sqlite_can_freeze_at_once_is_refused_with_a_way_out(olga, monkeypatch):
    world()
    monkeypatch.setattr(freezing, "MOST_ON_SQLITE", 3)
    campaign = stage(make_draft(olga))

    if connection.vendor == "postgresql":
        assert campaign.status == Status.STAGED
    else:
        assert campaign.status == Status.DRAFT
        assert "PostgreSQL" in campaign.staging_problem


def test_what_changes_after_the_freeze_stays_out(olga):
    connector, _, grants = world()
    campaign = stage(make_draft(olga))
    Grant.objects.filter(pk=grants[0].pk).update(gone_at=now())
    Grant.objects.create(
        account=grants[0].account, entitlement=make_role(connector.app, 3), first_run=2, since=now()
    )

    assert campaign.tasks.count() == campaign.lines == 6
    assert campaign.digest == digest_of(campaign)


def test_a_cancelled_staging_is_carried_on_by_nobody(olga):
    world()
    campaign = make_draft(olga)
    staging.want(campaign, by=olga)
    held = claimed(campaign)
    staging.freeze(held)
    Campaign.objects.filter(pk=campaign.pk).update(status=Status.CANCELLED, lease=None, leased_until=None)

    with jobs.staged_or_said(held):
        staging.carry_on(held)
    work(campaign)

    assert campaign.status == Status.CANCELLED
    assert campaign.routed_to == 0


def test_the_bridge_ties_and_says_why_each_account_and_grant_is_left_out(olga):
    connector, _, grants = world(holders=3)
    Account.objects.filter(pk=grants[0].account_id).update(status="deleted")
    counted(connector)
    campaign = stage(make_draft(olga))

    told = bridge.of(campaign)

    assert told.ties, told.breaks
    assert {row.name: (row.total, dict(row.parts)) for row in told.rows[-4:]} == {
        "Accounts here": (3, {"in scope": 2, "The account is deleted in the app": 1}),
        "Grants here": (
            9,
            {
                "lines": 4,
                "The account is deleted in the app": 3,
                "Having an account at all was not chosen": 2,
            },
        ),
        "Lines": (4, {"Open": 4, "Certified": 0, "Denied": 0, "Exception": 0, "Cancelled": 0}),
        "Denied": (
            0,
            {"Proven gone": 0, "Exception": 0, "No longer wanted": 0, "Open": 0},
        ),
    }
