"""Reminders by hand: who sends them, to whom, and that nobody gets one on top of another letter."""

from datetime import date
from itertools import count

import pytest
from django.db import OperationalError

from core.errors import Denied, NotPossible
from core.models import OutgoingMail, Reporting, TrailEvent
from reviews import jobs
from reviews.actions import letters
from reviews.models import Campaign
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_line, make_turn
from tests.reviews.test_letters import DUE, _numbers, _quiet, letters_of, olga, on, rui, running

__all__ = ["_quiet", "olga", "rui"]
pytestmark = pytest.mark.django_db


def remind(campaign, reviewers, *, text="Please hurry.", copies=False, by):
    done = letters.remind_now(campaign, reviewers, text=text, copies=copies, by=by)
    write_reminders()
    return done


def write_reminders():
    for number in letters.unwritten():
        jobs.write_reminder(str(number))


@pytest.mark.parametrize(
    ("who", "allowed"), [("super", True), ("owner", True), ("reviewer", False), ("read_only", False)]
)
def test_only_who_runs_the_campaign_reminds_by_hand(who, allowed, olga, rui, cast, trail):
    person = {"owner": olga, "reviewer": rui}.get(who) or cast[who]
    campaign = running("Coupa", olga, rui)

    with on(date(2026, 11, 4)):
        if allowed:
            done = remind(campaign, None, text="Please hurry.", copies=False, by=person)
            assert done.sentence == "1 person is written to."
        else:
            with pytest.raises(Denied):
                remind(campaign, None, text="Please hurry.", copies=False, by=person)

    assert letters_of(rui) == (["review_asked"] if allowed else [])
    assert trail() == (["reviews.reminded"] if allowed else [])


def test_a_reminder_by_hand_carries_the_words_and_a_copy_goes_to_the_manager(olga, rui):
    mia, nora = make_user("Mia Adler"), make_user("Nora Lindqvist")
    Reporting.objects.create(person=rui, manager=mia)
    Reporting.objects.create(person=nora, manager=make_user("Ben Ito"))
    campaign = running("Coupa", olga, rui, nora)

    with on(date(2026, 11, 4)):
        remind(campaign, [rui.pk], text="The auditors\ncome on Friday.", copies=True, by=olga)

    assert set(OutgoingMail.objects.values_list("recipient__name", "letter")) == {
        ("Rui Costa", "review_asked"),
        ("Mia Adler", "review_behind"),
    }
    for mail in OutgoingMail.objects.all():
        assert "Olga Berg writes: The auditors\ncome on Friday." in mail.text
        assert mail.reply_to == olga.email
    assert "Rui Costa: 2 lines of Coupa" in OutgoingMail.objects.get(recipient=mia).text
    told = TrailEvent.objects.get(action="reviews.reminded").change
    assert (told["reviewers"], told["letters"], told["copies_to_managers"]) == (1, 2, 1)


def test_nobody_gets_a_reminder_by_hand_on_top_of_the_letter_of_the_day(olga, rui):
    nora = make_user("Nora Lindqvist")
    campaign = running("Coupa", olga, rui)
    with on(DUE):
        jobs.remind()
        with pytest.raises(NotPossible, match="nobody gets two"):
            remind(campaign, None, text="", copies=False, by=olga)
        grant = make_grant(make_account(make_app("Other"), "H"), make_entitlement(make_app("More"), "R"))
        make_turn(make_line(campaign, grant, next(_numbers)), nora)
        done = remind(campaign, None, text="", copies=False, by=olga)

    assert done.sentence == "1 person is written to. 1 had a letter about reviews today, and nobody gets two."
    assert letters_of(rui) == ["review_due"]


@pytest.mark.parametrize("status", ["staged", "closed", "cancelled"])
def test_nobody_is_reminded_of_a_campaign_that_does_not_run(status, olga, rui):
    campaign = running("Coupa", olga, rui, status=status)

    with pytest.raises(NotPossible, match="nobody has to decide anything"):
        remind(campaign, None, text="", copies=False, by=olga)


def test_a_text_that_is_too_long_is_refused(olga, rui):
    campaign = running("Coupa", olga, rui)

    with pytest.raises(NotPossible, match="at most 2,000 letters"):
        remind(campaign, None, text="x" * 2001, copies=False, by=olga)


def test_a_phrase_is_put_into_the_text_and_nothing_is_sent(olga, rui, sign_in):
    campaign = running("Coupa", olga, rui)
    address = f"/campaigns/{campaign.pk}/remind/?reviewer={rui.pk}"

    page = sign_in(olga).post(address, {"text": "Dear Rui,", "phrase": "Submit, too", "copies": "on"})

    assert page.status_code == 200
    assert "Dear Rui,\nPlease also submit what you have decided" in page.text
    assert "checked" in page.text
    assert not OutgoingMail.objects.exists()


def test_the_page_reminds_one_or_all_and_keeps_what_was_typed_wrong(olga, rui, sign_in):
    campaign = running("Coupa", olga, rui, make_user("Nora Lindqvist"))
    browser, address = sign_in(olga), f"/campaigns/{campaign.pk}/remind/"

    refused = browser.post(address, {"text": "y" * 2001})
    one = browser.post(f"{address}?reviewer={rui.pk}", {"text": "Please."}, follow=True)

    assert refused.status_code == 422
    assert "y" * 2001 in refused.text
    write_reminders()
    assert "1 person is written to." in one.text
    assert letters_of(rui) == ["review_asked"]
    assert browser.get(f"{address}?reviewer=nobody").status_code == 404


def test_a_worker_killed_in_a_reminder_by_hand_goes_on_where_it_was(olga, rui, monkeypatch, nudges):
    people = [rui, *(make_user(f"Reviewer {number}") for number in range(4))]
    campaign = running("Coupa", olga, *people)
    monkeypatch.setattr(letters, "PAGE", 2)
    write, calls = letters.write, count(1)

    def killed(*args):
        if next(calls) == 2:
            write(*args)
            raise OperationalError("killed")
        return write(*args)

    with on(date(2026, 11, 4)):
        letters.remind_now(campaign, None, text="Please.", copies=False, by=olga)
        monkeypatch.setattr(letters, "write", killed)
        with pytest.raises(OperationalError):
            write_reminders()
        assert OutgoingMail.objects.count() == 2
        write_reminders()
        write_reminders()

    assert [letters_of(each) for each in people] == 5 * [["review_asked"]]
    assert letters.unwritten() == []


def test_a_reminder_by_hand_is_dropped_with_its_campaign(olga, rui):
    campaign = running("Coupa", olga, rui)
    letters.remind_now(campaign, None, text="", copies=False, by=olga)
    Campaign.objects.update(status=Campaign.Status.CANCELLED)

    write_reminders()

    assert not OutgoingMail.objects.exists()
    assert letters.unwritten() == []
