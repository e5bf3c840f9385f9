"""Who goes away names somebody on the desk; nobody comes to decide about themselves by it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import localdate

from core.models import Delegation, OutgoingMail, Reporting, Role
from reviews.models import Campaign, Progress, Turn
from tests.flush import past_the_triggers
from tests.make import make_user
from tests.reviews.making import make_grants, make_running

pytestmark = pytest.mark.django_db


@pytest.fixture
def rui():
    return make_user("Rui Costa", Role.BASIC)


@pytest.fixture
def nora():
    return make_user("Nora Lindqvist", Role.BASIC)


@pytest.fixture
def tom():
    return make_user("Tom Okafor", Role.BASIC)


@pytest.fixture
def browser(rui, sign_in):
    return sign_in(rui)


@pytest.fixture
def campaign(rui, nora):
    return make_running(make_grants(3, person=nora), rui)


def ask(browser, campaign, delegate, days=7, **typed):
    today = localdate()
    last = today + timedelta(days=days - 1)
    told = {"delegate": [delegate.pk], "first": today.isoformat(), "last": last.isoformat(), **typed}
    return browser.post(reverse("reviews:stand_in", args=[campaign.pk]), told, follow=True)


def test_a_reviewer_names_who_stands_in_and_gives_what_is_open(browser, campaign, rui, tom, trail):
    reply = ask(browser, campaign, tom, also_open="1")

    assert "Tom Okafor stands in" in reply.content.decode()
    assert "3 lines went to them." in reply.content.decode()
    assert Delegation.objects.get().delegate == tom
    assert set(Turn.objects.open().values_list("reviewer", flat=True)) == {tom.pk}
    assert Progress.objects.get(reviewer=rui).open == 0
    assert sorted(trail()) == ["core.delegated", "reviews.given_on"]
    assert "delegation" in set(OutgoingMail.objects.values_list("letter", flat=True))


def test_what_is_open_may_stay_where_it_is(browser, campaign, rui, tom):
    page = ask(browser, campaign, tom).content.decode()

    assert set(Turn.objects.open().values_list("reviewer", flat=True)) == {rui.pk}
    assert "stands in for you from" in page


def test_who_the_lines_are_about_never_takes_them(browser, campaign, nora, trail):
    reply = ask(browser, campaign, nora, also_open="1")

    assert reply.status_code == 422
    assert "Nora Lindqvist cannot take this on" in reply.content.decode()
    assert not Delegation.objects.exists()
    assert trail() == []


@pytest.mark.parametrize(("days", "said"), [(31, "at most 30 days"), (0, "comes before the first")])
def test_dates_have_their_bounds(browser, campaign, tom, days, said):
    reply = ask(browser, campaign, tom, days=days)

    assert reply.status_code == 422
    assert said in reply.content.decode()
    assert not Delegation.objects.exists()


def test_nobody_who_reports_to_the_reviewer_stands_in(browser, campaign, rui, tom):
    Reporting.objects.create(person=tom, manager=rui)

    reply = ask(browser, campaign, tom)

    assert reply.status_code == 422
    assert "cannot answer for their manager" in reply.content.decode()


def test_the_desk_says_for_whom_one_decides(browser, campaign, tom):
    with past_the_triggers():
        Turn.objects.filter(line_no__lte=2).update(on_behalf_of=tom)

    page = " ".join(browser.get(reverse("reviews:desk", args=[campaign.pk])).content.decode().split())

    assert 'You decide 2 lines for <bdi class="r-strong">Tom Okafor</bdi>.' in page
    assert "for <bdi>Tom Okafor</bdi>" in page


def test_of_a_review_that_is_over_nobody_takes_over(browser, campaign, tom):
    Campaign.objects.update(status=Campaign.Status.CLOSED)

    assert ask(browser, campaign, tom).status_code == 409
    assert not Delegation.objects.exists()
