"""Status columns move along drawn arrows only."""

import pytest

from connectors.models import Connector
from core.errors import IllegalMove, StaleState
from core.states import Stateful
from tests.make import make_connector

Status = Connector.Status


def test_a_move_follows_an_arrow_and_saves_what_comes_with_it(db):
    connector = make_connector()

    connector.move(Status.SYNCING, name="Renamed")

    connector.refresh_from_db()
    assert (connector.status, connector.name) == (Status.SYNCING, "Renamed")


def test_where_no_arrow_leads_nothing_moves(db):
    connector = make_connector()

    with pytest.raises(IllegalMove):
        connector.move(Status.CONNECTED)

    connector.refresh_from_db()
    assert connector.status == Status.NOT_CONNECTED


def test_of_two_who_move_one_row_one_is_told_to_look_again(db):
    connector = make_connector()
    other_tab = Connector.objects.get(pk=connector.pk)
    connector.move(Status.SYNCING)

    with pytest.raises(StaleState):
        other_tab.move(Status.SYNCING)


@pytest.mark.parametrize("model", Stateful.__subclasses__(), ids=lambda model: model.__name__)
def test_every_status_is_drawn_and_every_arrow_ends_in_a_status(model):
    statuses = set(model.Status.values)

    assert set(model.MOVES) == statuses
    assert set().union(*model.MOVES.values()) <= statuses
