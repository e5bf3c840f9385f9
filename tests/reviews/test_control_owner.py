"""Somebody else signs off."""

import pytest
from django.urls import reverse

from core.errors import Denied, NotPossible
from core.models import Role, TrailEvent
from reviews.actions import campaigns
from reviews.actions.sampling import still_to_look_at
from reviews.models import Campaign, Decision, Look, SampledLine
from reviews.queries.looks import sample_of
from tests.make import make_user
from tests.reviews.making import make_grants, make_running

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nudges")]


@pytest.fixture
def owner(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def control(db):
    return make_user("Ines Moreau", Role.BASIC)


@pytest.fixture
def other(db):
    return make_user("Hugo Brandt", Role.BASIC)


@pytest.fixture
def campaign(owner, control):
    campaign = make_running(make_grants(2), make_user("Rui Costa", Role.BASIC), owner, control_owner=control)
    row = SampledLine.objects.create(campaign=campaign, task=campaign.tasks.get(line_no=1), line_no=1)
    Look.objects.create(sampled=row, agrees=False, note="They left", by=control)
    return campaign


def change(campaign, to, by, reason="She left the company"):
    campaigns.change_control_owner(campaign, to, by=by, reason=reason)


@pytest.mark.parametrize("status", ["staged", "running", "closed", "remediation"])
def test_who_runs_it_has_somebody_else_sign_off_who_looks_anew_and_nothing_said_is_lost(
    campaign, owner, control, other, status
):
    Campaign.objects.update(status=status)

    change(campaign, other, owner)

    campaign.refresh_from_db()
    assert campaign.control_owner == other
    (looked,) = sample_of(campaign)
    assert looked.now is None
    assert still_to_look_at(campaign) == 1
    assert [(look.agrees, look.note, look.by) for look in looked.earlier] == [(False, "They left", control)]
    event = TrailEvent.objects.get(action="campaigns.control_owner_changed")
    assert event.change["before"] == {"control_owner": "Ines Moreau"}
    assert event.change["reason"] == "She left the company"


@pytest.mark.parametrize("who", ["control", "other", "reader"])
def test_nobody_else_changes_who_signs_off(campaign, control, other, who):
    person = {"control": control, "other": other, "reader": make_user("Ada Lindgren", Role.READ_ONLY)}[who]

    with pytest.raises(Denied):
        change(campaign, other, person)

    assert Campaign.objects.get().control_owner == control


@pytest.mark.parametrize("status", ["draft", "staging", "signed_off", "cancelled"])
def test_neither_before_it_is_staged_nor_once_it_is_over(campaign, owner, other, status):
    Campaign.objects.update(status=status)

    with pytest.raises(NotPossible, match="cannot be changed here now"):
        change(campaign, other, owner)


def test_a_reason_is_wanted(campaign, owner, other):
    with pytest.raises(NotPossible, match="Say why"):
        change(campaign, other, owner, reason=" ")


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("decided", "decided 1 of its lines"),
        ("their double decided", "decided 1 of its lines"),
        ("is asked", "is asked about 2 lines"),
        ("left", "deactivated"),
        ("only reads", "may only read"),
        ("is it", "already"),
    ],
)
def test_only_somebody_who_decided_nothing_and_can_sign_off_takes_over(
    campaign, owner, control, other, what, sentence
):
    task = campaign.tasks.get(line_no=1)
    turn = task.turns.get()
    by = {"decided": other, "their double decided": make_user("Hugo B", employee_id="77")}.get(what)
    other.employee_id = "77"
    other.save()
    if by is not None:
        Decision.objects.create(task=task, campaign=campaign, turn=turn, outcome="certified", by=by)
    to = {
        "is asked": turn.reviewer,
        "left": make_user("Peter Kovacs", Role.BASIC, status="deactivated"),
        "only reads": make_user("Ada Lindgren", Role.READ_ONLY),
        "is it": control,
    }.get(what, other)

    with pytest.raises(NotPossible, match=sentence):
        change(campaign, to, owner)

    assert Campaign.objects.get().control_owner == control
    assert Look.objects.get().agrees is False


def test_it_is_changed_on_a_page_that_keeps_what_was_typed(campaign, owner, other, sign_in):
    browser, url = sign_in(owner), reverse("reviews:control_owner", args=[campaign.pk])
    Campaign.objects.update(status="closed")

    assert url in browser.get(reverse("reviews:sign_off", args=[campaign.pk])).content.decode()
    found = browser.post(url, {"to_words": "Hugo", "to_find": "1", "reason": "Moved to Sales"})
    nobody = browser.post(url, {"reason": "Moved to Sales"})
    why = browser.post(url, {"to": other.pk, "reason": ""})
    done = browser.post(url, {"to": other.pk, "reason": "Moved to Sales"})

    assert "Hugo Brandt" in found.content.decode()
    assert "Moved to Sales" in found.content.decode()
    assert (nobody.status_code, why.status_code, done.status_code) == (422, 422, 302)
    assert "Choose one person." in nobody.content.decode()
    assert Campaign.objects.get().control_owner == other
