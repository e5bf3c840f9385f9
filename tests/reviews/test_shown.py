"""A decision keeps what its page showed, not what the same page would show later."""

import pytest
import time_machine
from django.urls import reverse
from django.utils.timezone import now

from core.models import Role
from reviews.models import Instructions, Mark
from reviews.queries.shown import LONGEST, Outdated, Said, Shown, shown_by, token_of
from tests.make import make_user
from tests.reviews.making import make_grants, make_running
from tests.reviews.showing import shown_to

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def rui():
    return make_user("Rui Costa", Role.BASIC)


@pytest.fixture
def nora():
    return make_user("Nora Lindqvist", title="Buyer")


@pytest.fixture
def browser(rui, sign_in):
    return sign_in(rui)


@pytest.fixture
def campaign(rui, nora):
    return make_running(make_grants(3, person=nora), rui)


def press(browser, campaign, typed, of="", **more):
    query = f"?view=person&of={of}"
    return browser.post(reverse("reviews:mark", args=[campaign.pk]) + query, typed, **more)


def test_a_mark_keeps_what_the_page_showed_though_it_changed_since(browser, campaign, rui):
    shown = shown_to(rui, campaign)
    Instructions.objects.create(campaign=campaign, number=2, text="Look twice.")
    for number in range(6):
        make_user(f"Buyer {number}", title="Buyer")

    press(browser, campaign, {"certify": "1", "shown": shown})

    seen = Mark.objects.get().seen
    assert (seen["instructions"], seen["view"], seen["listed"]) == (1, "person", True)
    assert "title" not in seen["hints"]
    assert "hints" in seen["columns"]


def test_the_details_keep_all_their_hints_and_that_they_were_open(browser, campaign, rui):
    page = browser.get(reverse("reviews:line", args=[campaign.pk, 2]))

    press(browser, campaign, {"certify": "2", "drawer": "2", "shown": page.context["shown"]})

    assert "details" in Mark.objects.get().seen["columns"]


def test_a_line_of_a_group_that_no_page_showed_says_so(browser, campaign, rui, nora):
    shown = Shown(1, "person", ["access"], {1: Said(["title"], "certify")})
    token = token_of(shown, campaign, rui)

    press(browser, campaign, {"group": "certify 1", "shown": token}, nora.pk)

    told = {mark.task.line_no: mark.seen["listed"] for mark in Mark.objects.select_related("task")}
    assert told == {1: True, 2: False, 3: False}


@pytest.mark.parametrize("shown", ["", "nonsense", "of another", "of another campaign"])
def test_what_was_not_shown_to_this_person_marks_nothing(browser, campaign, rui, shown):
    other = make_running(make_grants(1), rui, name="Other")
    known = {
        "of another": lambda: shown_to(make_user("Tom Okafor"), campaign),
        "of another campaign": lambda: shown_to(rui, other),
    }
    token = known.get(shown, lambda: shown)()

    reply = press(browser, campaign, {"certify": "1", "shown": token})

    assert reply.status_code == 409
    assert "This page stood open for too long" in reply.content.decode()
    assert not Mark.objects.exists()


def test_a_page_may_stand_open_for_a_day(campaign, rui):
    token = shown_to(rui, campaign)

    with time_machine.travel(now().timestamp() + LONGEST - 60):
        assert shown_by(token, campaign, rui).view == "person"
    with time_machine.travel(now().timestamp() + LONGEST + 60), pytest.raises(Outdated):
        shown_by(token, campaign, rui)


def test_nothing_is_lost_where_a_page_is_too_old(browser, campaign):
    typed = {"selected": "deny", "line": ["1", "3"], "bulk_reason": "Never needed", "reason-2": "Left"}

    plain = press(browser, campaign, {**typed, "shown": "old"})
    page = plain.content.decode()

    assert plain.status_code == 409
    assert page.count("checked") == 2
    assert 'value="Never needed"' in page
    assert Mark.objects.get().reason == "Left"
    assert Mark.objects.get().outcome == ""


def test_with_script_the_page_is_renewed_where_it_stands(browser, campaign, rui):
    reply = press(browser, campaign, {"deny": "1", "reason-1": "Left", "shown": "old"}, headers=HTMX)
    text = reply.content.decode()
    token = reply.context["shown"]

    assert reply.status_code == 200
    assert "This page stood open for too long" in text
    assert 'id="groups" hx-swap-oob="true"' in " ".join(text.split())
    assert Mark.objects.get().reason == "Left"
    press(browser, campaign, {"deny": "1", "shown": token})
    assert (Mark.objects.get().outcome, Mark.objects.get().reason) == ("deny", "Left")


def test_a_line_drawn_anew_is_known_to_its_page(browser, campaign, rui):
    shown = shown_to(rui, campaign)
    for number in range(6):
        make_user(f"Buyer {number}", title="Buyer")

    reply = press(browser, campaign, {"deny": "1", "shown": shown}, headers=HTMX)
    press(browser, campaign, {"certify": "1", "shown": reply.context["shown"]}, headers=HTMX)
    press(browser, campaign, {"certify": "2", "shown": reply.context["shown"]}, headers=HTMX)

    hints = {mark.task.line_no: mark.seen["hints"] for mark in Mark.objects.select_related("task")}
    assert "title" in hints[1]
    assert "title" not in hints[2]
