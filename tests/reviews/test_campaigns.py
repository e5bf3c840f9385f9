"""Campaigns in their owners' hands: drafted, changed, started, cancelled; a draft alone may be discarded."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.timezone import now

from connectors.models import Account
from core.errors import Denied, NotPossible, StaleState
from core.models import Organisation, OutgoingMail, Role, TrailEvent, User
from reviews.actions import campaigns
from reviews.actions.facts import Course, Covered, Facts, Period
from reviews.models import Campaign, Instructions, Progress, ReviewTask, Scope, Turn
from tests.make import make_app, make_user
from tests.reviews.making import make_campaign, make_grants, make_policy, make_running

Q4 = Period(date(2026, 10, 1), date(2026, 12, 31))


@pytest.fixture
def owner(db):
    return make_user("Olga Berg", Role.CAMPAIGN, Role.BASIC)


def told():
    return TrailEvent.objects.order_by("-pk")[0].change


@pytest.mark.parametrize(
    ("who", "allowed"),
    [("super", True), ("campaign", True), ("application", False), ("basic", False), ("read_only", False)],
)
def test_only_campaign_and_super_administrators_draft_campaigns(who, allowed, cast, owner, trail):
    if allowed:
        campaigns.create(Facts("Coupa access, Q4"), [owner], by=cast[who])
    else:
        with pytest.raises(Denied):
            campaigns.create(Facts("Coupa access, Q4"), [owner], by=cast[who])

    assert Campaign.objects.count() == int(allowed)
    assert trail() == (["campaigns.created"] if allowed else [])


def test_a_new_campaign_is_a_draft_of_everything_with_its_owners_and_empty_instructions(owner):
    campaign = campaigns.create(Facts("Coupa access, Q4"), [owner], policy=make_policy(), by=owner)

    assert campaign.status == Campaign.Status.DRAFT
    assert list(campaign.owners.all()) == [owner]
    assert campaign.scope.apps == []
    assert [(each.number, each.text) for each in campaign.instructions.all()] == [(1, "")]
    assert told() == {"owners": ["Olga Berg"]}


@pytest.mark.parametrize("roles", [(), (Role.BASIC,), (Role.APPLICATION,), (Role.READ_ONLY,)])
def test_who_holds_neither_role_cannot_own_a_campaign(roles, owner):
    other = make_user("Rui Costa", *roles)

    with pytest.raises(NotPossible, match="Rui Costa cannot own a campaign"):
        campaigns.create(Facts("Coupa access"), [owner, other], by=owner)

    assert not Campaign.objects.exists()
    assert not Scope.objects.exists()


def test_a_campaign_has_at_least_one_owner(owner):
    campaign = make_campaign("Coupa", owner)

    with pytest.raises(NotPossible, match="at least one owner"):
        campaigns.set_owners(campaign, [], seen=campaign.changed_at, by=owner)

    assert list(campaign.owners.all()) == [owner]


def test_owners_are_exchanged_and_one_who_lost_the_role_may_stay(owner, trail):
    old, new = make_user("Rui Costa", Role.BASIC), make_user("Ada Lindgren", Role.SUPER)
    campaign = make_campaign("Coupa", owner, old)

    campaigns.set_owners(campaign, [old, new], seen=campaign.changed_at, by=owner)

    assert set(campaign.owners.all()) == {old, new}
    assert trail() == ["campaigns.owners_changed"]
    assert told()["after"] == {"owners": ["Ada Lindgren", "Rui Costa"]}
    with pytest.raises(Denied):
        campaigns.instruct(campaign, "Mine no more.", by=owner)


def test_only_its_owners_change_it(owner, trail):
    campaign, other = make_campaign("Coupa", owner), make_user("Hugo Brandt", Role.CAMPAIGN)

    with pytest.raises(Denied, match="an owner of Coupa"):
        campaigns.change(campaign, Facts("Mine"), Q4, seen=campaign.changed_at, by=other)

    campaign.refresh_from_db()
    assert campaign.name == "Coupa"
    assert trail() == []


def test_control_data_of_a_draft_changes_and_the_trail_tells_both_values(owner, trail):
    campaign, signer = make_campaign("Coupa", owner), make_user("Kim Aarts", Role.BASIC)
    facts = Facts("Coupa, Q4", control_id="P2P-07", control_owner=signer)

    campaigns.change(campaign, facts, Q4, seen=campaign.changed_at, by=owner)

    campaign.refresh_from_db()
    assert (campaign.name, campaign.control_id, campaign.control_owner) == ("Coupa, Q4", "P2P-07", signer)
    assert campaign.period_ends_on == date(2026, 12, 31)
    assert trail() == ["campaigns.changed"]
    assert told()["before"]["name"] == "Coupa"
    assert set(told()["before"]) == {
        "name", "control_id", "control_owner", "period_starts_on", "period_ends_on"
    }  # fmt: skip
    assert told()["after"]["control_owner"] == "Kim Aarts"


def test_who_saw_an_older_state_changes_nothing(owner, trail):
    campaign = make_campaign("Coupa", owner)
    seen = campaign.changed_at
    campaigns.change(campaign, Facts("First"), Q4, seen=seen, by=owner)

    with pytest.raises(StaleState):
        campaigns.change(campaign, Facts("Second"), Q4, seen=seen, by=owner)
    with pytest.raises(StaleState):
        campaigns.change_scope(campaign, Covered(kinds=["role"]), seen=seen, by=owner)
    with pytest.raises(StaleState):
        campaigns.choose_policy(campaign, make_policy(), seen=seen, by=owner)

    campaign.refresh_from_db()
    assert campaign.name == "First"
    assert trail() == ["campaigns.changed"]


@pytest.mark.parametrize("status", ["staging", "staged", "running", "closed", "signed_off", "cancelled"])
def test_control_data_scope_and_policy_are_fixed_from_staging_on(status, owner, trail):
    campaign = make_campaign("Coupa", owner, status=status)
    seen = campaign.changed_at

    with pytest.raises(NotPossible, match="fixed from staging on"):
        campaigns.change(campaign, Facts("Other"), Q4, seen=seen, by=owner)
    with pytest.raises(NotPossible, match="fixed from staging on"):
        campaigns.change_scope(campaign, Covered(kinds=["role"]), seen=seen, by=owner)
    with pytest.raises(NotPossible, match="fixed from staging on"):
        campaigns.choose_policy(campaign, make_policy(), seen=seen, by=owner)

    assert trail() == []


@pytest.mark.parametrize(
    ("status", "allowed"), [("draft", True), ("staged", True), ("running", False), ("closed", False)]
)
def test_how_it_is_run_changes_until_it_starts(status, allowed, owner):
    campaign = make_campaign("Coupa", owner, status=status)
    course = Course(days_to_decide=21, writes_at_start=False)
    change = {"starts_at": None, "seen": campaign.changed_at, "by": owner}

    if allowed:
        campaigns.change_course(campaign, course, **change)
    else:
        with pytest.raises(NotPossible, match="has started"):
            campaigns.change_course(campaign, course, **change)

    campaign.refresh_from_db()
    assert campaign.days_to_decide == (21 if allowed else 14)


def test_nothing_starts_by_itself_in_the_past(owner):
    campaign = make_campaign("Coupa", owner)

    with pytest.raises(NotPossible, match="in the past"):
        campaigns.change_course(
            campaign,
            Course(),
            starts_at=now() - timedelta(minutes=1),
            seen=campaign.changed_at,
            by=owner,
        )


def test_what_closes_by_itself_cannot_be_set_to_deny(owner, trail):
    campaign = make_campaign("Coupa", owner)
    course = Course(at_end=Campaign.Silence.REMOVE, ends_by_itself=True)

    with pytest.raises(NotPossible, match="types a word for it"):
        campaigns.change_course(campaign, course, starts_at=None, seen=campaign.changed_at, by=owner)

    campaign.refresh_from_db()
    assert (campaign.at_end, campaign.ends_by_itself, trail()) == (Campaign.Silence.EXCEPTION, False, [])


def test_a_changed_scope_clears_what_the_last_staging_said(owner, trail):
    campaign = make_campaign("Coupa", owner, staging_problem="Nobody can be asked about line 7.")
    app = make_app("Coupa")

    campaigns.change_scope(
        campaign, Covered(apps=[app.pk], risks=["High"]), seen=campaign.changed_at, by=owner
    )

    campaign.refresh_from_db()
    assert (campaign.scope.apps, campaign.scope.risks) == ([app.pk], ["High"])
    assert campaign.staging_problem == ""
    assert trail() == ["campaigns.scope_changed"]
    assert told()["after"] == {"apps": ["Coupa"], "risks": ["High"]}


def test_changed_control_data_or_a_changed_course_clear_it_too(owner):
    said = {"staging_problem": "It was to start by itself. Name the control owner, who signs off."}
    one, other = make_campaign("Coupa", owner, **said), make_campaign("Other", owner, **said)

    campaigns.change(one, Facts("Coupa", control_owner=owner), Q4, seen=one.changed_at, by=owner)
    campaigns.change_course(other, Course(days_to_decide=21), starts_at=None, seen=other.changed_at, by=owner)

    assert set(Campaign.objects.values_list("staging_problem", flat=True)) == {""}


def test_a_scope_that_is_as_it_was_leaves_no_trace(owner, trail):
    campaign = make_campaign("Coupa", owner)

    campaigns.change_scope(campaign, Covered(), seen=campaign.changed_at, by=owner)

    assert trail() == []


def test_a_retired_policy_is_not_chosen(owner):
    campaign = make_campaign("Coupa", owner)
    policy = make_policy("Old", retired_at=now())

    with pytest.raises(NotPossible, match="retired"):
        campaigns.choose_policy(campaign, policy, seen=campaign.changed_at, by=owner)


def test_instructions_of_a_draft_change_and_of_a_running_one_get_a_number(owner, trail):
    draft = make_campaign("Coupa", owner)
    running = make_campaign("Other", owner, status=Campaign.Status.RUNNING)

    campaigns.instruct(draft, "Look at buyers.", by=owner)
    campaigns.instruct(running, "Look at buyers.", by=owner)
    campaigns.instruct(running, "Look at buyers.", by=owner)

    numbers = Instructions.objects.order_by("campaign__name", "number").values_list(
        "campaign__name", "number"
    )
    assert list(numbers) == [("Coupa", 1), ("Other", 1), ("Other", 2)]
    assert draft.instructions.get().text == "Look at buyers."
    assert trail() == ["campaigns.instructed"] * 2


def test_nobody_is_instructed_once_a_campaign_is_closed(owner):
    campaign = make_campaign("Coupa", owner, status=Campaign.Status.CLOSED)

    with pytest.raises(NotPossible, match="Nobody decides"):
        campaigns.instruct(campaign, "Too late.", by=owner)


def test_a_duplicate_has_scope_and_settings_of_its_own_and_the_policy_one_picks(owner, trail):
    scope = Scope.objects.create(risks=["High"])
    campaign = make_campaign(
        "Coupa", owner, scope=scope, control_id="P2P-07", days_to_decide=21, status=Campaign.Status.SIGNED_OFF
    )
    policy = make_policy("App owner")

    copy = campaigns.duplicate(campaign, "Coupa again", policy=policy, by=owner)

    copy.refresh_from_db()
    assert (copy.name, copy.control_id, copy.days_to_decide) == ("Coupa again", "P2P-07", 21)
    assert (copy.status, copy.policy, copy.copied_from) == (Campaign.Status.DRAFT, policy, campaign)
    assert copy.scope_id != scope.pk
    assert copy.scope.risks == ["High"]
    assert copy.instructions.get().text == campaign.instructions.get().text
    assert list(copy.owners.all()) == [owner]
    assert trail() == ["campaigns.duplicated"]


def test_a_duplicate_belongs_to_whoever_makes_it_where_its_owners_cannot_own_it_any_more(owner):
    ada = make_user("Ada Lindgren", Role.SUPER)
    campaign = make_campaign("Coupa", owner)
    User.objects.filter(pk=owner.pk).update(status=User.Status.DEACTIVATED)

    copy = campaigns.duplicate(campaign, "Coupa again", policy=None, by=ada)

    assert list(copy.owners.all()) == [ada]


def test_a_draft_alone_may_be_discarded(owner, trail):
    campaign = make_campaign("Coupa", owner)

    campaigns.discard(campaign, by=owner)

    assert not Campaign.objects.exists()
    assert not Scope.objects.exists()
    assert trail() == ["campaigns.discarded"]


@pytest.mark.parametrize("status", [each for each in Campaign.Status if each != Campaign.Status.DRAFT])
def test_what_is_no_draft_is_never_discarded_by_anybody(status, cast, owner, trail):
    campaign = make_campaign("Coupa", owner, status=status)

    with pytest.raises(NotPossible, match="no draft any more"):
        campaigns.discard(campaign, by=cast["super"])

    assert Campaign.objects.filter(pk=campaign.pk).exists()
    assert trail() == []


def test_a_staged_campaign_starts_and_reviewers_have_until_the_end_of_the_last_day(owner, trail, monkeypatch):
    Organisation.objects.update_or_create(id=1, defaults={"time_zone": "America/New_York"})
    campaign = make_campaign("Coupa", owner, status=Campaign.Status.STAGED, days_to_decide=14, lines=7)
    at = datetime(2026, 12, 1, 3, tzinfo=UTC)  # still the last of November in New York
    monkeypatch.setattr(campaigns, "now", lambda: at)

    campaigns.start(campaign, writes=False, by=owner)

    campaign.refresh_from_db()
    assert (campaign.status, campaign.started_by, campaign.started_at) == ("running", owner, at)
    assert campaign.decide_by == datetime(2026, 12, 14, 23, 59, tzinfo=ZoneInfo("America/New_York"))
    assert trail() == ["campaigns.started"]
    assert told() == {"lines": 7, "decide_by": "2026-12-14T23:59:00-05:00", "letters": False}
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("status", [each for each in Campaign.Status if each != Campaign.Status.STAGED])
def test_what_is_not_staged_does_not_start(status, owner, trail):
    campaign = make_campaign("Coupa", owner, status=status)

    with pytest.raises(NotPossible, match="not staged"):
        campaigns.start(campaign, writes=True, by=owner)

    assert trail() == []


def test_a_cancelled_campaign_keeps_its_lines_and_asks_nobody(owner, trail):
    reviewer = make_user("Rui Costa", Role.BASIC)
    campaign = make_running(make_grants(3), reviewer, owner)

    campaigns.cancel(campaign, reason="The scope was wrong.", by=owner)

    campaign.refresh_from_db()
    assert (campaign.status, campaign.cancelled_by) == ("cancelled", owner)
    assert campaign.cancelled_reason == "The scope was wrong."
    assert ReviewTask.objects.filter(campaign=campaign).count() == 3
    assert set(Turn.objects.values_list("status", flat=True)) == {Turn.Status.ENDED}
    assert Progress.objects.get().open == 0
    assert trail() == ["campaigns.cancelled"]
    assert told() == {"reason": "The scope was wrong.", "turns_ended": 3}


def test_whoever_cancels_says_why(owner, trail):
    campaign = make_campaign("Coupa", owner, status=Campaign.Status.STAGED)

    with pytest.raises(NotPossible, match="Say why"):
        campaigns.cancel(campaign, reason="  ", by=owner)

    assert trail() == []


@pytest.mark.parametrize("status", ["open", "denied"])
def test_nobody_cancels_a_running_campaign_over_their_own_access(status, owner, trail):
    grants = make_grants(2)
    campaign = make_running(grants, make_user("Rui Costa", Role.BASIC), owner)
    Account.objects.filter(pk=grants[1].account_id).update(person=owner)
    campaign.tasks.update(status="certified")
    campaign.tasks.filter(line_no=2).update(status=status)

    with pytest.raises(Denied, match=rf"Line 2 is {status} and about your own access.*Super Administrator"):
        campaigns.cancel(campaign, reason="The scope was wrong.", by=owner)

    campaign.refresh_from_db()
    assert (campaign.status, trail()) == ("running", [])
    campaigns.cancel(campaign, reason="The scope was wrong.", by=make_user("Sam Root", Role.SUPER))
    assert Campaign.objects.get().status == "cancelled"


def test_what_is_certified_already_hinders_nobody_from_cancelling(owner):
    grants = make_grants(2)
    campaign = make_running(grants, make_user("Rui Costa", Role.BASIC), owner)
    Account.objects.filter(pk=grants[1].account_id).update(person=owner)
    campaign.tasks.filter(line_no=2).update(status="certified")

    campaigns.cancel(campaign, reason="The scope was wrong.", by=owner)

    assert Campaign.objects.get().status == "cancelled"


@pytest.mark.parametrize("status", ["draft", "closing", "closed", "remediation", "signed_off", "cancelled"])
def test_what_is_not_under_way_is_not_cancelled(status, owner, trail):
    campaign = make_campaign("Coupa", owner, status=status)

    with pytest.raises(NotPossible):
        campaigns.cancel(campaign, reason="Why not.", by=owner)

    assert trail() == []


@pytest.mark.parametrize("verb", ["start", "cancel", "discard", "duplicate", "instruct"])
@pytest.mark.parametrize("who", ["campaign", "read_only", "basic", "application"])
def test_who_does_not_own_it_does_nothing_with_it(verb, who, cast, owner, trail):
    campaign = make_campaign("Coupa", owner, status=Campaign.Status.STAGED)
    deeds = {
        "start": lambda by: campaigns.start(campaign, writes=True, by=by),
        "cancel": lambda by: campaigns.cancel(campaign, reason="No.", by=by),
        "discard": lambda by: campaigns.discard(campaign, by=by),
        "duplicate": lambda by: campaigns.duplicate(campaign, "Mine", policy=None, by=by),
        "instruct": lambda by: campaigns.instruct(campaign, "Certify all.", by=by),
    }

    with pytest.raises(Denied):
        deeds[verb](cast[who])

    campaign.refresh_from_db()
    assert campaign.status == "staged"
    assert Campaign.objects.count() == 1
    assert trail() == []
