"""The pages that put lines right."""

import pytest
from django.urls import reverse

from core.models import Role
from reviews.models import Campaign, LineRound
from tests.make import make_user
from tests.reviews.making import make_grants, make_policy, make_running

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nudges")]


@pytest.fixture
def root(db):
    return make_user("Sam Root", Role.SUPER)


@pytest.fixture
def campaign(db):
    return make_running(make_grants(3), make_user("Rui Costa", Role.BASIC))


@pytest.fixture
def url(campaign):
    return reverse("reviews:repair_lines", args=[campaign.pk])


def statuses(campaign):
    return list(campaign.tasks.order_by("line_no").values_list("status", "round"))


def test_ticked_lines_are_named_before_anything_happens(sign_in, root, campaign, url):
    page = sign_in(root).get(url, {"do": "restart", "line": ["1:1-open", "3:1-open", "x", "2"]})

    assert page.status_code == 200
    assert "Restart 2 lines" in page.text
    assert {status for status, _ in statuses(campaign)} == {"open"}


def test_several_are_put_right_at_once(sign_in, root, campaign, url):
    typed = {"do": "restart", "line": ["1:1-open", "3:1-open"], "reason": "Wrong manager"}

    page = sign_in(root).post(url, typed, follow=True)

    assert "2 lines are asked about from the first step again." in page.text
    assert statuses(campaign) == [("open", 2), ("open", 1), ("open", 2)]


def test_without_a_reason_nothing_is_lost_and_nothing_done(sign_in, root, campaign, url):
    policy = make_policy("Owners")
    typed = {"do": "policy", "line": ["2:1-open"], "policy": policy.pk, "reason": ""}

    page = sign_in(root).post(url, typed)

    assert page.status_code == 422
    assert "Give a reason" in page.text
    assert f'value="{policy.pk}" selected' in page.text
    assert LineRound.objects.count() == 0


def test_what_a_rule_refuses_is_said_in_the_form(sign_in, root, campaign, url):
    campaign.tasks.filter(line_no=2).update(status="certified")

    page = sign_in(root).post(url, {"do": "cancel", "line": ["2:1-certified"], "reason": "Test data"})

    assert page.status_code == 422
    assert "only open lines are cancelled" in page.text
    assert "Test data" in page.text


def test_a_page_that_is_old_is_told_so(sign_in, root, campaign, url):
    campaign.tasks.filter(line_no=2).update(status="certified")

    page = sign_in(root).post(url, {"do": "restart", "line": ["2:1-open"], "reason": "Once more"})

    assert page.status_code == 409
    assert "Line 2 changed meanwhile" in page.text


@pytest.mark.parametrize(("role", "named"), [(Role.SUPER, True), (Role.CAMPAIGN, False)])
def test_the_line_shows_what_its_reader_may_do(sign_in, role, named, campaign):
    by = make_user("Reader", role)
    campaign.ownerships.create(user=by)
    campaign.ownerships.exclude(user=by).delete()

    page = sign_in(by).get(reverse("reviews:campaign_line", args=[campaign.pk, 1]))

    assert "Restart" in page.text
    assert ("Hard reset" in page.text) == named


def test_nothing_is_offered_once_it_is_closed(sign_in, root, campaign):
    Campaign.objects.update(status="closed")

    page = sign_in(root).get(reverse("reviews:campaign_lines", args=[campaign.pk]))

    assert "Restart" not in page.text
