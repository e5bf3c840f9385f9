"""What reviewers see of accounts: nothing but what every line shows, unless the campaign says so."""

import pytest
from django.urls import reverse

from core.errors import NotPossible
from core.models import Role, TrailEvent
from reviews.actions import campaigns, deciding, marks, templates
from reviews.actions.facts import Course
from reviews.models import Campaign, Mark
from reviews.queries import visible
from reviews.queries.desk import bar
from reviews.queries.evidence import evidence_lines
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_campaign, make_running

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nudges")]
SAID = {"profile": {"cost-center": "4711", "salary-band": "E9", "left": None}, "employee_id": "M-17"}


@pytest.fixture
def olga():
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def rui():
    return make_user("Rui Costa", Role.BASIC)


def held(app, name="Nora Lindqvist"):
    account = make_account(app, name, person=make_user(name), **SAID)
    return make_grant(account, make_entitlement(app, "Buyer"))


def change(campaign, by, *keys):
    campaigns.change_course(
        campaign, Course(shown_attributes=keys), starts_at=None, seen=campaign.changed_at, by=by
    )


def test_nothing_is_shown_unless_it_was_chosen(olga, rui):
    campaign = make_running([held(make_app("Coupa"))], rui, olga)

    assert campaign.shown_attributes == []
    assert visible.attributes_of(campaign, campaign.tasks.get()) == []


def test_what_was_chosen_is_shown_of_the_apps_it_was_chosen_for(olga, rui):
    coupa, other = make_app("Coupa"), make_app("Spend Desk")
    keys = ["employee_id", f"{coupa.pk}:cost-center", f"{coupa.pk}:left", f"{other.pk}:salary-band"]
    campaign = make_running([held(coupa), held(other, "Hugo Brandt")], rui, olga, shown_attributes=keys)
    first, second = campaign.tasks.order_by("line_no")

    told = [(each.label, each.value) for each in visible.attributes_of(campaign, first)]

    assert told == [("Employee ID", "M-17"), ("cost-center", "4711"), ("left", "")]
    assert visible.labels(campaign, second.app_id) == ["Employee ID", "salary-band"]


def test_the_apps_own_attributes_are_offered_by_name_and_what_was_chosen_stays_among_them(olga):
    coupa = make_app("Coupa")
    held(coupa)
    draft = make_campaign("Coupa", olga)

    offered = dict(visible.offered(draft.scope, [f"{coupa.pk}:gone-by-now"]))

    assert offered["Of every app"] == list(visible.PLAIN.items())
    assert [label for _, label in offered["Coupa"]] == ["cost-center", "gone-by-now", "salary-band"]


def test_the_choice_is_in_the_trail_by_name_and_goes_along_with_copies(olga):
    coupa = make_app("Coupa")
    draft = make_campaign("Coupa", olga)

    change(draft, olga, "employee_id", f"{coupa.pk}:cost-center")

    draft.refresh_from_db()
    told = TrailEvent.objects.get(action="campaigns.changed")
    assert told.change["after"] == {"shown_attributes": ["Employee ID", "cost-center (Coupa)"]}
    copy = campaigns.duplicate(draft, "Again", policy=None, by=olga)
    template = templates.create(draft, "Each quarter", templates.Rhythm(), by=olga)
    assert copy.shown_attributes == template.shown_attributes == draft.shown_attributes


@pytest.mark.parametrize("key", ["salary", "nowhere:cost-center"])
def test_what_is_not_known_cannot_be_chosen(key, olga, trail):
    draft = make_campaign("Coupa", olga)

    with pytest.raises(NotPossible, match="not known here"):
        change(draft, olga, key)

    assert trail() == []


def test_once_it_has_started_the_choice_stands(olga, rui):
    campaign = make_running([held(make_app("Coupa"))], rui, olga)

    with pytest.raises(NotPossible, match="has started"):
        change(campaign, olga, "employee_id")


def test_a_mark_keeps_what_was_shown_and_so_does_the_evidence(olga, rui):
    coupa = make_app("Coupa")
    keys = ["employee_id", f"{coupa.pk}:cost-center"]
    campaign = make_running([held(coupa), held(coupa, "Hugo Brandt")], rui, olga, shown_attributes=keys)
    listed = {"instructions": 1, "view": "person", "listed": True, "columns": ["access"]}

    marks.mark(
        campaign, [1, 2], Mark.Outcome.DENY, by=rui, reason="Left.", seen={1: listed, 0: {"listed": False}}
    )

    first, second = Mark.objects.order_by("task__line_no")
    assert first.seen["attributes"] == ["Employee ID", "cost-center"]
    assert "attributes" not in second.seen
    deciding.submit(campaign, rui, marks_seen=bar(campaign, rui).stamp)
    told = next(iter(evidence_lines(campaign)))
    assert told.steps[0] is not None
    assert "attributes Employee ID, cost-center" in told.steps[0].seen


def test_the_details_of_a_line_show_it_to_the_reviewer_and_nothing_else(olga, rui, sign_in):
    coupa = make_app("Coupa")
    keys = [f"{coupa.pk}:cost-center", f"{coupa.pk}:left"]
    campaign = make_running([held(coupa)], rui, olga, shown_attributes=keys)

    page = sign_in(rui).get(reverse("reviews:line", args=[campaign.pk, 1])).content.decode()

    assert "cost-center" in page
    assert "4711" in page
    assert "Not provided by <bdi>Coupa</bdi>" in page
    assert ">E9<" not in page
    assert "M-17" not in page


def test_it_is_chosen_on_the_page_of_the_schedule(olga, sign_in):
    coupa = make_app("Coupa")
    held(coupa)
    draft = make_campaign("Coupa", olga)
    browser, url = sign_in(olga), reverse("reviews:draft_schedule", args=[draft.pk])
    assert f'value="{coupa.pk}:cost-center"' in browser.get(url).content.decode()
    course = {"days_to_decide": 14, "desk": "person", "when_removed": "confirmed", "at_end": "exception"}
    seen = {"changed_at": draft.changed_at.isoformat()}

    wrong = browser.post(url, {**course, **seen, "shown_attributes": ["salary"]})
    right = browser.post(url, {**course, **seen, "shown_attributes": [f"{coupa.pk}:cost-center"]})

    assert (wrong.status_code, right.status_code) == (422, 302)
    assert "One of the attributes is not known here" in wrong.content.decode()
    assert Campaign.objects.get().shown_attributes == [f"{coupa.pk}:cost-center"]
