"""The Reviews part of Settings, on screen."""

import pytest
from django.urls import reverse

from core.models import Role, TrailEvent
from reviews.actions import rules
from reviews.models import ReviewRules
from tests.make import make_user

pytestmark = pytest.mark.django_db
PAGE = "reviews:rules"
TYPED = {
    "counted_hours": 12,
    "people_days": 7,
    "grave_removal_days": 2,
    "removal_days": 5,
    "sample_percent": 20,
    "days_to_decide": 10,
}


@pytest.fixture
def ada():
    return make_user("Ada Lindgren", Role.SUPER)


def typed(**changes):
    return {**TYPED, "changed_at": ReviewRules.current().changed_at.isoformat(), **changes}


def test_the_page_is_a_part_of_settings_and_saves_what_is_typed(ada, sign_in, trail):
    ReviewRules.objects.create()
    browser = sign_in(ada)
    assert f'href="{reverse(PAGE)}" aria-current="page"' in browser.get(reverse(PAGE)).content.decode()

    reply = browser.post(reverse(PAGE), typed())

    assert reply.status_code == 302
    assert ReviewRules.objects.get().values() == TYPED
    assert trail() == ["reviews.rules_changed"]


def test_the_first_save_of_all_counts_although_there_is_no_row_yet(ada, sign_in):
    browser = sign_in(ada)
    shown = browser.get(reverse(PAGE)).context["form"]["changed_at"].value()

    reply = browser.post(reverse(PAGE), {**TYPED, "changed_at": shown})

    assert reply.status_code == 302
    assert ReviewRules.objects.get().counted_hours == 12


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"counted_hours": 25}, "At most 24 hours: this may be made stricter, never looser."),
        ({"people_days": 8}, "At most 7 days: this may be made stricter, never looser."),
        ({"people_days": ""}, "Enter a number of days between 1 and 7."),
        ({"grave_removal_days": 6}, "no later than any other"),
        ({"removal_days": "soon"}, "Enter a number of days between 1 and 60."),
        ({"sample_percent": 101}, "Enter a number of percent between 0 and 100."),
        ({"days_to_decide": 0}, "Enter a number of days between 1 and 180."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(wrong, sentence, ada, sign_in, trail):
    reply = sign_in(ada).post(reverse(PAGE), typed(**wrong))

    assert reply.status_code == 422
    page = reply.content.decode()
    assert sentence in page
    assert all(f'value="{value}"' in page for value in wrong.values() if value != "")
    assert trail() == []


def test_whoever_was_slower_sees_both_values(ada, sign_in):
    ReviewRules.objects.create()
    late = typed(counted_hours=6)
    rules.change({"counted_hours": 18}, seen=ReviewRules.current().changed_at, by=ada)

    reply = sign_in(ada).post(reverse(PAGE), late)

    assert reply.status_code == 409
    assert 'value="6"' in reply.content.decode()
    assert ReviewRules.current().counted_hours == 18
    assert TrailEvent.objects.count() == 1


def test_auditors_see_the_facts_alone(sign_in):
    page = sign_in(make_user("Vera Stein", Role.READ_ONLY)).get(reverse(PAGE)).content.decode()

    assert "24 hours at staging" in page
    assert "<button" not in page.split('class="r-settings__page"')[1].split("</main>")[0].split("Trail")[0]
