"""What begins by itself: drafts on their day, stagings and starts at their time, in nobody's name."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils.timezone import now

from connectors.models import SyncRun
from core.models import OutgoingMail, Reporting, Role, RoleHolding, TrailEvent, User
from reviews import jobs
from reviews.actions import closing, notices
from reviews.models import Campaign, Scope, Template
from reviews.queries.campaigns import waiting_for_owner
from reviews.queries.starting import Start, start_of
from tests.make import make_run, make_user
from tests.reviews.making import make_campaign, make_grants, make_policy, make_running
from tests.reviews.staged import world

AGO = timedelta(minutes=5)


def make_whole(owner, name="Coupa", **fields):
    """A draft that lacks nothing."""
    period = {"period_starts_on": date(2026, 10, 1), "period_ends_on": date(2026, 12, 31)}
    return make_campaign(name, owner, **{"control_owner": owner, **period, **fields})


@pytest.fixture
def owner(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


def test_a_draft_whose_time_has_come_is_staged_in_nobodys_name(
    owner, nudges, django_capture_on_commit_callbacks
):
    campaign = make_whole(owner, starts_at=now() - AGO)
    later = make_whole(owner, "Later", starts_at=now() + AGO)
    by_hand = make_whole(owner, "By hand")

    with django_capture_on_commit_callbacks(execute=True):
        jobs.keep_timetable()

    campaign.refresh_from_db()
    assert (campaign.status, campaign.staging_wanted_by, campaign.override_reason) == ("staging", None, "")
    assert set(Campaign.objects.filter(status="draft")) == {later, by_hand}
    assert ("reviews.stage", campaign.pk) in nudges
    assert TrailEvent.objects.get(action="campaigns.staging_wanted").actor_id == ""  # nobody who signed in


def test_a_draft_that_cannot_be_staged_by_itself_says_why_and_keeps_nobody_else_from_it(owner, nudges):
    lacking = make_whole(owner, "No policy", starts_at=now() - AGO, policy=None)
    campaign = make_whole(owner, starts_at=now() - AGO)

    jobs.keep_timetable()
    jobs.keep_timetable()

    lacking.refresh_from_db()
    campaign.refresh_from_db()
    assert lacking.status == "draft"
    assert lacking.staging_problem.startswith("It was to start by itself. Choose who decides.")
    assert campaign.status == "staging"


def test_owners_hear_once_a_day_why_it_was_not_staged_by_itself(owner, nudges):
    lacking = make_whole(owner, starts_at=now() - AGO, policy=None)

    for _ in range(2):
        jobs.keep_timetable()
        Campaign.objects.update(due_at=now())

    mail = OutgoingMail.objects.get()
    assert (mail.letter, mail.to) == ("staging_waits", owner.email)
    assert "Choose who decides." in mail.text
    assert f"you own the campaign {lacking.name}." in mail.text


def test_where_no_owner_can_run_it_super_administrators_hear_of_it(owner, nudges):
    ada = make_user("Ada Lindgren", Role.SUPER)
    make_whole(owner, starts_at=now() - AGO, policy=None)
    RoleHolding.objects.filter(user=owner).delete()

    jobs.keep_timetable()

    mail = OutgoingMail.objects.get()
    assert (mail.letter, mail.to) == ("staging_waits", ada.email)
    assert "no owner of the campaign Coupa can run it any more." in mail.text


def test_what_was_refused_is_tried_again_within_the_hour(owner, nudges):
    lacking = make_whole(owner, starts_at=now() - AGO, policy=None)
    jobs.keep_timetable()
    Campaign.objects.filter(pk=lacking.pk).update(policy=make_policy())

    jobs.keep_timetable()
    lacking.refresh_from_db()
    assert lacking.status == "draft"
    assert now() < lacking.due_at <= now() + timedelta(hours=1)
    Campaign.objects.filter(pk=lacking.pk).update(due_at=now())
    jobs.keep_timetable()

    lacking.refresh_from_db()
    assert (lacking.status, lacking.staging_problem) == ("staging", "")


def test_what_somebody_staged_in_vain_is_theirs_to_stage_again(owner, nudges):
    failed = {"staging_wanted_by": owner, "staging_problem": "Nothing is in scope."}
    campaign = make_whole(owner, starts_at=now() - AGO, **failed)

    jobs.keep_timetable()

    campaign.refresh_from_db()
    assert (campaign.status, campaign.staging_problem) == ("draft", "Nothing is in scope.")
    assert not OutgoingMail.objects.exists()


def test_what_is_staged_starts_when_its_time_has_come(owner, trail):
    campaign = make_campaign("Coupa", owner, status="staged", starts_at=now() - AGO)
    by_hand = make_campaign("By hand", owner, status="staged")

    jobs.keep_timetable()
    jobs.keep_timetable()

    campaign.refresh_from_db()
    by_hand.refresh_from_db()
    assert (campaign.status, campaign.started_by) == ("running", None)
    assert by_hand.status == "staged"
    assert trail() == ["campaigns.started"]


@pytest.mark.parametrize(("planned", "starts"), [(timedelta(minutes=10), True), (timedelta(0), False)])
def test_what_was_staged_by_hand_after_its_time_waits_for_its_owner(owner, nudges, planned, starts):
    """Staged ahead of its time it starts at it, as was chosen."""
    asked = {"staging_wanted_by": owner, "staging_wanted_at": now() - 2 * AGO}
    campaign = make_campaign(
        "Coupa", owner, status="staged", starts_at=now() - 3 * AGO + planned, staged_at=now(), **asked
    )

    jobs.keep_timetable()
    campaign.refresh_from_db()

    assert campaign.status == ("running" if starts else "staged")
    assert campaign.starts_by_itself is starts
    assert list(waiting_for_owner(owner)) == ([] if starts else [campaign])


def test_owners_are_asked_to_start_what_was_staged_after_its_time(owner):
    asked = {"staging_wanted_by": owner, "staging_wanted_at": now()}
    campaign = make_campaign("Coupa", owner, status="staged", starts_at=now() - AGO, staged_at=now(), **asked)

    notices.staged(campaign)

    assert "Please start Coupa when you are ready" in OutgoingMail.objects.get().text


def test_a_template_makes_its_draft_on_its_day_once(owner, nudges):
    template = Template.objects.create(
        name="Coupa", scope=Scope.objects.create(), policy=make_policy(), next_on=now().date()
    )
    template.owners.add(owner)

    jobs.keep_timetable()
    jobs.keep_timetable()

    assert template.campaigns.count() == 1


def test_a_template_whose_owners_are_gone_does_not_keep_others_from_their_draft(owner, nudges):
    without = Template.objects.create(name="A", scope=Scope.objects.create(), next_on=now().date())
    template = Template.objects.create(name="B", scope=Scope.objects.create(), next_on=now().date())
    template.owners.add(owner)

    jobs.keep_timetable()

    assert not without.campaigns.exists()
    assert template.campaigns.count() == 1


def test_super_administrators_hear_once_a_day_of_a_template_whose_owners_are_gone(owner, nudges):
    ada = make_user("Ada Lindgren", Role.SUPER)
    template = Template.objects.create(name="Coupa", scope=Scope.objects.create(), next_on=now().date())
    template.owners.add(owner)
    RoleHolding.objects.filter(user=owner).delete()

    jobs.keep_timetable()
    jobs.keep_timetable()

    mail = OutgoingMail.objects.get()
    assert (mail.letter, mail.to) == ("draft_waits", ada.email)
    assert "Its owners cannot own a campaign any more: name others." in mail.text
    assert not template.campaigns.exists()


def test_what_was_staged_in_vain_ahead_of_its_time_is_still_staged_at_it(owner, nudges):
    failed = {"staging_wanted_by": owner, "staging_problem": "Coupa was away."}
    campaign = make_whole(owner, starts_at=now() - AGO, staging_wanted_at=now() - 2 * AGO, **failed)

    jobs.keep_timetable()

    campaign.refresh_from_db()
    assert (campaign.status, campaign.staging_wanted_by) == ("staging", None)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, Start.BY_HAND),
        ({"starts_at": AGO}, Start.PLANNED),
        ({"starts_at": -AGO}, Start.TRIED),
        ({"starts_at": -AGO, "staging_problem": "It waits."}, Start.TRIED),
        ({"starts_at": -2 * AGO, "wanted": -AGO, "staging_problem": "In vain."}, Start.PASSED),
        ({"starts_at": -AGO, "wanted": -2 * AGO, "staging_problem": "In vain."}, Start.TRIED),
        ({"starts_at": AGO, "wanted": -AGO, "status": "staged"}, Start.PLANNED),
        ({"starts_at": -AGO, "wanted": -2 * AGO, "status": "staged"}, Start.TRIED),
        ({"starts_at": -2 * AGO, "wanted": -AGO, "status": "staged"}, Start.PASSED),
    ],
)
def test_how_it_will_start_is_said_as_the_timetable_acts(fields, said, owner, nudges):
    at, wanted = now(), fields.pop("wanted", None)
    if "starts_at" in fields:
        fields["starts_at"] += at
    if wanted is not None:
        fields |= {"staging_wanted_by": owner, "staging_wanted_at": at + wanted}
    campaign = make_whole(owner, **fields)
    before = campaign.status

    jobs.keep_timetable()

    campaign.refresh_from_db()
    acted = campaign.status != before or campaign.started_at is not None
    assert acted is (said == Start.TRIED and campaign.staging_problem == "")
    campaign.status, campaign.staging_problem = before, fields.get("staging_problem", "")
    campaign.staging_wanted_by = owner if wanted is not None else None
    campaign.staging_wanted_at = at + wanted if wanted is not None else None
    assert start_of(campaign, at) == said


FRIDAY = datetime(2026, 11, 27, 9, 5, tzinfo=UTC)


def ahead(owner, **fields):
    """To start on Monday, seen on the Friday before."""
    return make_whole(owner, **{"starts_at": FRIDAY + timedelta(days=3), **fields})


def letters():
    return list(OutgoingMail.objects.order_by("pk").values_list("letter", "to"))


@time_machine.travel(FRIDAY, tick=False)
def test_owners_hear_a_working_day_ahead_once_a_day_what_would_keep_it_from_starting(owner, nudges):
    lacking = ahead(owner, policy=None)
    ahead(owner, name="Nothing is wrong")
    ahead(owner, name="In a week", starts_at=FRIDAY + timedelta(days=7), policy=None)
    ahead(owner, name="By hand", starts_at=None, policy=None)

    jobs.remind()
    jobs.remind()

    mail = OutgoingMail.objects.get()
    assert (mail.letter, mail.to) == ("staging_ahead", owner.email)
    assert "start by itself on Monday 30 November 2026, 09:05" in mail.text
    assert "Choose who decides." in mail.text
    lacking.refresh_from_db()
    assert (lacking.status, lacking.staging_problem) == ("draft", "")


@time_machine.travel(FRIDAY, tick=False)
def test_a_source_that_a_sync_refreshes_is_no_reason_to_write_and_one_that_is_held_is(owner, nudges):
    connector, _, _ = world(holders=1, hours=300)
    ahead(owner)
    jobs.remind()
    assert letters() == []

    make_run(connector, status=SyncRun.Status.HELD, problem="Half of it would go.")
    jobs.remind()

    assert letters() == [("staging_ahead", owner.email)]
    assert "is held: a Connector Administrator" in OutgoingMail.objects.get().text


@time_machine.travel(FRIDAY, tick=False)
def test_a_line_that_nobody_could_be_asked_about_is_told_ahead(owner, nudges):
    world(holders=1)
    Reporting.objects.all().delete()
    User.objects.filter(name="Mia Torres").update(status=User.Status.DEACTIVATED)
    ahead(owner)

    jobs.remind()

    assert letters() == [("staging_ahead", owner.email)]


@pytest.mark.parametrize("writes", [True, False])
def test_owners_always_hear_that_it_ended_by_itself(owner, nudges, writes):
    campaign = make_running(
        make_grants(2),
        make_user("Rui Costa"),
        owner,
        ends_by_itself=True,
        decide_by=now() - AGO,
        writes_at_end=writes,
    )

    jobs.sweep_running()
    jobs.close(campaign.pk)

    campaign.refresh_from_db()
    assert campaign.status == "closed"
    assert campaign.tasks.filter(status="excepted").count() == 2
    mail = OutgoingMail.objects.get(letter="campaign_ended")
    assert mail.to == owner.email
    assert "It ended by itself, as its settings say." in mail.text


def test_who_ended_it_and_wants_no_letters_gets_none(owner, nudges):
    campaign = make_running(make_grants(1), make_user("Rui Costa"), owner, writes_at_end=False)
    closing.close(campaign, by=owner, at_end="exception")

    jobs.close(campaign.pk)

    assert letters() == []
