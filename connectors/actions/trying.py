"""Settings tried out with the vendor and not kept: what they may do, before anything is saved."""

import json
from collections.abc import Collection, Iterator, Mapping
from functools import partial

from django.db import transaction
from django.utils.timezone import now

from connectors import registry
from connectors.actions import settings
from connectors.actions.permission import must_manage
from connectors.contract import Check
from connectors.models import Connector, SettingsCandidate, SettingsTest
from connectors.sync import uploads
from connectors.sync.sentences import storable
from core.models import User
from core.queue import nudge
from core.sealing import seal
from core.trail import record

GRANTED, LACKING, UNKNOWN, SPARE = "granted", "lacking", "unknown", "spare"


@transaction.atomic
def begin(
    connector: Connector,
    *,
    by: User,
    typed: Mapping[str, str],
    files: settings.Uploads = settings.NO_FILES,
    without: Collection[str] = (),
) -> SettingsTest:
    """Have a job ask the vendor about what was typed. Ends the test before, keeps nothing of it.

    Raises BadSettings where it cannot work, DriverError if the present secret cannot be opened.
    """
    must_manage(connector, by)
    connector, at = Connector.objects.locked(connector.pk), now()
    wanted = settings.cleaned(connector, typed, files, without)
    settings.keep(connector, wanted)
    SettingsTest.objects.filter(connector=connector).delete()
    test = SettingsTest(connector=connector, settings=dict(wanted.plain), by=by, asked_at=at)
    test.sealed = seal(json.dumps(wanted.secrets), place=test.place)
    test.save(force_insert=True)
    record("connectors.settings_tested", connector, by=by, source=wanted.source)
    nudge("connectors.test_settings", test.pk)
    return test


def claim(test_id: str) -> SettingsTest | None:
    """Take a test for this worker. None if it is done, replaced, not due or in other hands."""
    test = SettingsTest.objects.filter(status=SettingsTest.Status.WAITING).claim(test_id)
    if test is not None and test.attempts > settings.TRIES:
        fail(test, "The test came to no end. Try again.")
        return None
    return test


@transaction.atomic
def finish(test: SettingsTest, check: Check) -> None:
    """The vendor has answered; the secret is let go."""
    _end(test, **_told(check))


@transaction.atomic
def fail(test: SettingsTest, problem: str, field: str = "", check: Check | None = None) -> None:
    """They do not work. `field` names the setting to look at, if one is known; `check` what was found out
    all the same."""
    _end(test, problem=storable(problem), problem_field=field, **(_told(check) if check else {}))


def put_off(test: SettingsTest, problem: str) -> None:
    """Try again a little later, and say why it takes so long; after the last try that is the answer."""
    if test.attempts >= settings.TRIES:
        fail(test, f"{problem} Tried {settings.TRIES} times.")
        return
    wait = settings.FIRST_WAIT * 2 ** max(0, test.attempts - 1)
    test.release(problem=storable(problem), due_at=now() + wait)


def scopes(check: Check) -> Iterator[tuple[str, str]]:
    """Every scope needed, and those in excess, each with what is known of it."""
    known = {*(check.granted or ()), *check.proven}
    for scope in check.needed:
        if scope in check.lacking:
            yield scope, LACKING
        elif scope in known:
            yield scope, GRANTED
        else:
            yield scope, UNKNOWN if check.granted is None else LACKING
    for scope in check.granted or ():
        if scope not in check.needed:
            yield scope, SPARE


def _told(check: Check) -> dict[str, object]:
    notes = [{"level": note.level, "text": storable(note.text)} for note in check.notes]
    return {"scopes": [list(pair) for pair in scopes(check)], "notes": notes}


def _let_files_go(test: SettingsTest) -> None:
    """Files that were handed in for this test alone: in force or waiting to be, they stay."""
    connector = Connector.objects.get(pk=test.connector_id)
    spec = registry.spec(connector.driver)
    candidate = SettingsCandidate.objects.filter(connector=connector).first()
    used = {*connector.settings.values(), *(candidate.settings.values() if candidate else ())}
    for setting in spec.settings:
        value = str(test.settings.get(setting.name, ""))
        if setting.accepts and value and value not in used:
            uploads.forget(connector.pk, value, since=test.asked_at)


def _end(test: SettingsTest, **said: object) -> None:
    test.release(**{"problem": "", **said, "sealed": "", "ended_at": now()})
    test.move(SettingsTest.Status.DONE)
    transaction.on_commit(partial(_let_files_go, test))
