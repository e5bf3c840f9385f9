"""Which app a connector reads, and who looks after it."""

from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from connectors.actions import connectors
from connectors.actions.connectors import AppChoice
from connectors.models import App, Connector
from core.errors import Denied, NotPossible
from core.models import OutgoingMail, Role, User
from tests.make import make_app, make_connector, make_user


@pytest.fixture
def admin(db):
    return make_user("Marcus Adeyemi", Role.CONNECTOR)


@pytest.fixture
def grace(db):
    return make_user("Grace Kim", Role.BASIC)


@pytest.mark.parametrize("role", [Role.SUPER, Role.CONNECTOR])
def test_who_runs_connectors_makes_one_and_owns_it(role, db, trail):
    admin = make_user("Marcus Adeyemi", role)

    connector = connectors.create("coupa", AppChoice(new_name="Coupa"), by=admin)

    assert connector.status == Connector.Status.NOT_CONNECTED
    assert list(connector.owners_now()) == [admin]
    assert connector.app.status == App.Status.MANAGED
    assert trail() == ["apps.created", "connectors.created"]


def test_a_basic_user_makes_none(grace, trail):
    with pytest.raises(Denied):
        connectors.create("coupa", AppChoice(new_name="Coupa"), by=grace)

    assert not Connector.objects.exists()
    assert not App.objects.exists()
    assert trail() == []


def test_an_unmanaged_app_becomes_managed_and_lends_its_name(admin, trail):
    found = make_app("Coupa", status=App.Status.UNMANAGED, found_through='Okta app "Coupa SSO"')

    connector = connectors.create("coupa", AppChoice(app=found), by=admin)

    found.refresh_from_db()
    assert found.status == App.Status.MANAGED
    assert (connector.app, connector.name) == (found, "Coupa")
    assert trail() == ["apps.managed", "connectors.created"]


def test_a_new_app_without_a_name_is_refused_whole(admin):
    with pytest.raises(NotPossible, match="name"):
        connectors.create("coupa", AppChoice(new_name="  "), by=admin)

    assert not App.objects.exists()


def test_going_back_to_another_app_leaves_the_first_as_it_was(admin):
    found = make_app("Coupa", status=App.Status.UNMANAGED, found_through="Okta")
    other = make_app("Travel Desk", status=App.Status.UNMANAGED, found_through="Okta")
    connector = connectors.create("coupa", AppChoice(app=found), by=admin)

    connectors.choose_app(connector, AppChoice(app=other), by=admin)

    found.refresh_from_db()
    other.refresh_from_db()
    assert (found.status, other.status) == (App.Status.UNMANAGED, App.Status.MANAGED)
    assert Connector.objects.get().app == other


def test_going_back_from_a_new_app_takes_it_away_again(admin):
    other = make_app("Travel Desk")
    connector = connectors.create("coupa", AppChoice(new_name="Coupa"), by=admin)

    connectors.choose_app(connector, AppChoice(app=other), by=admin)

    assert list(App.objects.all()) == [other]


def test_the_app_of_a_connector_that_was_set_up_stays(admin):
    connector = make_connector(source="coupa:acme.coupahost.com")

    with pytest.raises(NotPossible):
        connectors.choose_app(connector, AppChoice(new_name="Another"), by=admin)


def test_an_app_chosen_for_a_connector_that_was_set_up_meanwhile_is_refused(admin):
    stale = make_connector()
    Connector.objects.update(source="coupa:acme.coupahost.com")

    with pytest.raises(NotPossible):
        connectors.choose_app(stale, AppChoice(new_name="Another"), by=admin)

    assert App.objects.count() == 1


def test_owners_named_for_a_connector_that_is_set_up_are_told_and_not_asked_for_help(admin, grace):
    stale = make_connector(admin)
    Connector.objects.update(source="coupa:acme.coupahost.com")

    asked = connectors.name_owners(stale, [admin, grace], by=admin)

    assert asked == [grace]
    assert OutgoingMail.objects.get().subject == "You now look after Coupa"


def test_others_named_as_owners_are_written_to_and_the_namer_is_not(admin, grace, trail):
    connector = connectors.create("coupa", AppChoice(new_name="Coupa"), by=admin)

    asked = connectors.name_owners(connector, [admin, grace], by=admin)

    letter = OutgoingMail.objects.get()
    assert asked == [grace]
    assert (letter.to, letter.reply_to) == (grace.email, admin.email)
    assert "Your help is needed to connect Coupa" in letter.subject
    assert f"/connectors/{connector.pk}/settings/" in letter.text
    assert trail()[-1] == "connectors.owners_named"


def test_naming_the_same_owners_again_writes_to_nobody_and_leaves_no_trace(admin, grace, trail):
    connector = connectors.create("coupa", AppChoice(new_name="Coupa"), by=admin)
    connectors.name_owners(connector, [admin, grace], by=admin)
    before = trail()

    asked = connectors.name_owners(connector, [grace, admin], by=admin)

    assert asked == []
    assert OutgoingMail.objects.count() == 1
    assert trail() == before


def test_an_owner_without_a_role_may_name_owners_and_a_stranger_may_not(admin, grace):
    connector = connectors.create("coupa", AppChoice(new_name="Coupa"), by=admin)
    connectors.name_owners(connector, [grace], by=admin)
    stranger = make_user("Tomas Novak", Role.BASIC)

    connectors.name_owners(connector, [grace, admin], by=grace)
    with pytest.raises(Denied):
        connectors.name_owners(connector, [stranger], by=stranger)

    assert set(connector.owners_now()) == {admin, grace}


def test_a_connector_keeps_an_owner_and_never_a_deactivated_one(admin):
    connector = connectors.create("coupa", AppChoice(new_name="Coupa"), by=admin)
    gone = make_user("Peter Kovacs", status=User.Status.DEACTIVATED)

    with pytest.raises(NotPossible, match="at least one"):
        connectors.name_owners(connector, [], by=admin)
    with pytest.raises(NotPossible, match="Peter Kovacs"):
        connectors.name_owners(connector, [admin, gone], by=admin)

    assert list(connector.owners_now()) == [admin]


def test_help_is_asked_for_again_but_not_at_once(admin, grace):
    connector = connectors.create("coupa", AppChoice(new_name="Coupa"), by=admin)
    connectors.name_owners(connector, [admin, grace], by=admin)

    with pytest.raises(NotPossible, match="ten minutes"):
        connectors.ask_again(connector, grace, by=admin)
    with time_machine.travel(now() + timedelta(minutes=11)):
        connectors.ask_again(connector, grace, by=admin)

    assert OutgoingMail.objects.filter(to=grace.email).count() == 2


def test_an_app_that_somebody_answers_for_stays_managed_when_its_connector_leaves(admin):
    found = make_app("Coupa", make_user("Tom Okafor"), found_through="Okta")
    connector = connectors.create("coupa", AppChoice(app=found), by=admin)

    connectors.choose_app(connector, AppChoice(new_name="Another"), by=admin)

    found.refresh_from_db()
    assert found.status == App.Status.MANAGED


def test_a_deleted_app_gets_no_connector(admin):
    gone = make_app("Coupa", status=App.Status.DELETED)

    with pytest.raises(NotPossible, match="deleted meanwhile"):
        connectors.create("coupa", AppChoice(app=gone), by=admin)
