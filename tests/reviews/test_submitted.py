"""Who submits learns what became of each mark, and that more are ready than one submission takes."""

import pytest
from django.urls import reverse

from core.models import Role
from reviews.actions import deciding, giving, marks
from reviews.models import Decision, Mark, ReviewTask, Submission, Turn
from reviews.queries.desk import bar
from reviews.queries.submitting import summary
from tests.make import make_user
from tests.reviews.making import make_grants, make_running, make_turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def rui():
    return make_user("Rui Costa", Role.BASIC)


@pytest.fixture
def tom():
    return make_user("Tom Okafor", Role.BASIC)


@pytest.fixture
def browser(rui, sign_in):
    return sign_in(rui)


@pytest.fixture
def campaign(rui):
    return make_running(make_grants(6, person=make_user("Nora Lindqvist")), rui)


def submit(browser, campaign, person):
    typed = {"seen": bar(campaign, person).stamp}
    return browser.post(reverse("reviews:submit", args=[campaign.pk]), typed, follow=True)


def text_of(reply):
    return " ".join(reply.content.decode().split())


def test_where_all_went_well_the_desk_says_so(browser, campaign, rui):
    marks.mark(campaign, [1, 2], Mark.Outcome.CERTIFY, by=rui)

    reply = submit(browser, campaign, rui)

    assert reply.redirect_chain[-1][0] == reverse("reviews:desk", args=[campaign.pk])
    assert "Submitted: 2 certified, 0 denied. All 2 were accepted." in text_of(reply)


def test_what_went_elsewhere_is_named_with_why(browser, campaign, rui, tom):
    marks.mark(campaign, [1, 2, 3, 4], Mark.Outcome.CERTIFY, by=rui)
    marks.mark(campaign, [5], Mark.Outcome.DENY, by=rui)
    other = make_turn(campaign.tasks.get(line_no=2), tom)
    marks.mark(campaign, [2], Mark.Outcome.CERTIFY, by=tom)
    deciding.submit(campaign, tom, marks_seen=bar(campaign, tom).stamp)
    giving.give_on(Turn.objects.filter(reviewer=rui, line_no=3), tom, by=rui, reason="Knows it better")
    ReviewTask.objects.filter(line_no=4).update(status="cancelled", status_reason="The access ended.")
    Turn.objects.filter(reviewer=rui, line_no=4).update(status=Turn.Status.ENDED)

    reply = submit(browser, campaign, rui)
    text = text_of(reply)

    assert other.reviewer == tom
    assert "1 of 4 accepted" in text
    assert "Tom Okafor was first: certified." in text
    assert "It was given to somebody else." in text
    assert "The line ended meanwhile. The access ended." in text
    assert "1 needs a reason and stays marked" in text
    for line_no in (2, 3, 4, 5):
        assert reverse("reviews:line", args=[campaign.pk, line_no]) in text
    assert Decision.objects.filter(by=rui).count() == 1


def test_more_marks_than_one_submission_takes_go_in_several(browser, campaign, rui, monkeypatch):
    monkeypatch.setattr("reviews.actions.deciding.MOST", 2)
    monkeypatch.setattr("reviews.queries.submitting.MOST", 2)
    marks.mark(campaign, [1, 2, 3, 4, 5], Mark.Outcome.CERTIFY, by=rui)

    page = text_of(browser.get(reverse("reviews:submit", args=[campaign.pk])))
    first = text_of(submit(browser, campaign, rui))
    second = text_of(submit(browser, campaign, rui))
    last = submit(browser, campaign, rui)

    assert "3 more are ready for a submission after this one" in page
    assert "3 more are ready" in first
    assert "1 more is ready" in second
    assert last.redirect_chain[-1][0] == reverse("reviews:desk", args=[campaign.pk])
    assert list(Submission.objects.order_by("pk").values_list("accepted", flat=True)) == [2, 2, 1]


def test_marks_without_a_reason_are_counted_however_many_they_are(campaign, rui, monkeypatch):
    monkeypatch.setattr("reviews.queries.submitting.SHOWN", 2)
    monkeypatch.setattr("reviews.queries.submitting.MOST", 4)
    marks.mark(campaign, [1, 2, 3, 4, 5], Mark.Outcome.DENY, by=rui)
    marks.mark(campaign, [6], Mark.Outcome.CERTIFY, by=rui)

    found = summary(campaign, rui)

    assert (found.needing_number, len(found.needing), found.ready, found.later) == (5, 2, 1, 0)


def test_nobody_sees_what_another_submitted(campaign, rui, tom, sign_in):
    make_turn(campaign.tasks.get(line_no=2), tom)
    marks.mark(campaign, [1], Mark.Outcome.CERTIFY, by=rui)
    done = deciding.submit(campaign, rui, marks_seen=bar(campaign, rui).stamp)
    url = reverse("reviews:submission", args=[campaign.pk, done.submission.key])

    assert sign_in(rui).get(url).status_code == 200
    assert sign_in(tom).get(url).status_code == 404
