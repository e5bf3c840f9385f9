"""What happened is written with what happened."""

import pytest
from django.db import transaction

from core.models import Organisation, TrailEvent
from core.trail import by_command, record, source
from tests.make import make_user


@pytest.fixture
def fresh_source():
    token = source.set(source.get())
    yield
    source.reset(token)


def test_an_event_copies_the_names_it_tells_of(db):
    person, other = make_user("Nora Lindqvist"), make_user("Tomas Novak")

    event = record("core.signed_in", Organisation.current(), by=person, owner=other, count=2)

    event.refresh_from_db()
    assert (event.actor_id, event.actor_name) == (person.pk, "Nora Lindqvist")
    assert event.change == {"owner": {"id": other.pk, "name": "Tomas Novak"}, "count": 2}


def test_an_event_goes_with_its_transaction(db):
    organisation = Organisation.current()

    with transaction.atomic():
        record("core.signed_in", organisation, by=None)
        transaction.set_rollback(True)

    assert not TrailEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused():
    organisation = Organisation.current()

    with pytest.raises(RuntimeError, match="transaction"):
        record("core.signed_in", organisation, by=None)


def test_what_a_command_does_is_an_operators_doing(db, fresh_source):
    by_command()

    event = record("core.signed_in", Organisation.current(), by=None)

    assert (event.actor_name, event.channel) == ("Operator", "command")
