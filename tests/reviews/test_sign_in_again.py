"""Steps that take decisions only from somebody who proved lately who they are."""

import pytest
from django.urls import reverse

from core.models import Role
from reviews.actions import correcting, deciding, marks
from reviews.models import Decision, Mark
from reviews.queries.desk import bar
from reviews.routing import BadPolicy, parse
from tests.make import make_user
from tests.reviews.making import make_grants, make_policy, make_running

pytestmark = pytest.mark.django_db
PASSWORD = "five brown bears under the ice"


def policy(**step):
    steps = [{"kind": "manager", **step}]
    return {"rules": [{"name": "Everything", "condition": None, "steps": steps}]}


@pytest.fixture
def rui(db):
    return make_user("Rui Costa", Role.BASIC, password=PASSWORD)


@pytest.fixture
def campaign(rui, nudges):
    campaign = make_running(
        make_grants(2, person=make_user("Nora Lindqvist")),
        rui,
        policy=make_policy("Strict", policy(sign_in_again=True)),
    )
    marks.mark(campaign, [1], Mark.Outcome.CERTIFY, by=rui)
    return campaign


def stamp(campaign, rui):
    return bar(campaign, rui).stamp


def aged(browser):
    session = browser.session
    session["proven_at"] -= 11 * 60
    session.save()
    return browser


def test_the_verb_takes_no_decision_of_somebody_who_did_not_sign_in_again(campaign, rui, trail):
    with pytest.raises(deciding.MustSignInAgain, match="sign in again before you decide line 1"):
        deciding.submit(campaign, rui, marks_seen=stamp(campaign, rui))

    assert (Decision.objects.count(), Mark.objects.count(), trail()) == (0, 1, [])
    deciding.submit(campaign, rui, marks_seen=stamp(campaign, rui), is_proven=True)
    assert Decision.objects.get().by == rui


def test_late_decisions_are_kept_until_the_password_was_given(campaign, rui, sign_in):
    browser, url = aged(sign_in(rui)), reverse("reviews:submit", args=[campaign.pk])
    assert "may be asked for your password" in browser.get(url).text

    asked = browser.post(url, {"seen": stamp(campaign, rui)})
    assert asked.status_code == 302
    assert Decision.objects.count() == 0
    page = browser.get(asked.headers["Location"])
    typed = {"password": PASSWORD, "held": page.context["held"]}
    browser.post(page.context["back"].split("?")[0], typed, follow=True)

    assert Decision.objects.get().outcome == "certified"


def test_who_signed_in_lately_is_not_asked_again(campaign, rui, sign_in):
    url = reverse("reviews:submit", args=[campaign.pk])

    sign_in(rui).post(url, {"seen": stamp(campaign, rui)})

    assert Decision.objects.count() == 1


def test_other_steps_take_decisions_of_whoever_is_signed_in(rui, sign_in):
    campaign = make_running(make_grants(1, person=make_user("Nora Lindqvist")), rui)
    marks.mark(campaign, [1], Mark.Outcome.CERTIFY, by=rui)

    aged(sign_in(rui)).post(reverse("reviews:submit", args=[campaign.pk]), {"seen": stamp(campaign, rui)})

    assert Decision.objects.count() == 1


@pytest.fixture
def olga(campaign, rui):
    """Owns the campaign, whose first line Rui certified."""
    deciding.submit(campaign, rui, marks_seen=stamp(campaign, rui), is_proven=True)
    olga = make_user("Olga Cruz", Role.CAMPAIGN, password=PASSWORD)
    campaign.ownerships.create(user=olga)
    return olga


def test_the_verb_takes_no_correction_of_somebody_who_did_not_sign_in_again(campaign, olga):
    line = campaign.tasks.get(line_no=1)
    typed = {"by": olga, "outcome": "denied", "reason": "A wrong click"}

    with pytest.raises(deciding.MustSignInAgain, match="sign in again before you decide line 1"):
        correcting.correct(line, **typed)

    assert Decision.objects.get().outcome == "certified"
    correcting.correct(line, **typed, is_proven=True)
    assert Decision.objects.get(replaced_by=None).by == olga


def test_a_late_correction_is_kept_until_the_password_was_given(campaign, olga, sign_in):
    browser, url = aged(sign_in(olga)), reverse("reviews:correct", args=[campaign.pk, 1])

    asked = browser.post(url, {"outcome": "denied", "reason": "A wrong click"})
    assert asked.status_code == 302
    assert Decision.objects.count() == 1
    page = browser.get(asked.headers["Location"])
    typed = {"password": PASSWORD, "held": page.context["held"]}
    browser.post(page.context["back"].split("?")[0], typed, follow=True)

    found = Decision.objects.get(replaced_by=None)
    assert (found.outcome, found.reason, found.by) == ("denied", "A wrong click", olga)


def test_the_switch_is_yes_or_no():
    with pytest.raises(BadPolicy, match="Yes or no"):
        parse(policy(sign_in_again="often"))
