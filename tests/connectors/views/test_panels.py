"""What the connectors room shows on the ground floor."""

from connectors.models import Connector
from core.models import Role
from tests.make import make_app, make_connected, make_connector, make_run, make_user


def home(browser):
    return browser.get("/").content.decode()


def test_the_rail_counts_connectors_that_need_a_person(sign_in, db):
    admin = make_user("Marcus Adeyemi", Role.CONNECTOR)
    make_connected(status=Connector.Status.ERROR)
    make_connected()

    links = {link["label"]: link for link in sign_in(admin).get("/").context["shell"].admin}

    assert links["Connectors"]["count"] == 1
    assert links["Applications"]["url"] == "/applications/"


def test_the_rail_shows_the_room_only_to_those_who_have_something_there(sign_in, db):
    nobody, app_owner, owner = make_user(), make_user(), make_user()
    make_app("Payroll", app_owner)
    make_connector(owner)

    labels = [
        [link["label"] for link in sign_in(person).get("/").context["shell"].admin]
        for person in (nobody, app_owner, owner)
    ]

    assert labels == [[], ["Applications"], ["Connectors"]]


def test_home_shows_an_owner_what_waits_for_them_and_nobody_else(sign_in, db):
    admin, grace = make_user("Marcus Adeyemi", Role.CONNECTOR), make_user("Grace Kim")
    make_connector(grace, name="Ledger", created_by=admin)
    make_run(
        make_connected(grace, name="Payroll", status=Connector.Status.HELD), status="held", ended_at=None
    )
    make_connected(grace, name="Travel", status=Connector.Status.ERROR)
    make_connected(grace, name="Quiet")

    hers, his = home(sign_in(grace)), home(sign_in(admin))

    assert "Finish setting up <bdi>Ledger</bdi>" in hers
    assert "<bdi>Marcus Adeyemi</bdi> asked for your help." in hers
    assert "<bdi>Payroll</bdi> held a sync" in hers
    assert "<bdi>Travel</bdi>: error" in hers
    assert "Quiet" not in hers
    assert "Ledger" not in his


def test_the_door_to_coupa_closes_with_the_first_connector(sign_in, db):
    ada = make_user("Ada Lindgren", Role.SUPER)

    before = home(sign_in(ada))
    make_connector()
    after = home(sign_in(ada))

    assert "/connectors/add/coupa/" in before
    assert "/connectors/add/coupa/" not in after
