"""Three runs that fail in a row are told once, to whoever can mend it."""

import pytest

from connectors.actions import failing
from connectors.contract import BadCredentials, TransientError
from connectors.models import AppOwner, ConnectorOwner, SyncRun
from core.models import OutgoingMail, Role, User
from tests.make import make_user

REFUSED = BadCredentials("Coupa refused the client secret.")


def failing_letters():
    return OutgoingMail.objects.filter(letter="sync_failing")


@pytest.fixture
def fail(sync, driver):
    def times(number):
        driver.trouble = {0: REFUSED}
        for _ in range(number):
            sync()
        driver.trouble = {}

    return times


def test_the_third_failure_in_a_row_is_told_once(fail, owner, connector):
    fail(2)
    assert not failing_letters().exists()

    fail(3)

    letter = failing_letters().get()
    assert letter.to == owner.email
    assert "3 syncs of Coupa in a row have failed" in letter.text
    assert "Coupa refused the client secret." in letter.text
    assert "It is tried again on " in letter.text
    connector.refresh_from_db()
    assert connector.failures == 5


def test_a_done_run_ends_the_episode_and_the_next_one_is_told_again(fail, sync, connector):
    fail(3)
    sync()
    connector.refresh_from_db()
    assert (connector.failures, connector.failing_told_at) == (0, None)

    fail(2)
    assert failing_letters().count() == 1
    fail(1)

    assert failing_letters().count() == 2


def test_trouble_that_passes_does_not_count(sync, driver, connector):
    driver.trouble = {0: TransientError("Coupa answered 503.")}

    sync()

    connector.refresh_from_db()
    assert connector.failures == 0


def test_a_connector_without_owner_is_told_of_to_its_app_owner_else_to_who_runs_connectors(connector):
    marcus = make_user("Marcus Adeyemi", Role.CONNECTOR)
    tom = make_user("Tom Okafor", Role.BASIC)
    ConnectorOwner.objects.all().delete()
    assert list(failing.people_to_tell(connector)) == [marcus]

    AppOwner.objects.create(app=connector.app, user=tom)

    assert list(failing.people_to_tell(connector)) == [tom]


def test_an_owner_who_left_is_not_written_to(connector, owner):
    marcus = make_user("Marcus Adeyemi", Role.CONNECTOR)
    User.objects.filter(pk=owner.pk).update(status=User.Status.DEACTIVATED)

    assert list(failing.people_to_tell(connector)) == [marcus]


def test_the_episode_begins_with_the_first_failure_after_a_done_run(fail, sync, connector):
    fail(1)
    sync()
    fail(3)

    connector.refresh_from_db()
    first = SyncRun.objects.filter(status="failed").order_by("id")[1]
    assert failing.began_at(connector) == first.ended_at


def test_an_app_owner_is_led_to_what_they_may_see(fail, connector, owner):
    connector.ownerships.all().delete()
    tom = make_user("Tom Okafor", Role.BASIC)
    connector.app.ownerships.create(user=tom)

    fail(3)

    letter = OutgoingMail.objects.get(letter="sync_failing")
    assert letter.to == tom.email
    assert f"/applications/{connector.app_id}/" in letter.text
    assert "/connectors/" not in letter.text
