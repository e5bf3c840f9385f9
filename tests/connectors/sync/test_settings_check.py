"""Settings are kept sealed, checked with the vendor by a job, and only then in force."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from connectors import jobs
from connectors.actions import runs, settings
from connectors.contract import BadCredentials, BadSettings, Check, MissingScope, Note, TransientError
from connectors.models import Connector, SettingsCandidate, SyncRun
from connectors.sync.opening import secrets_of
from core.errors import Denied
from core.models import TrailEvent
from tests.make import make_user

TYPED = {
    "domain": "https://Acme.coupahost.com/",
    "client_id": "reeve",
    "client_secret": "canary-4711",
    "mode": "read",
}
Status = SettingsCandidate.Status


@pytest.fixture
def fresh(connector):
    """A connector without settings."""
    Connector.objects.update(source="")
    connector.refresh_from_db()
    return connector


@pytest.fixture
def working(fresh, owner, driver):
    jobs.check_settings(settings.save(fresh, by=owner, typed=TYPED).pk)
    fresh.refresh_from_db()
    return fresh


def test_saved_settings_wait_for_a_check_and_hide_the_secret(
    fresh, owner, nudges, trail, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        candidate = settings.save(fresh, by=owner, typed=TYPED)

    event = TrailEvent.objects.get(action="connectors.settings_saved")
    assert candidate.status == Status.WAITING
    assert candidate.settings == {"domain": "acme.coupahost.com", "client_id": "reeve", "mode": "read"}
    assert "client_secret" not in candidate.typed
    assert "canary" not in candidate.sealed + json.dumps(event.change)
    assert event.change == {"changed": ["client_id", "client_secret", "domain", "mode"]}
    assert nudges == [("connectors.check_settings", candidate.pk)]
    assert not fresh.has_settings


def test_settings_that_work_are_in_force_and_the_first_run_begins(working, owner, trail):
    assert working.source == "coupa:acme.coupahost.com"
    assert working.settings["client_id"] == "reeve"
    assert secrets_of(working) == {"client_secret": "canary-4711"}
    assert (working.secret_set_by, working.secret_set_at is not None) == (owner, True)
    assert (working.candidate.status, working.candidate.sealed) == (Status.PROMOTED, "")
    assert working.status == Connector.Status.SYNCING
    assert SyncRun.objects.count() == 1
    assert trail() == ["connectors.settings_saved", "connectors.settings_in_force"]


def test_what_cannot_work_never_reaches_the_vendor(fresh, owner):
    with pytest.raises(BadSettings) as refusal:
        settings.save(fresh, by=owner, typed={**TYPED, "domain": "acme.example.com"})

    assert refusal.value.field == "domain"
    assert not SettingsCandidate.objects.exists()


def test_a_first_secret_may_not_be_blank(fresh, owner):
    with pytest.raises(BadSettings) as refusal:
        settings.save(fresh, by=owner, typed={**TYPED, "client_secret": " "})

    assert refusal.value.field == "client_secret"


def test_a_blank_secret_keeps_the_present_one_and_who_set_it(working, owner):
    other = make_user("Tom Okafor")
    working.ownerships.create(user=other)
    before = working.secret_set_at

    candidate = settings.save(working, by=other, typed={**TYPED, "client_secret": "", "mode": "read-write"})
    jobs.check_settings(candidate.pk)

    working.refresh_from_db()
    assert working.settings["mode"] == "read-write"
    assert secrets_of(working) == {"client_secret": "canary-4711"}
    assert (working.secret_set_by, working.secret_set_at) == (owner, before)
    event = TrailEvent.objects.filter(action="connectors.settings_saved").latest("pk")
    assert event.change == {"changed": ["mode"]}


@pytest.mark.parametrize(
    ("trouble", "field"),
    [
        (BadCredentials("Coupa refused the client ID and secret."), "client_secret"),
        (MissingScope("The Coupa client may not read users: it lacks core.user.read."), ""),
        (BadSettings("domain", "There is no Coupa at this domain."), "domain"),
    ],
)
def test_refused_settings_leave_the_working_ones_in_force(trouble, field, working, owner, driver, trail):
    driver.trouble = {0: trouble}
    candidate = settings.save(working, by=owner, typed={**TYPED, "client_secret": "wrong"})

    jobs.check_settings(candidate.pk)

    candidate.refresh_from_db()
    working.refresh_from_db()
    assert (candidate.status, candidate.problem, candidate.problem_field) == (
        Status.REFUSED,
        str(trouble),
        field,
    )
    assert candidate.sealed == ""
    assert secrets_of(working) == {"client_secret": "canary-4711"}
    assert trail()[-1] == "connectors.settings_refused"


def test_a_vendor_that_is_away_is_asked_again_and_five_times_is_enough(fresh, owner, driver):
    driver.trouble = {0: TransientError("Coupa did not answer.")}
    candidate = settings.save(fresh, by=owner, typed=TYPED)
    waits = []

    for _ in range(4):
        SettingsCandidate.objects.update(due_at=now())
        jobs.check_settings(candidate.pk)
        candidate.refresh_from_db()
        assert (candidate.status, candidate.problem) == (Status.WAITING, "Coupa did not answer.")
        waits.append(round((candidate.due_at - now()).total_seconds()))
    SettingsCandidate.objects.update(due_at=now())
    jobs.check_settings(candidate.pk)

    candidate.refresh_from_db()
    assert waits == [5, 10, 20, 40]
    assert candidate.status == Status.REFUSED
    assert candidate.problem == "Coupa did not answer. Tried 5 times."


def test_newer_settings_replace_those_being_checked(fresh, owner, driver):
    first = settings.save(fresh, by=owner, typed=TYPED)
    check = driver.check

    def and_meanwhile():
        driver.check = check
        settings.save(fresh, by=owner, typed={**TYPED, "client_id": "second"})
        return check()

    driver.check = and_meanwhile
    jobs.check_settings(first.pk)

    fresh.refresh_from_db()
    assert not fresh.has_settings
    assert SettingsCandidate.objects.get().settings["client_id"] == "second"


def test_a_fault_of_ours_refuses_the_settings_and_is_raised(fresh, owner, driver):
    driver.trouble = {0: ZeroDivisionError("division by zero")}
    candidate = settings.save(fresh, by=owner, typed=TYPED)

    with pytest.raises(ZeroDivisionError):
        jobs.check_settings(candidate.pk)

    candidate.refresh_from_db()
    assert candidate.status == Status.REFUSED
    assert candidate.problem.startswith("Reeve itself failed")


def test_a_stranger_saves_nothing(fresh, trail):
    with pytest.raises(Denied):
        settings.save(fresh, by=make_user("Tomas Novak"), typed=TYPED)

    assert not SettingsCandidate.objects.exists()
    assert trail() == []


def test_settings_of_a_paused_connector_come_into_force_without_a_run(fresh, owner, driver):
    Connector.objects.update(paused_at=now())
    fresh.refresh_from_db()

    jobs.check_settings(settings.save(fresh, by=owner, typed=TYPED).pk)

    fresh.refresh_from_db()
    assert fresh.has_settings
    assert not SyncRun.objects.exists()


def test_a_paused_connector_is_read_with_its_first_settings_once_it_is_resumed(fresh, owner, driver):
    runs.pause(fresh, by=owner)
    jobs.check_settings(settings.save(fresh, by=owner, typed=TYPED).pk)

    runs.resume(fresh, by=owner)
    jobs.sweep()

    assert fresh.runs.count() == 1


def test_five_workers_that_died_with_settings_refuse_them(fresh, owner, driver):
    candidate = settings.save(fresh, by=owner, typed=TYPED)
    for number in range(5):
        with time_machine.travel(now() + timedelta(hours=number)):
            assert settings.claim(candidate.pk) is not None

    with time_machine.travel(now() + timedelta(hours=6)):
        jobs.check_settings(candidate.pk)

    candidate.refresh_from_db()
    assert (candidate.status, candidate.sealed) == (Status.REFUSED, "")
    assert candidate.problem == "5 workers took these settings and none came to an end with them."


@pytest.mark.parametrize("trouble", [MissingScope, BadCredentials, TransientError])
def test_a_sentence_no_database_keeps_is_kept_readable(trouble, fresh, owner, driver):
    driver.trouble = {0: trouble("Coupa answered \0 and \ud800.")}
    candidate = settings.save(fresh, by=owner, typed=TYPED)

    jobs.check_settings(candidate.pk)

    candidate.refresh_from_db()
    assert candidate.problem == "Coupa answered \ufffd and \ufffd."


def test_settings_take_the_place_of_those_whose_key_is_gone(working, owner, driver):
    Connector.objects.update(sealed="sealed with a key that is gone")
    candidate = settings.save(working, by=owner, typed={**TYPED, "client_secret": "new"})

    jobs.check_settings(candidate.pk)

    candidate.refresh_from_db()
    working.refresh_from_db()
    assert candidate.status == Status.PROMOTED, candidate.problem
    assert secrets_of(working) == {"client_secret": "new"}


@pytest.mark.parametrize(
    ("granted", "notes", "said"),
    [
        (None, ["info"], ["Not told by Coupa"]),
        (("a", "b"), [], ["2 of 2 granted, none in excess"]),
        (("a",), ["warn"], ["1 of 2 granted, none in excess", "A remark."]),
        (("a", "b", "c"), ["warn"], ["2 of 2 granted", "A remark."]),
    ],
)
def test_what_the_vendor_said_of_the_scopes_is_kept(granted, notes, said, fresh, owner, driver):
    remarks = tuple(Note(level, "A remark.") for level in notes)
    driver.check = lambda: Check(needed=("a", "b"), granted=granted, notes=remarks)

    jobs.check_settings(settings.save(fresh, by=owner, typed=TYPED).pk)

    fresh.refresh_from_db()
    assert [line["text"] for line in fresh.said] == said
    assert [line["level"] for line in fresh.said][1:] == ["warn"] * (len(said) - 1)
