"""A second factor that the organisation demands of administrators."""

import pytest
import time_machine

from core.actions import second_factor
from core.models import IdentityProvider, Organisation, Role
from tests.coding import PAGE, code_of, set_up, with_password
from tests.make import PASSWORD, make_user


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel("2026-05-04 09:00:10", tick=False) as moving:
        yield moving


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC, password=PASSWORD)


@pytest.fixture
def grace(ada):
    return make_user("Grace Kim", Role.BASIC, password=PASSWORD)


@pytest.fixture
def demanded(ada):
    Organisation.current()
    Organisation.objects.update(second_factor_for_administrators=True)


def test_an_administrator_without_one_sets_it_up_before_anything_else_opens(ada, demanded, client):
    way_in = with_password(client, ada, next="/settings/outbox/")
    elsewhere = [client.get(page).headers["Location"] for page in ("/", "/connectors/")]
    posted = client.post("/settings/outbox/none/again/").headers["Location"]
    nowhere = client.get("/nope/").content.decode()
    page = client.get(way_in.headers["Location"]).content.decode()
    codes = set_up(client, ada)

    assert way_in.headers["Location"] == f"{PAGE}?next=%2Fsettings%2Foutbox%2F"
    assert elsewhere == [f"{PAGE}?next=%2F", f"{PAGE}?next=%2Fconnectors%2F"]
    assert posted.startswith(PAGE)
    assert "nothing else opens before" in page
    assert "r-rail" not in page + nowhere
    assert len(codes) == 10
    assert client.get("/").status_code == 200


def test_one_that_is_demanded_is_asked_of_who_is_signed_in_already(ada, sign_in):
    browser = sign_in(ada)
    before = browser.get("/connectors/").status_code
    Organisation.objects.update(second_factor_for_administrators=True)

    after = browser.get("/connectors/")

    assert before == 200
    assert after.headers["Location"] == f"{PAGE}?next=%2Fconnectors%2F"


def test_it_is_asked_of_who_becomes_an_administrator(grace, demanded, client):
    with_password(client, grace)
    before = client.get("/").status_code
    grace.holdings.create(role=Role.CONNECTOR)

    after = client.get("/")

    assert before == 200
    assert after.headers["Location"].startswith(PAGE)


def test_it_is_asked_of_an_administrator_whose_factor_somebody_took_away(ada, demanded, sign_in, client):
    marcus = make_user("Marcus Adeyemi", Role.CONNECTOR, password=PASSWORD)
    with_password(client, marcus)
    set_up(client, marcus)
    before = client.get("/").status_code

    second_factor.remove(marcus, by=ada)

    assert before == 200
    assert client.get("/").headers["Location"].startswith(PAGE)


def test_the_page_where_one_was_going_survives_the_set_up(ada, demanded, client):
    begun = client.get(with_password(client, ada, next="/settings/outbox/").headers["Location"])
    onward = begun.context["next"]
    shown = client.post(f"{PAGE}begin/", {"next": onward}, follow=True)

    codes = client.post(f"{PAGE}confirm/", {"next": shown.context["next"], "code": code_of(ada)})

    assert 'href="/settings/outbox/">I have kept them' in codes.content.decode()


def test_htmx_of_a_half_open_session_is_led_there_as_a_whole_page(ada, demanded, client):
    with_password(client, ada)

    reply = client.get("/connectors/", headers={"HX-Request": "true"})

    assert reply.headers["HX-Redirect"].startswith(PAGE)


def test_others_and_who_comes_by_the_provider_are_not_asked(grace, demanded, client, sign_in):
    assert with_password(client, grace).headers["Location"] == "/"


def test_an_administrator_changes_the_app_by_setting_up_the_next_at_once(ada, demanded, sign_in, client):
    with_password(client, ada)
    set_up(client, ada)

    client.post(f"{PAGE}remove/")

    assert client.get("/").headers["Location"].startswith(PAGE)


def test_a_second_window_opens_once_it_is_set_up_in_the_first(ada, demanded, sign_in, client):
    with_password(client, ada)
    set_up(sign_in(ada), ada)

    client.get(PAGE)

    assert client.get("/").status_code == 200


def test_the_provider_asks_for_second_factors_itself(ada, demanded, sign_in, rf):
    from core.sign_in.entering import enter

    IdentityProvider.objects.create(status="in_force", label="Meridian ID", issuer="https://id.example")
    request = rf.get("/")
    request.session = sign_in(None).session

    reply = enter(request, ada, proof="provider", onward="/connectors/")

    assert reply.headers["Location"] == "/connectors/"
    assert request.session["proof"] == "provider"
