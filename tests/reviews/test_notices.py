"""Letters about single events: staging, drafts, removals that wait, the sign-off, comments, evidence."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils.timezone import now

from connectors.models import ProvisionOrder, Tag
from core.models import OutgoingMail, Role
from reviews import jobs
from reviews.actions import notices, removals, staging, templates
from reviews.actions.comments import comment
from reviews.models import Campaign, Removal, SampledLine, Scope, Template
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_campaign, make_grants, make_line, make_policy, make_running

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quiet(nudges):
    """Nothing goes out."""


@pytest.fixture
def olga():
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def rui():
    return make_user("Rui Costa", Role.BASIC)


@pytest.fixture
def owen():
    """Owns the app."""
    return make_user("Owen Grant")


@pytest.fixture
def campaign(olga, rui, owen):
    return campaign_of(olga, rui, owen)


def campaign_of(olga, rui, owen, **fields):
    app = make_app("Coupa", owen)
    grants = [
        make_grant(make_account(app, f"Holder {number}"), make_entitlement(app, f"Role {number}"))
        for number in range(3)
    ]
    return make_running(grants, rui, olga, **fields)


def on(day, hour=9):
    return time_machine.travel(datetime(2026, 11, day, hour, 5, tzinfo=UTC))


def letters_of(person):
    return list(OutgoingMail.objects.filter(recipient=person).order_by("pk").values_list("letter", flat=True))


def deny(campaign, *numbers):
    campaign.tasks.filter(line_no__in=numbers).update(status="denied")
    removals.open_for(list(campaign.tasks.filter(line_no__in=numbers)), None)


def test_owners_hear_that_it_is_staged_and_once(olga):
    campaign = make_campaign("Coupa", olga, status=Campaign.Status.STAGED, staged_at=now(), lines=12)

    notices.staged(campaign)
    notices.staged(campaign)

    mail = OutgoingMail.objects.get()
    assert (mail.letter, mail.to) == ("campaign_staged", olga.email)
    assert "Please start Coupa when you are ready: 12 lines with 0 reviewers are frozen." in mail.text


def test_what_starts_at_once_is_told_by_its_start_alone(olga):
    notices.staged(make_campaign("Coupa", olga, status="staged", staged_at=now(), starts_at=now()))

    assert not OutgoingMail.objects.exists()


def test_owners_hear_why_it_could_not_be_staged(olga):
    campaign = make_campaign("Coupa", olga, status=Campaign.Status.STAGING, staging_wanted_by=olga)
    held = staging.claim(campaign.pk)
    assert held

    staging.fail_back(held, "Nobody could be asked about Grace Kim: Buyer.")

    mail = OutgoingMail.objects.get()
    assert (mail.letter, mail.to) == ("staging_failed", olga.email)
    assert "Nobody could be asked about Grace Kim: Buyer." in mail.text


def test_owners_of_a_template_hear_of_its_draft(olga):
    template = Template.objects.create(
        name="Coupa access", scope=Scope.objects.create(), policy=make_policy(), next_on=date(2026, 11, 2)
    )
    template.owners.add(olga)
    with on(2):
        assert templates.make_due_draft(template)
        assert templates.make_due_draft(template) is None

    mail = OutgoingMail.objects.get()
    assert (mail.letter, mail.to) == ("campaign_drafted", olga.email)
    assert "It was drafted from its template Coupa access." in mail.text


def test_owners_of_apps_hear_of_removals_once_a_day_and_only_of_new_ones(campaign, owen):
    with on(3):  # a Tuesday
        deny(campaign, 1)
        jobs.remind()
        deny(campaign, 2)
        jobs.remind()
    assert letters_of(owen) == ["removal_waiting"]
    with on(4):
        jobs.remind()
        jobs.remind()
    assert letters_of(owen) == 2 * ["removal_waiting"]
    with on(5):
        jobs.remind()

    assert letters_of(owen) == 2 * ["removal_waiting"]
    last = OutgoingMail.objects.filter(recipient=owen).latest("pk")
    assert last.subject == "2 removals wait for your word"
    assert "- Coupa: 2 removals of Coupa access, Q4." in last.text
    assert "by Thursday 12 November 2026" in last.text


def test_a_removal_that_is_due_soon_is_told_again(campaign, owen):
    with on(3):
        deny(campaign, 1)
        jobs.remind()
    with on(10):
        jobs.remind()
    assert letters_of(owen) == ["removal_waiting"]
    with on(11):
        jobs.remind()

    assert letters_of(owen) == 2 * ["removal_waiting"]


def test_nothing_waits_where_it_is_confirmed_or_the_campaign_is_cancelled(campaign, owen):
    with on(3):
        deny(campaign, 1)
        Removal.objects.update(confirmed_at=now())
        jobs.remind()
        Removal.objects.update(confirmed_at=None)
        Campaign.objects.update(status=Campaign.Status.CANCELLED)
        jobs.remind()

    assert letters_of(owen) == []


def test_the_control_owner_is_asked_to_sign_once_nothing_else_is_left(olga, rui, owen):
    vera = make_user("Vera Stein")
    campaign = campaign_of(olga, rui, owen, control_owner=vera, status=Campaign.Status.REMEDIATION)
    campaign.progress.update(open=0)
    deny(campaign, 1)
    SampledLine.objects.create(campaign=campaign, task=campaign.tasks.get(line_no=2), line_no=2)
    with on(3):
        jobs.remind()
        assert letters_of(vera) == []
        Removal.objects.update(status=Removal.Status.PROVEN)
        jobs.remind()
    with on(4):
        jobs.remind()

    mail = OutgoingMail.objects.get(recipient=vera)
    assert (mail.letter, mail.reply_to) == ("sign_off_wanted", olga.email)
    assert "look again at 1 line of its sample" in mail.text


def test_nobody_is_asked_to_sign_while_somebody_has_to_look_back(olga, rui, owen):
    vera = make_user("Vera Stein")
    campaign = campaign_of(olga, rui, owen, control_owner=vera, status=Campaign.Status.CLOSED)
    grant = make_grant(make_account(make_app("Other"), "Grace Kim"), make_entitlement(make_app("More"), "R"))
    make_line(campaign, grant, 9, risk=min(Tag.objects.grave_names()))
    deny(campaign, 9)
    Removal.objects.update(status=Removal.Status.PROVEN)
    with on(3):
        jobs.remind()
        assert letters_of(vera) == []
        Removal.objects.update(lookback={"used": "no"})
        jobs.remind()

    assert letters_of(vera) == ["sign_off_wanted"]


def test_those_who_take_part_hear_of_a_comment_and_who_wrote_it_does_not(campaign, olga, rui):
    task = campaign.tasks.get(line_no=1)
    with on(3):
        comment(task, "Does she still buy?", by=rui)
        comment(task, "Anybody?", by=rui)
    assert (letters_of(olga), letters_of(rui)) == (["line_commented"], [])
    with on(4):
        comment(task, "She does.", by=olga)

    mail = OutgoingMail.objects.get(recipient=rui)
    assert mail.reply_to == olga.email
    assert f"/reviews/{campaign.pk}/lines/1/" in mail.text
    assert "She does." not in mail.text
    assert f"/campaigns/{campaign.pk}/tasks/1/" in OutgoingMail.objects.get(recipient=olga).text


def test_of_comments_on_many_lines_one_hears_once_a_day_and_campaign(campaign, olga, rui):
    other = make_running(make_grants(1), rui, olga, name="Jaggaer access, Q4")
    with on(3):
        for number in (1, 2, 3):
            comment(campaign.tasks.get(line_no=number), "Does she still buy?", by=rui)
        comment(other.tasks.get(), "And he?", by=rui)
    assert letters_of(olga) == 2 * ["line_commented"]
    with on(4):
        comment(campaign.tasks.get(line_no=2), "Anybody?", by=rui)

    assert letters_of(olga) == 3 * ["line_commented"]


def test_evidence_is_told_with_its_digests_to_owners_and_to_who_asked(campaign, olga):
    vera = make_user("Vera Stein", Role.READ_ONLY)
    path, files = f"/campaigns/{campaign.pk}/", [("memo.pdf", "ab" * 32)]

    notices.report_ready(campaign, path=path, files=files, key="1", by=vera)
    notices.report_ready(campaign, path=path, files=files, key="1", by=vera)

    assert (letters_of(olga), letters_of(vera)) == (["report_ready"], ["report_ready"])
    for mail in OutgoingMail.objects.all():
        assert f"memo.pdf: {'ab' * 32}" in mail.text
        assert "interim evidence" in mail.text


def test_events_are_told_apart_from_the_letter_of_the_day(campaign, olga, rui):
    """The one a day is about reminders; an owner still hears of each event."""
    with on(3):
        comment(campaign.tasks.get(line_no=1), "Does she still buy?", by=rui)
    Campaign.objects.update(
        decide_by=datetime(2026, 11, 3, 23, 59, tzinfo=UTC), started_at=now() - timedelta(60)
    )
    with on(3, 10):
        jobs.remind()

    assert letters_of(olga) == ["line_commented", "review_overseen"]


def test_owners_hear_of_what_is_late_once_then_weekly_and_of_each_that_is_new(campaign, olga, owen):
    with on(2):  # a Monday
        deny(campaign, 1)
    Removal.objects.update(due_on=date(2026, 11, 10), confirmed_at=now())
    for day in (10, 11, 11, 12, 13, 17):
        with on(day):
            jobs.remind()
    assert letters_of(owen) == letters_of(olga) == ["removal_trouble"]
    mail = OutgoingMail.objects.get(recipient=owen)
    assert mail.subject == "1 removal is past the day to be gone"
    assert "- Coupa access, Q4: 1 removal in Coupa, to be gone by Tuesday 10 November 2026." in mail.text
    assert "/reviews/removals/" in mail.text
    assert f"/campaigns/{campaign.pk}/removals/" in OutgoingMail.objects.get(recipient=olga).text

    with on(18):  # five working days after the first
        jobs.remind()
    assert letters_of(owen) == 2 * ["removal_trouble"]
    with on(18):
        deny(campaign, 2)
        Removal.objects.filter(task__line_no=2).update(due_on=date(2026, 11, 18), confirmed_at=now())
    with on(19):
        jobs.remind()

    assert letters_of(owen) == 3 * ["removal_trouble"]


@pytest.mark.parametrize("status", ["removed", "proven", "excepted", "dropped"])
def test_what_is_done_or_settled_is_not_late(status, campaign, owen):
    with on(2):
        deny(campaign, 1)
    Removal.objects.update(due_on=date(2026, 11, 10), confirmed_at=now(), status=status)
    with on(12):
        jobs.remind()

    assert letters_of(owen) == []


def test_owners_of_a_campaign_hear_that_the_app_refused(campaign, olga, owen):
    with on(3):
        deny(campaign, 1)
    removal = Removal.objects.get()
    with on(3):
        order = ProvisionOrder.objects.create(
            app=removal.app,
            account=removal.task.account,
            entitlement=removal.task.entitlement,
            verb="revoke",
            status="manual",
            sent_at=now(),
            told_at=now(),
        )
    Removal.objects.update(status="by_hand", order=order, confirmed_at=now())
    for hour in (10, 11):
        with on(3, hour):
            jobs.remind()
    with on(4):
        jobs.remind()

    assert letters_of(olga) == ["removal_trouble"]
    assert letters_of(owen) == []
    assert OutgoingMail.objects.get(recipient=olga).subject == "1 removal refused by the app"


def test_what_is_to_be_done_by_hand_without_an_order_is_told_to_owners_of_the_app(campaign, owen):
    with on(3):
        deny(campaign, 1)
        Removal.objects.update(status="by_hand", confirmed_at=now(), problem="The opposite is under way.")
        jobs.remind()
        jobs.remind()
    with on(4):
        jobs.remind()

    mail = OutgoingMail.objects.get(recipient=owen)
    assert mail.subject == "1 removal waits for you"
    assert "Please remove by hand by Thursday 12 November 2026" in mail.text


def test_who_had_a_letter_about_reviews_today_hears_of_what_is_late_on_the_next(campaign, olga):
    with on(2):
        deny(campaign, 1)
    Removal.objects.update(due_on=date(2026, 11, 10), confirmed_at=now())
    with on(11):
        OutgoingMail.objects.create(letter="review_due", key="x", to=olga.email, recipient=olga, subject="x")
        jobs.remind()
    assert letters_of(olga) == ["review_due"]
    with on(12):
        jobs.remind()

    assert letters_of(olga) == ["review_due", "removal_trouble"]


def test_late_removals_stand_on_the_home_page_of_who_owns_the_campaign(campaign, olga, sign_in):
    deny(campaign, 1)
    Removal.objects.update(due_on=date(2026, 11, 10))
    other = make_user("Carla Other", Role.CAMPAIGN)

    shown, hidden = (sign_in(who).get("/").content.decode() for who in (olga, other))

    assert "1 removal past the day to be gone" in shown
    assert "past the day to be gone" not in hidden
