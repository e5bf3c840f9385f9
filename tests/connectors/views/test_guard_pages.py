"""The guard of a connector, and the switch over all of them, on screen."""

import pytest
from django.urls import reverse

from connectors.actions import guarding
from connectors.models import Connector, ConnectorRules
from core.errors import Denied, NotPossible, StaleState
from core.models import Role, TrailEvent
from tests.make import make_connected, make_run, make_user

USUAL = {"accounts": 10, "grants": 10, "kind": 20, "owners": 10}


@pytest.fixture
def admin(db):
    return make_user("Marcus Adeyemi", Role.CONNECTOR)


@pytest.fixture
def connector(admin, nudges):
    return make_connected(make_user("Grace Kim", Role.BASIC))


@pytest.fixture
def page(connector):
    return reverse("connectors:guard", args=[connector.pk])


@pytest.fixture
def send(admin, sign_in, connector, page):
    """Save the form; what is not named stays as it is."""
    browser = sign_in(admin)
    seen = connector.changed_at.isoformat()

    def one(**typed):
        return browser.post(page, {"changed_at": seen, "guard": "on", **USUAL, **typed})

    return one


def text(reply):
    return reply.content.decode()


def test_limits_are_saved_where_they_differ_and_stand_in_the_trail(send, connector):
    reply = send(accounts=25, reason="Coupa moves a plant")

    connector.refresh_from_db()
    event = TrailEvent.objects.latest("pk")
    assert reply.headers["Location"] == reverse("connectors:connector", args=[connector.pk])
    assert connector.limits == {"accounts": 25}
    assert (event.action, event.severity) == ("connectors.guard_changed", "neutral")
    assert event.change == {"accounts": {"before": 10, "after": 25}, "reason": "Coupa moves a plant"}


def test_to_let_more_through_wants_a_reason_and_to_let_less_does_not(send, connector):
    assert send(accounts=11).status_code == 422
    assert send(accounts=9).status_code == 302

    connector.refresh_from_db()
    assert connector.limits == {"accounts": 9}


@pytest.mark.parametrize("wrong", ["0", "51", "ten", ""])
def test_a_limit_is_from_one_to_fifty(wrong, send, connector):
    reply = send(grants=wrong)

    connector.refresh_from_db()
    assert reply.status_code == 422
    assert "Enter a whole number from 1 to 50." in text(reply)
    assert connector.limits == {}


def test_to_switch_it_off_wants_a_reason(send, connector):
    refused = send(guard="off", accounts=33)
    taken = send(guard="off", accounts=33, reason=" Two tenants become one ")

    connector.refresh_from_db()
    event = TrailEvent.objects.latest("pk")
    assert refused.status_code == 422
    assert 'value="33"' in text(refused)
    assert taken.status_code == 302
    assert (connector.is_guarded, connector.limits) == (False, {"accounts": 33})
    assert (event.action, event.severity) == ("connectors.guard_off", "error")
    assert event.change["reason"] == "Two tenants become one"


def test_it_stays_off_and_comes_on_again_without_a_reason(send, connector):
    Connector.objects.update(is_guarded=False)

    assert send(guard="off").status_code == 302
    assert not Connector.objects.get().is_guarded
    assert send(guard="on").status_code == 302
    assert Connector.objects.get().is_guarded


def test_nothing_changed_is_nothing_told(send):
    before = TrailEvent.objects.count()

    send()

    assert TrailEvent.objects.count() == before


def test_a_stale_form_shows_both_and_loses_nothing(send, connector):
    send(accounts=25, reason="Coupa moves a plant")

    reply = send(accounts=40, reason="And another")

    assert reply.status_code == 409
    assert 'value="40"' in text(reply)
    assert Connector.objects.get().limits == {"accounts": 25}


def test_the_owner_sees_the_guard_and_cannot_change_it(connector, sign_in, page):
    browser = sign_in(connector.owners_now()[0])

    shown = text(browser.get(reverse("connectors:connector", args=[connector.pk])))

    assert "A run that would take away more waits for a person." in shown
    assert f'href="{page}"' not in shown
    assert browser.get(page).status_code == 403


def test_the_verbs_refuse_what_no_form_sends(admin, connector):
    wrong = {**USUAL, "accounts": 60}
    with pytest.raises(NotPossible, match="from 1 to 50"):
        guarding.set_guard(
            connector, by=admin, seen=connector.changed_at, is_guarded=True, limits=wrong, reason=""
        )
    with pytest.raises(Denied, match="Only a Super Administrator"):
        guarding.switch_guards(by=admin, guards=False, reason="No")


def test_the_switch_over_all_guards_is_said_everywhere(connector, sign_in):
    browser = sign_in(make_user("Ada Lindgren", Role.SUPER))
    held = make_run(connector, status="held", ended_at=None)
    pages = [
        reverse("connectors:connector", args=[connector.pk]),
        reverse("connectors:run", args=[held.key]),
        reverse("connectors:guard", args=[connector.pk]),
    ]
    assert not any("All guards are off" in text(browser.get(page)) for page in pages)

    refused = browser.post("/settings/connectors/", {"guards": "off"})
    browser.post("/settings/connectors/", {"guards": "off", "reason": "Coupa moves"})

    event = TrailEvent.objects.latest("pk")
    assert refused.status_code == 422
    assert not ConnectorRules.current().guards
    assert (event.action, event.severity) == ("connectors.guards_off", "error")
    assert all("All guards are off" in text(browser.get(page)) for page in pages)


def test_the_switch_is_switched_once(connector):
    ada = make_user("Ada Lindgren", Role.SUPER)
    with pytest.raises(StaleState, match="on already"):
        guarding.switch_guards(by=ada, guards=True, reason="So")

    guarding.switch_guards(by=ada, guards=False, reason="Coupa moves")
    guarding.switch_guards(by=ada, guards=True, reason="It has moved")

    assert ConnectorRules.current().guards
    assert TrailEvent.objects.latest("pk").action == "connectors.guards_on"


def test_the_settings_page_names_what_has_no_guard(connector, sign_in):
    Connector.objects.update(is_guarded=False)
    auditor = sign_in(make_user("Rui Auditor", Role.READ_ONLY))

    page = text(auditor.get("/settings/connectors/"))

    assert f'href="{reverse("connectors:connector", args=[connector.pk])}"' in page
    assert "Switch all guards off" not in page
    assert 'href="/settings/connectors/" aria-current="page"' in page
