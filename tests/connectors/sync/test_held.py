"""A run that would take away too much waits for a person, who confirms or discards it."""

import pytest

from connectors import jobs
from connectors.actions import runs
from connectors.models import Account, Connector, SyncPage, SyncRun
from connectors.queries import export_access
from core.errors import Denied, IllegalMove, NotPossible, StaleState
from core.models import OutgoingMail
from tests.connectors.sync.world import account

Status = SyncRun.Status


def test_a_run_that_takes_away_too_much_is_held_and_changes_nothing(held, connector, trail, owner):
    assert held.status == Status.HELD
    assert connector.status == Connector.Status.HELD
    assert held.problem.startswith("Accounts: 3 of 12 would disappear, more than 10 %.")
    assert held.changes["user"]["gone"] == 3
    assert Account.objects.here().count() == 12
    assert SyncPage.objects.filter(run=held).exists()
    assert trail()[-1] == "connectors.run_held"
    letter = OutgoingMail.objects.get(letter="sync_held", to=owner.email)
    for text in (letter.text, letter.html):
        assert "A Connector Administrator or a Super Administrator can confirm" in text


@pytest.mark.parametrize(
    ("who", "is_allowed"),
    [
        ("super", True),
        ("connector_admin", True),
        ("owner", False),
        ("basic", False),
        ("no_role", False),
        ("deactivated", False),
    ],
)
def test_only_those_who_run_connectors_confirm_a_held_run(who, is_allowed, cast, owner, held, trail):
    by = owner if who == "owner" else cast[who]
    before = trail()

    if is_allowed:
        runs.confirm(held, by=by, reason="Checked with Tom")
    else:
        with pytest.raises(Denied, match=r"Only a Connector Administrator or a Super Administrator can"):
            runs.confirm(held, by=by, reason="Checked with Tom")

    held.refresh_from_db()
    assert held.status == (Status.QUEUED if is_allowed else Status.HELD)
    assert trail() == before + (["connectors.run_confirmed"] if is_allowed else [])


def test_a_confirmed_run_is_applied_as_it_was_read(held, connector, world, driver, cast, trail):
    walks = len(driver.begun_at)

    runs.confirm(held, by=cast["connector_admin"], reason=" Checked with Tom ")
    jobs.run_sync(str(held.pk))

    held.refresh_from_db()
    connector.refresh_from_db()
    assert (held.status, connector.status) == (Status.DONE, Connector.Status.CONNECTED)
    assert (held.settled_by, held.settled_reason) == (cast["connector_admin"], "Checked with Tom")
    assert list(export_access(connector)) == world.truth()
    assert len(driver.begun_at) == walks
    assert trail()[-2:] == ["connectors.run_confirmed", "connectors.run_done"]


def test_a_discarded_run_leaves_no_trace_and_the_next_begins_afresh(
    held, connector, world, sync, owner, trail
):
    before = list(export_access(connector))

    runs.discard(held, by=owner, reason="Coupa was half empty")

    connector.refresh_from_db()
    assert (held.status, connector.status) == (Status.DISCARDED, Connector.Status.CONNECTED)
    assert list(export_access(connector)) == before
    assert not SyncPage.objects.exists()
    assert trail()[-1] == "connectors.run_discarded"
    assert sync().status == Status.HELD


@pytest.mark.parametrize("verb", [runs.confirm, runs.discard])
def test_a_held_run_is_settled_once_and_with_a_reason(verb, held, cast):
    by = cast["connector_admin"]
    with pytest.raises(NotPossible, match="reason"):
        verb(held, by=by, reason="  ")
    stale = SyncRun.objects.get(pk=held.pk)

    verb(held, by=by, reason="Checked")

    with pytest.raises(StaleState):
        verb(stale, by=by, reason="Checked")
    with pytest.raises(IllegalMove):
        verb(held, by=by, reason="Checked")


def test_a_first_run_is_never_held_and_newly_disabled_accounts_count(sync, world):
    world.add(account(1, status="disabled"), account(2, status="disabled"))
    first = sync()
    world.add(account(3, status="disabled"), account(4, status="disabled"))

    second = sync()

    assert first.status == Status.DONE
    assert second.status == Status.HELD
    assert "2 of 12 would disappear or be disabled" in second.problem
