"""Settings are tried out with the vendor, told, and not kept."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from connectors import jobs
from connectors.actions import runs, settings, trying, upkeep
from connectors.contract import BadCredentials, BadSettings, Check, MissingScope, Note, TransientError
from connectors.models import Connector, SettingsCandidate, SettingsTest
from connectors.sync.opening import secrets_of
from core.errors import Denied, NotPossible
from core.models import TrailEvent
from tests.make import make_user

TYPED = {"domain": "acme.coupahost.com", "client_id": "reeve", "client_secret": "canary-4711", "mode": "read"}


def tried(test):
    jobs.test_settings(test.pk)
    test.refresh_from_db()
    return test


def test_a_test_keeps_nothing_but_the_answer(connector, owner, driver, nudges):
    before = Connector.objects.values().get()

    test = trying.begin(connector, by=owner, typed=TYPED)
    assert "canary" not in json.dumps(SettingsTest.objects.values("settings", "sealed").get())
    done = tried(test)

    assert (done.status, done.problem, done.sealed) == (SettingsTest.Status.DONE, "", "")
    assert Connector.objects.values().get() == before
    assert not SettingsCandidate.objects.exists()
    assert not connector.runs.exists()
    assert TrailEvent.objects.filter(action="connectors.settings_tested").count() == 1


@pytest.mark.parametrize(
    ("trouble", "field"),
    [
        (BadCredentials("Coupa refused the client ID and secret."), "client_secret"),
        (MissingScope("The client lacks core.user.read."), ""),
        (BadSettings("domain", "There is no Coupa at this domain."), "domain"),
    ],
)
def test_what_does_not_work_is_told_with_its_field(connector, owner, driver, trouble, field):
    driver.trouble = {0: trouble}

    done = tried(trying.begin(connector, by=owner, typed=TYPED))

    assert (done.problem, done.problem_field, done.sealed) == (str(trouble), field, "")


def test_a_passing_trouble_is_tried_again_and_told_in_the_end(connector, owner, driver):
    driver.trouble = {0: TransientError("Coupa is away.")}
    test = trying.begin(connector, by=owner, typed=TYPED)
    with time_machine.travel(now(), tick=False) as clock:
        for _ in range(settings.TRIES):
            assert tried(test).status == SettingsTest.Status.WAITING or "Tried 5 times" in test.problem
            clock.shift(timedelta(minutes=10))

    assert (test.status, test.sealed) == (SettingsTest.Status.DONE, "")
    assert test.problem == "Coupa is away. Tried 5 times."


def test_a_second_test_takes_the_place_of_the_first(connector, owner, driver):
    first = trying.begin(connector, by=owner, typed=TYPED)
    second = trying.begin(connector, by=owner, typed=TYPED)

    jobs.test_settings(first.pk)  # delivered late

    assert list(SettingsTest.objects.values_list("pk", "status")) == [(second.pk, "waiting")]


def test_a_killed_worker_leaves_a_test_for_the_next(
    connector, owner, driver, nudges, django_capture_on_commit_callbacks
):
    test = trying.begin(connector, by=owner, typed=TYPED)
    trying.claim(test.pk)
    nudges.clear()

    with time_machine.travel(now() + timedelta(minutes=6)):
        with django_capture_on_commit_callbacks(execute=True):
            jobs.sweep()
        assert ("connectors.test_settings", test.pk) in nudges
        assert tried(test).status == SettingsTest.Status.DONE


@pytest.mark.parametrize("by", ["stranger", "left"])
def test_only_those_who_look_after_it_test(connector, by, owner):
    who = make_user("Tom Okafor")
    if by == "left":
        who = owner
        owner.status = "deactivated"
        owner.save()

    with pytest.raises(Denied):
        trying.begin(connector, by=who, typed=TYPED)
    assert not SettingsTest.objects.exists()


NEEDED = ("read", "write")


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (Check(NEEDED, ("read", "write")), ["granted", "granted"]),
        (Check(NEEDED, ("read",)), ["granted", "lacking"]),
        (Check(NEEDED, ("read", "write", "all")), ["granted", "granted", "spare"]),
        (Check(NEEDED, None), ["unknown", "unknown"]),
        (Check(NEEDED, None, proven=("read",)), ["granted", "unknown"]),
        (Check(NEEDED, None, proven=("read",), lacking=("write",)), ["granted", "lacking"]),
    ],
)
def test_scopes_are_told_as_far_as_they_are_known(check, expected):
    assert [state for _, state in trying.scopes(check)] == expected


def test_what_the_vendor_said_is_shown_with_the_test(connector, owner, driver, monkeypatch):
    check = Check(NEEDED, ("read",), notes=(Note("warn", "One is missing."),))
    monkeypatch.setattr(driver, "check", lambda: check)

    done = tried(trying.begin(connector, by=owner, typed=TYPED))

    assert done.scopes == [["read", "granted"], ["write", "lacking"]]
    assert done.notes == [{"level": "warn", "text": "One is missing."}]


def test_scopes_are_told_where_one_lacks_too(connector, owner, driver):
    check = Check(NEEDED, None, proven=("read",), lacking=("write",))
    driver.trouble = {0: MissingScope("The client lacks write.", check)}

    done = tried(trying.begin(connector, by=owner, typed=TYPED))

    assert done.problem == "The client lacks write."
    assert done.scopes == [["read", "granted"], ["write", "lacking"]]


@pytest.fixture
def working(connector, owner, driver):
    jobs.check_settings(settings.save(connector, by=owner, typed=TYPED).pk)
    connector.refresh_from_db()
    return connector


def test_a_blank_secret_tests_the_present_one(working, owner):
    test = trying.begin(working, by=owner, typed={**TYPED, "client_secret": ""})

    assert secrets_of(test) == {"client_secret": "canary-4711"}


def test_a_cleared_secret_is_gone_and_nothing_is_read(working, owner):
    settings.clear_secrets(working, by=owner)

    working.refresh_from_db()
    assert (working.sealed, working.secret_set_at, working.next_run_at) == ("", None, None)
    assert working.status == Connector.Status.NOT_CONNECTED
    assert working.runs.get().status == "discarded"
    assert not Connector.objects.to_be_synced().exists()
    assert TrailEvent.objects.filter(action="connectors.secret_cleared").count() == 1
    with pytest.raises(NotPossible, match="was cleared: enter a new one"):
        runs.start(working, by=owner)
    times = upkeep.Times(every=timedelta(hours=2))
    upkeep.schedule(working, times, by=owner, seen=working.changed_at)
    runs.pause(working, by=owner)
    runs.resume(working, by=owner)
    working.refresh_from_db()
    assert working.next_run_at is None
    with pytest.raises(NotPossible, match="keeps no secret"):
        settings.clear_secrets(working, by=owner)
    with pytest.raises(BadSettings, match="Enter the client secret"):
        settings.save(working, by=owner, typed={**TYPED, "client_secret": ""})
