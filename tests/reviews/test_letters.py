"""Who is written to about reviews, on which day, and never more often than once."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from core.models import Organisation, OutgoingMail, Reporting, Role, User
from reviews import jobs
from reviews.actions import campaigns, closing, letters
from reviews.models import Campaign, Mark, Progress, Turn
from reviews.queries.due import Stage, Today, stage
from tests.flush import past_the_triggers
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_campaign, make_line, make_turn

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 2)
DUE = date(2026, 11, 16)  # a Monday, too
_numbers = count(1)


@pytest.fixture(autouse=True)
def _quiet(nudges):
    """Nothing goes out."""


@pytest.fixture
def olga():
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def rui():
    return make_user("Rui Costa")


def running(name, olga, *asked, lines=2, **fields):
    """A campaign that began on Monday, in which each of these is asked about so many lines."""
    times = {
        "started_at": datetime(2026, 11, 2, 8, tzinfo=UTC),
        "decide_by": datetime(2026, 11, 16, 23, 59, tzinfo=UTC),
    }
    campaign = make_campaign(name, olga, **{"status": Campaign.Status.RUNNING, **times, **fields})
    app = make_app(f"App of {name}")
    for reviewer in asked:
        for _ in range(lines):
            number = next(_numbers)
            grant = make_grant(make_account(app, f"Holder {number}"), make_entitlement(app, f"Role {number}"))
            make_turn(make_line(campaign, grant, number), reviewer)
    return campaign


def on(day, hour=9, minute=5):
    return time_machine.travel(datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC))


def letters_of(person):
    return list(OutgoingMail.objects.filter(recipient=person).order_by("pk").values_list("letter", flat=True))


def walk(first=MONDAY, days=35):
    """Run the job on every day at five past nine; the letters of each person, by day of November and on."""
    found: dict[str, dict[date, str]] = defaultdict(dict)
    for offset in range(days):
        day = first + timedelta(days=offset)
        before = set(OutgoingMail.objects.values_list("pk", flat=True))
        with on(day):
            jobs.remind()
        new = OutgoingMail.objects.exclude(pk__in=before)
        for name, letter in new.values_list("recipient__name", "letter"):
            assert day not in found[name], "two on one day"
            found[name][day] = letter
    return {name: {f"{day:%d %b}": letter for day, letter in rows.items()} for name, rows in found.items()}


def holidays(*days):
    Organisation.current()
    Organisation.objects.update(holidays=[{"on": day.isoformat(), "name": "Feast"} for day in days])


def test_reviewers_are_reminded_on_these_days_and_then_only_owners_weekly(olga, rui):
    Reporting.objects.create(person=rui, manager=make_user("Mia Adler"))
    running("Coupa", olga, rui)

    found = walk()

    days = ("09 Nov", "11 Nov", "13 Nov", "16 Nov", "17 Nov", "18 Nov", "20 Nov")
    assert found["Rui Costa"] == dict.fromkeys(days, "review_due")
    assert list(found["Olga Berg"]) == [*days[1:], "27 Nov", "04 Dec"]
    assert set(found["Olga Berg"].values()) == {"review_overseen"}
    assert found["Mia Adler"] == {"18 Nov": "review_behind"}


def test_who_has_opened_their_lines_gets_no_letter_on_the_fifth_day(olga, rui):
    running("Coupa", olga, rui)
    Progress.objects.update(first_opened_at=datetime(2026, 11, 3, tzinfo=UTC))

    assert walk(days=8) == {}


def test_days_are_counted_over_holidays_and_never_fall_on_one(olga, rui):
    holidays(date(2026, 11, 10), DUE)
    running("Coupa", olga, rui)

    found = walk(days=21)

    # Without the Monday the last day worked is Friday the 13th; without the Tuesday three before is the 9th.
    assert list(found["Rui Costa"]) == ["09 Nov", "12 Nov", "13 Nov", "17 Nov", "18 Nov", "20 Nov"]


@pytest.mark.parametrize("due", [date(2026, 11, 14), date(2026, 11, 15)])
def test_a_last_day_on_a_weekend_is_told_on_friday(due):
    for day, wanted in (
        (13, Stage.LAST_DAY),
        (12, Stage.ONE_LEFT),
        (10, Stage.THREE_LEFT),
        (16, Stage.LATE_1),
    ):
        with on(date(2026, 11, day)):
            assert stage(MONDAY, due, Today.now()) == wanted
    with on(date(2026, 11, 14)):
        assert stage(MONDAY, due, Today.now()) is None


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("America/New_York", "2026-11-16 13:59Z", "2026-11-16 14:00Z"),
        ("Asia/Kolkata", "2026-11-16 03:29Z", "2026-11-16 03:30Z"),
        ("Pacific/Auckland", "2026-11-15 19:59Z", "2026-11-15 20:00Z"),
    ],
)
def test_letters_go_out_from_nine_by_the_clock_of_the_organisation(zone, before, after, olga, rui):
    Organisation.current()
    Organisation.objects.update(time_zone=zone)
    organisation = Organisation.current()
    decide_by = datetime(2026, 11, 16, 23, 59, tzinfo=organisation.zone)
    running("Coupa", olga, rui, decide_by=decide_by)

    with time_machine.travel(before):
        jobs.remind()
        assert not OutgoingMail.objects.exists()
    with time_machine.travel(after):
        jobs.remind()

    assert OutgoingMail.objects.get(recipient=rui).subject == "Last day: 2 lines of Coupa"


def test_one_letter_lists_all_campaigns_the_most_urgent_first(olga, rui):
    running("Later", olga, rui, lines=3, decide_by=datetime(2026, 12, 4, 23, 59, tzinfo=UTC))
    hugo = make_user("Hugo Brandt", Role.CAMPAIGN)
    running("Sooner", hugo, rui)

    with on(DUE):
        jobs.remind()
        jobs.remind()

    mail = OutgoingMail.objects.get(recipient=rui)
    assert mail.subject == "Last day: 2 lines of Sooner, 1 more review"
    assert "Please decide 2 lines of Sooner by Monday 16 November 2026." in mail.text
    assert "- Later: 3 lines, until Friday 4 December 2026." in mail.text
    assert mail.reply_to == hugo.email


def test_who_has_nothing_to_do_is_not_written_to(olga, rui):
    nora = make_user("Nora Lindqvist")
    left = make_user("Tom Baker", status=User.Status.DEACTIVATED)
    running("Coupa", olga, rui, nora, left)
    Progress.objects.filter(reviewer=nora).update(open=0)

    with on(DUE):
        jobs.remind()

    assert set(OutgoingMail.objects.values_list("recipient__name", flat=True)) == {"Rui Costa", "Olga Berg"}


def test_nobody_is_written_to_about_a_campaign_that_does_not_run(olga, rui):
    running("Staged", olga, rui, status=Campaign.Status.STAGED)
    running("Closed", olga, rui, status=Campaign.Status.CLOSED, closed_at=datetime(2026, 11, 3, tzinfo=UTC))
    running("Cancelled", olga, rui, status=Campaign.Status.CANCELLED)
    Progress.objects.update(untold=False)

    assert walk(days=20) == {}


def test_what_is_decided_and_not_submitted_is_said(olga, rui):
    campaign = running("Coupa", olga, rui, lines=3)
    for turn in Turn.objects.filter(campaign=campaign)[:2]:
        Mark.objects.create(task=turn.task, campaign=campaign, person=rui, outcome="certify")
    given_on = Turn.objects.filter(campaign=campaign).latest("pk")
    Mark.objects.create(
        task=given_on.task, campaign=campaign, person=make_user("Who gave it"), outcome="deny"
    )

    with on(date(2026, 11, 13)):
        jobs.remind()

    text = OutgoingMail.objects.get(recipient=rui).text
    assert "You decided 2 of them but did not submit: only what is submitted counts." in text
    owner = OutgoingMail.objects.get(recipient=olga).text
    assert "3 lines are open with 1 reviewer: Rui Costa (3). 2 lines decided but not submitted." in owner


def test_no_letter_tells_of_negative_time(olga, rui):
    running("Coupa", olga, rui, lines=1)

    with on(date(2026, 11, 18)):
        jobs.remind()

    mail = OutgoingMail.objects.get(recipient=rui)
    assert mail.subject == "Overdue: 1 line of Coupa"
    assert "today: the last day was Monday 16 November 2026." in mail.text
    assert "-" not in mail.subject


def test_the_stand_in_is_written_to_in_place_of_the_one_they_stand_in_for(olga, rui):
    nora = make_user("Nora Lindqvist")
    campaign = running("Coupa", olga, nora)
    with past_the_triggers():
        Turn.objects.filter(campaign=campaign).update(on_behalf_of=rui)

    with on(DUE):
        jobs.remind()

    assert letters_of(rui) == []
    assert letters_of(nora) == ["review_due"]


def started(name, olga, *asked, writes=True, by=None):
    campaign = running(name, olga, *asked, status=Campaign.Status.STAGED, started_at=None, decide_by=None)
    campaigns.start(campaign, writes=writes, by=by or olga)
    jobs.tell(campaign.pk)
    return campaign


def test_the_kickoff_goes_to_every_reviewer_with_open_lines_once(
    olga, rui, nudges, django_capture_on_commit_callbacks
):
    nora = make_user("Nora Lindqvist")
    with on(MONDAY), django_capture_on_commit_callbacks(execute=True):
        campaign = started("Coupa", olga, rui, nora)
        jobs.tell(campaign.pk)

    assert [letters_of(each) for each in (rui, nora, olga)] == [["review_started"], ["review_started"], []]
    mail = OutgoingMail.objects.filter(recipient=rui).get()
    assert mail.subject == "For you to review: 2 lines of Coupa"
    assert "http://testserver/reviews/\n" in mail.text
    assert mail.reply_to == olga.email
    assert ("reviews.tell", campaign.pk) in nudges
    assert ("core.send_mail", mail.pk) in nudges
    assert not Progress.objects.filter(untold=True).exists()


def test_without_the_choice_nobody_is_written_to_at_the_start(olga, rui):
    with on(MONDAY):
        started("Coupa", olga, rui, writes=False)

    assert not OutgoingMail.objects.exists()


def test_owners_hear_of_a_start_by_itself(olga, rui):
    with on(MONDAY):
        campaign = running("Coupa", olga, rui, status=Campaign.Status.STAGED, started_at=None, decide_by=None)
        campaigns.start(campaign, writes=False, by=None)

    assert letters_of(olga) == ["campaign_started"]


def test_a_second_campaign_on_the_same_day_is_told_on_the_next_working_day(olga, rui):
    friday = date(2026, 11, 6)
    with on(friday, 15):
        started("First", olga, rui)
        started("Second", olga, rui)
    assert letters_of(rui) == ["review_started"]

    found = walk(friday, days=4)

    assert list(found["Rui Costa"]) == ["09 Nov"]
    assert "Second: 2 lines" in OutgoingMail.objects.filter(recipient=rui).latest("pk").text


def test_a_worker_killed_between_people_leaves_nobody_out_and_writes_to_nobody_twice(olga, rui, monkeypatch):
    people = [rui, *(make_user(f"Reviewer {number}") for number in range(5))]
    with on(MONDAY, 10):
        campaign = running("Coupa", olga, *people, status=Campaign.Status.STAGED, started_at=None)
        campaigns.start(campaign, writes=True, by=olga)
        monkeypatch.setattr(letters, "PAGE", 2)
        write = letters.write
        calls = count(1)

        def killed(*args):
            if next(calls) == 2:
                raise OperationalError("killed")
            return write(*args)

        monkeypatch.setattr(letters, "write", killed)
        with pytest.raises(OperationalError):
            jobs.tell(campaign.pk)
        assert OutgoingMail.objects.filter(letter="review_started").count() == 2
        jobs.remind()  # the sweeper finds the others, even if nobody tells the worker again

    assert [letters_of(each) for each in people] == 6 * [["review_started"]]


def test_five_thousand_cost_no_more_queries_a_page_than_a_few(olga):
    Organisation.current()

    def cost(number):
        people = [make_user(f"Reviewer {number}.{each}") for each in range(number)]
        campaign = running(f"Of {number}", olga, *people, lines=1)
        Progress.objects.filter(campaign=campaign).update(untold=True)
        with (
            on(MONDAY),
            CaptureQueriesContext(connection) as queries,
        ):
            assert letters.tell(campaign.pk) == number
        return len(queries)

    assert cost(40) == cost(4) <= 20


def test_the_end_is_told_to_those_asked_and_to_owners_if_chosen(olga, rui):
    with on(DUE, 15):
        campaign = running("Coupa", olga, rui)
        Progress.objects.update(certified=1)
        closing.close(campaign, by=olga, at_end=Campaign.Silence.EXCEPTION)
        jobs.close(campaign.pk)
        jobs.tell(campaign.pk)
        jobs.tell(campaign.pk)

    mail = OutgoingMail.objects.get(recipient=rui)
    assert (mail.letter, mail.subject) == ("review_ended", "Coupa has ended")
    assert "you decided 1 of 2 lines" in mail.text
    owner = OutgoingMail.objects.get(recipient=olga)
    assert owner.letter == "campaign_ended"
    assert "Olga Berg ended it." in owner.text
    assert "0 certified, 0 denied, 2 exceptions and 0 cancelled" in owner.text


def test_without_the_choice_nobody_is_written_to_at_the_end(olga, rui):
    campaign = running("Coupa", olga, rui, writes_at_end=False)
    Progress.objects.update(untold=True)  # they never got the kickoff
    closing.close(campaign, by=olga, at_end=Campaign.Silence.EXCEPTION)
    jobs.close(campaign.pk)
    jobs.tell(campaign.pk)
    with on(date(2026, 11, 17)):
        jobs.remind()

    assert not OutgoingMail.objects.exists()


def test_lines_given_to_somebody_who_had_a_letter_today_are_told_on_the_next_day(olga, rui):
    nora = make_user("Nora Lindqvist")
    with on(MONDAY, 10):
        started("First", olga, nora)
        second = running("Second", olga, nora, rui, decide_by=datetime(2026, 11, 20, 23, 59, tzinfo=UTC))
        letters.tell_given(second, {nora.pk: 2, rui.pk: 2}, by=olga, reason="They know.")

    assert letters_of(nora) == ["review_started"]
    assert letters_of(rui) == ["review_given"]
    with on(date(2026, 11, 3)):
        jobs.remind()
        jobs.remind()
    assert letters_of(nora)[1:] == ["review_due"]
    assert letters_of(rui) == ["review_given"]


def test_a_given_letter_lists_what_else_is_open(olga, rui):
    running("First", olga, rui)
    second = running("Second", olga, rui, lines=1)
    with on(date(2026, 11, 3)):
        letters.tell_given(second, {rui.pk: 1}, by=olga, reason="")

    mail = OutgoingMail.objects.get(recipient=rui)
    assert mail.subject == "1 line of Second is yours to review"
    assert "- First: 2 lines, until Monday 16 November 2026." in mail.text


# By hand
