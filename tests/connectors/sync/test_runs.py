"""The life of a run: who may begin, settle and pause it, and what becomes of trouble."""

import re
from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError
from django.utils.timezone import now

from connectors import jobs
from connectors.actions import runs
from connectors.contract import BadCredentials, CursorExpired, TransientError
from connectors.models import Account, Connector, SyncPage, SyncRun
from connectors.queries import export_access
from core.errors import Denied, NotPossible
from core.leases import LEASE
from core.models import OutgoingMail, TrailEvent

Status = SyncRun.Status
BUSY = TransientError("Coupa answered 503.")


def later(**by: float) -> time_machine.travel:
    return time_machine.travel(now() + timedelta(**by))


def test_starting_tells_a_worker(connector, nudges, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        run = runs.start(connector, by=None)

    connector.refresh_from_db()
    assert connector.status == Connector.Status.SYNCING
    assert nudges == [("connectors.run_sync", str(run.pk))]
    assert run.kinds == ["user", "group", "role", "license"]


def test_starting_twice_gives_one_run(connector, owner):
    first = runs.start(connector, by=owner)

    second = runs.start(connector, by=None)

    assert second == first
    assert SyncRun.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"source": ""}, "not set up"),
        ({"paused_at": now()}, "paused"),
        ({"driver": "unknown"}, "no driver for 'unknown'"),
    ],
)
def test_what_is_not_ready_is_not_started(connector, changes, word):
    Connector.objects.filter(pk=connector.pk).update(**changes)

    with pytest.raises(NotPossible, match=word):
        runs.start(connector, by=None)

    assert not SyncRun.objects.exists()


def verbs(connector, run):
    return {
        "start": lambda by: runs.start(connector, by=by),
        "pause": lambda by: runs.pause(connector, by=by),
        "resume": lambda by: runs.resume(connector, by=by),
        "discard": lambda by: runs.discard(run, by=by, reason="Checked with Tom"),
    }


@pytest.mark.parametrize("verb", ["start", "pause", "resume", "discard"])
@pytest.mark.parametrize(
    ("who", "is_allowed"),
    [
        ("owner", True),
        ("super", True),
        ("connector_admin", True),
        ("basic", False),
        ("no_role", False),
        ("deactivated", False),
    ],
)
def test_owners_and_those_who_run_connectors_may_and_nobody_else(
    verb, who, is_allowed, cast, owner, held, connector, trail
):
    by = owner if who == "owner" else cast[who]
    before = trail()

    if is_allowed:
        verbs(connector, held)[verb](by)
    else:
        with pytest.raises(Denied, match="Only the owners of Coupa and Connector Administrators"):
            verbs(connector, held)[verb](by)
        held.refresh_from_db()
        assert held.status == Status.HELD
        assert trail() == before


def test_a_paused_connector_is_not_swept_and_a_resumed_one_is(connector, owner, trail):
    Connector.objects.update(status=Connector.Status.CONNECTED, next_run_at=now() - timedelta(hours=1))
    runs.pause(connector, by=owner)
    runs.pause(connector, by=owner)
    jobs.sweep()
    assert not SyncRun.objects.exists()

    runs.resume(connector, by=owner)
    jobs.sweep()

    assert SyncRun.objects.count() == 1
    assert trail() == ["connectors.paused", "connectors.resumed"]


def test_a_first_run_that_is_done_is_told_to_owners_once(sync, owner, trail, connector):
    run = sync()
    sync()

    letter = OutgoingMail.objects.get()
    assert letter.to == owner.email
    assert "12 accounts and\n20 grants" in letter.text
    assert trail() == ["connectors.run_done", "connectors.run_done"]
    changed = {kind: {what: n for what, n in counts.items() if n} for kind, counts in run.changes.items()}
    assert TrailEvent.objects.earliest("pk").change["changes"] == changed
    assert connector.next_run_at > now()


def test_the_first_letter_leads_an_owner_without_a_role_to_what_was_found(sync, owner, sign_in):
    sync()
    letter = OutgoingMail.objects.get(letter="sync_done", to=owner.email)
    links = re.findall(r"https?://[^/]+(/\S+)", letter.text)

    reply = sign_in(owner).get(links[0])

    assert links[0] in letter.html
    assert reply.status_code == 200
    assert "12 accounts" in reply.content.decode()


def test_passing_trouble_puts_a_run_off_longer_each_time_and_then_fails_it(sync, driver, connector, trail):
    driver.trouble = {2: BUSY}
    run = sync()
    waits = [_wait(run)]  # this first claim brought a new cursor: it does not count

    for hour in range(1, 5):
        with later(hours=hour):
            jobs.run_sync(str(run.pk))
            run.refresh_from_db()
            waits.append(_wait(run))
    with later(hours=5):
        jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    connector.refresh_from_db()
    assert waits == [30, 30, 60, 120, 240]
    assert (run.status, connector.status) == (Status.FAILED, Connector.Status.ERROR)
    assert run.problem == "Coupa answered 503. Tried 5 times."
    assert trail() == ["connectors.run_failed"]


def _wait(run):
    assert run.lease is None
    return round((run.due_at - now()).total_seconds())


def test_a_run_put_off_is_not_taken_before_its_time(sync, driver):
    driver.trouble = {2: BUSY}
    run = sync()

    jobs.run_sync(str(run.pk))

    assert driver.begun_at == [""]
    assert run.problem == "Coupa answered 503."


def test_an_app_that_stays_away_fails_the_run_and_is_asked_again_within_the_hour(sync, driver, connector):
    driver.trouble = dict.fromkeys(range(1, 20), BUSY)
    run = sync()
    while run.status == Status.RUNNING:
        SyncRun.objects.filter(pk=run.pk).update(due_at=now())
        jobs.run_sync(str(run.pk))
        run.refresh_from_db()

    connector.refresh_from_db()

    assert (run.status, run.problem) == (Status.FAILED, "Coupa answered 503. Tried 5 times.")
    assert connector.next_run_at <= now() + timedelta(hours=1)


def test_a_database_that_is_busy_puts_a_run_off(sync, driver, monkeypatch):
    driver.trouble = {2: OperationalError("database is locked")}

    run = sync()

    assert run.status == Status.RUNNING
    assert run.problem == "The database did not answer in time."


def test_a_run_that_a_person_must_look_at_fails_and_says_why(sync, driver, connector, trail):
    driver.trouble = {1: BadCredentials("Coupa refused the client ID and secret.")}

    run = sync()

    assert (run.status, run.problem) == (Status.FAILED, "Coupa refused the client ID and secret.")
    assert connector.status == Connector.Status.ERROR
    assert connector.next_run_at > now()
    assert not SyncPage.objects.exists()
    assert trail() == ["connectors.run_failed"]
    assert driver.closed


def test_a_fault_of_ours_fails_the_run_and_is_raised(connector, driver):
    driver.trouble = {1: ZeroDivisionError("division by zero")}
    run = runs.start(connector, by=None)

    with pytest.raises(ZeroDivisionError):
        jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert run.status == Status.FAILED
    assert run.problem == "Reeve itself failed: ZeroDivisionError: division by zero"


UNSTORABLE = "Coupa answered \0 and \ud800."


@pytest.mark.parametrize("trouble", [BadCredentials(UNSTORABLE), ZeroDivisionError(UNSTORABLE)])
def test_a_sentence_no_database_keeps_ends_the_run_all_the_same(trouble, connector, driver, trail):
    driver.trouble = {1: trouble}
    run = runs.start(connector, by=None)

    with suppress(ZeroDivisionError):
        jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert run.status == Status.FAILED
    assert run.problem.endswith("Coupa answered \ufffd and \ufffd.")
    assert run.log.latest("pk").text == run.problem
    assert trail() == ["connectors.run_failed"]


def test_such_a_sentence_puts_a_run_off_too(sync, driver):
    driver.trouble = {1: TransientError(UNSTORABLE)}

    run = sync()

    assert (run.status, run.problem) == (Status.RUNNING, "Coupa answered \ufffd and \ufffd.")


def test_five_workers_that_died_without_a_new_cursor_fail_the_run(connector, driver):
    run = runs.start(connector, by=None)
    for number in range(5):
        with later(hours=number):
            assert runs.claim(str(run.pk)) is not None

    with later(hours=6):
        jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert run.status == Status.FAILED
    assert run.problem == "5 workers took this run and none got any further."
    assert driver.begun_at == []


def test_a_cursor_that_expired_starts_the_run_over(sync, driver, world, connector):
    driver.trouble = {3: BUSY}
    run = sync()
    walk = driver.walk
    driver.trouble = {}

    def forgetful(kinds, cursor=""):
        if cursor:
            raise CursorExpired("written by another version.")
        return walk(kinds, cursor)

    driver.walk = forgetful
    with later(hours=1):
        jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert run.status == Status.DONE
    assert run.read["user"] == 12
    assert list(export_access(connector)) == world.truth()


def test_a_driver_that_does_not_know_its_own_beginning_fails_the_run(sync, driver):
    driver.trouble = {0: CursorExpired("written by another version.")}

    assert sync().status == Status.FAILED


def test_killed_between_walk_and_finish_the_next_worker_only_finishes(connector, driver, world, monkeypatch):
    run = runs.start(connector, by=None)
    with monkeypatch.context() as killing:
        killing.setattr(runs, "finish", _die)
        with pytest.raises(KeyboardInterrupt):
            jobs.run_sync(str(run.pk))

    with time_machine.travel(now() + LEASE + timedelta(seconds=1)):
        jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert run.status == Status.DONE
    assert driver.begun_at == [""]
    assert list(export_access(connector)) == world.truth()


def test_killed_in_finish_nothing_of_it_stays_and_the_next_worker_does_it_again(
    connector, driver, world, monkeypatch
):
    run = runs.start(connector, by=None)
    with monkeypatch.context() as killing:
        killing.setattr(runs, "record", _die)
        with pytest.raises(KeyboardInterrupt):
            jobs.run_sync(str(run.pk))
    assert not Account.objects.exists()

    with time_machine.travel(now() + LEASE + timedelta(seconds=1)):
        jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert run.status == Status.DONE
    assert list(export_access(connector)) == world.truth()


def _die(*_, **__):
    raise KeyboardInterrupt


def test_a_worker_that_lost_its_lease_says_nothing(connector, driver, world, trail):
    walk = driver.walk
    run = runs.start(connector, by=None)

    def stolen(kinds, cursor=""):
        for batch in walk(kinds, cursor):
            yield batch
            SyncRun.objects.update(lease=None, leased_until=None)

    driver.walk = stolen
    jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert (run.status, run.cursor) == (Status.RUNNING, "1")
    assert trail() == []


def test_the_sweeper_nudges_what_nobody_holds_and_starts_what_is_due(
    connector, nudges, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks():
        forgotten = runs.start(connector, by=None)
    due = Connector.objects.create(
        app=connector.app,
        driver="coupa",
        name="Second",
        source="coupa:second.coupahost.com",
        status=Connector.Status.ERROR,
        next_run_at=now(),
    )

    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep()

    begun = SyncRun.objects.get(connector=due)
    assert nudges == [("connectors.run_sync", str(forgotten.pk)), ("connectors.run_sync", str(begun.pk))]


def test_the_sweeper_leaves_a_run_in_other_hands_alone(connector, nudges, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks():
        run = runs.start(connector, by=None)
        runs.claim(str(run.pk))

    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep()

    assert nudges == []
