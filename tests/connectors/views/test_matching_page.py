"""How accounts are matched: seen by whoever sees the app, changed by who governs it, in force at once."""

import pytest
from django.urls import reverse

from connectors import jobs
from connectors.models import Account, App
from connectors.queries import accounts as account_queries
from core.models import Role, TrailEvent
from tests.make import make_account, make_app, make_user


@pytest.fixture
def tom(db):
    return make_user("Tom Okafor", Role.APPLICATION, Role.BASIC)


@pytest.fixture
def app(tom):
    return make_app("Coupa", tom)


@pytest.fixture
def url(app):
    return reverse("connectors:matching", args=[app.pk])


def typed(app, **fields):
    return {"matching": "narrow", "changed_at": app.changed_at.isoformat(), **fields}


def test_saving_matches_every_account_anew_at_once(app, url, tom, sign_in, trail):
    kim = make_user("Kim Sorensen", email="kim@meridian.example")
    robot = make_account(app, "Kim Sorensen", login="ks")

    reply = sign_in(tom).post(url, typed(app, matching="broad", drops_plus="on"))

    robot.refresh_from_db()
    app.refresh_from_db()
    assert reply.status_code == 302
    assert (robot.person, robot.matched_by) == (kim, "name")
    assert (app.matching, app.drops_plus) == ("broad", True)
    assert trail() == ["apps.matching_changed"]
    assert TrailEvent.objects.get().change["matching"] == {
        "before": "Employee number, e-mail, login",
        "after": "E-mail, login, then name; what follows a + is dropped",
    }


def test_pairs_of_ones_own_are_kept_in_their_order(app, url, tom, sign_in):
    make_account(app, "Robot", profile={"badge": "7", "nested": {"no": 1}})
    make_user("Kim Sorensen", employee_id="7")
    pairs = {"account_0": "profile.badge", "person_0": "employee_id"}
    pairs |= {"account_1": "login", "person_1": "email_name"}

    reply = sign_in(tom).post(url, typed(app, matching="custom", **pairs))

    app.refresh_from_db()
    assert reply.status_code == 302
    assert app.pairs == [["profile.badge", "employee_id"], ["login", "email_name"]]
    assert Account.objects.get().matched_by == "pair"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"matching": ""}, "Choose how accounts are matched."),
        ({"matching": "custom"}, "Name at least one pair"),
        ({"account_2": "login"}, "A pair needs both halves."),
        ({"account_2": "profile.unknown", "person_2": "email"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(fields, sentence, app, url, tom, sign_in):
    reply = sign_in(tom).post(url, typed(app, drops_plus="on", **fields))

    page = reply.content.decode()
    app.refresh_from_db()
    assert reply.status_code == 422
    assert sentence in page
    assert 'name="drops_plus" class="r-check" id="id_drops_plus" checked' in page
    assert app.matching == "default"


def test_a_preview_says_what_would_be_and_saves_nothing(app, url, tom, sign_in, trail):
    make_user("Kim Sorensen", email="kim@meridian.example")
    robot = make_account(app, "Kim Sorensen", login="ks")

    reply = sign_in(tom).post(url, typed(app, matching="broad", preview="1"))

    robot.refresh_from_db()
    page = " ".join(reply.content.decode().split())
    assert "1 of 1 accounts would have an owner: 1 get one, 0 another, 0 lose theirs." in page
    assert robot.person is None
    assert trail() == []


def test_whoever_saves_on_an_old_page_is_told_so(app, url, tom, sign_in):
    old = typed(app)
    browser = sign_in(tom)
    browser.post(url, typed(app, matching="broad"))

    reply = browser.post(url, old)

    assert reply.status_code == 409
    assert "Somebody else saved this meanwhile" in reply.content.decode()
    assert App.objects.get(pk=app.pk).matching == "broad"


def test_every_account_without_an_owner_stands_under_one_reason(app, url, tom, sign_in):
    make_account(app, "A", login="a@x.example")
    make_account(app, "B", login="b@x.example", match_hint="2 people have the e-mail address b@x.example.")
    make_account(app, "C", email="", login="c")
    make_account(app, "D", email="", login="d", employee_id="9")
    make_account(app, "E", matched_by=Account.Match.CLEARED)
    make_account(app, "F", person=tom, matched_by="email")

    found = {each.key: each.number for each in account_queries.reasons(app)}

    assert found == {"email": 1, "several": 1, "nothing": 1, "number": 1, "cleared": 1}
    browser, accounts = sign_in(tom), reverse("connectors:accounts", args=[app.pk])
    for key in found:
        assert f'href="{accounts}?why={key}">1<' in browser.get(url).content.decode()
        assert browser.get(accounts, {"why": key}).context["page"].total == 1


def test_every_hour_people_who_came_meanwhile_are_found(app, trail):
    mine = make_account(app, "Kim", login="kim@meridian.example")
    kim = make_user("Kim Sorensen", email="kim@meridian.example")

    jobs.rematch()
    jobs.rematch()

    mine.refresh_from_db()
    assert mine.person == kim
    assert trail() == ["apps.matched_anew"]
