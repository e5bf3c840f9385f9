"""Settings of a connector: saved as a candidate, checked with the vendor, promoted or refused."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now

from connectors import registry
from connectors.actions import runs
from connectors.actions.permission import must_manage
from connectors.contract import BadSettings, Check, DriverError, Spec
from connectors.models import Connector, SettingsCandidate
from connectors.sync.opening import Secrets, allowed, secrets_of
from connectors.sync.sentences import storable
from core.models import User
from core.queue import nudge
from core.sealing import seal
from core.trail import ERROR, record

TRIES = 5
"""Checks that met a passing trouble, after which settings are refused."""
FIRST_WAIT = timedelta(seconds=5)
"""After a first passing trouble; somebody is looking. Twice as long after each further one."""


@transaction.atomic
def save(connector: Connector, *, by: User | None, typed: Mapping[str, str]) -> SettingsCandidate:
    """Keep what was typed until a job has checked it. A blank secret keeps the present one.

    Raises BadSettings where it cannot work, DriverError if the present secret cannot be opened.
    """
    must_manage(connector, by)
    connector = Connector.objects.locked(connector.pk)
    spec = registry.spec(connector.driver)
    hidden = {setting.name for setting in spec.settings if setting.secret}
    new_secrets = {name: typed[name] for name in hidden if typed.get(name, "").strip()}
    present = secrets_of(connector) if hidden - new_secrets.keys() else {}
    cleaned = spec.clean({**typed, **present, **new_secrets}, allowed())
    _must_be_whole(spec, cleaned)
    _must_stay(connector, spec.source(cleaned))
    kept = {name: value for name, value in cleaned.items() if name not in hidden}
    secrets = {name: cleaned[name] for name in sorted(hidden)}

    SettingsCandidate.objects.filter(connector=connector).delete()
    candidate = SettingsCandidate(connector=connector, settings=kept, saved_by=by)
    candidate.typed = {name: value for name, value in typed.items() if name not in hidden}
    candidate.sealed = seal(json.dumps(secrets), place=candidate.place)
    candidate.save(force_insert=True)
    changed = sorted(
        {name for name in kept if kept[name] != connector.settings.get(name)} | new_secrets.keys()
    )
    record("connectors.settings_saved", connector, by=by, changed=changed)
    nudge("connectors.check_settings", candidate.pk)
    return candidate


def claim(candidate_id: str) -> SettingsCandidate | None:
    """Take settings for this worker. None if they are settled, replaced, not due, in other hands, or have
    had their tries."""
    waiting = SettingsCandidate.objects.filter(status=SettingsCandidate.Status.WAITING)
    candidate = waiting.claim(candidate_id)
    if candidate is not None and candidate.attempts > TRIES:
        last = f" The last trouble: {candidate.problem}" if candidate.problem else ""
        refuse(candidate, f"{TRIES} workers took these settings and none came to an end with them.{last}")
        return None
    return candidate


@transaction.atomic
def promote(candidate: SettingsCandidate, check: Check) -> None:
    """The vendor took them: they are in force from now on, and a run with them begins as soon as one may.

    Raises BadSettings if the connector has come to read another tenant meanwhile, LeaseLost.
    """
    connector = Connector.objects.locked(candidate.connector_id)
    spec = registry.spec(connector.driver)
    secrets = secrets_of(candidate)
    tenant = spec.source({**candidate.settings, **secrets})
    _must_stay(connector, tenant)
    candidate.release(problem="", problem_field="")
    changes: dict[str, object] = {
        "settings": candidate.settings,
        "sealed": seal(json.dumps(secrets), place=connector.place),
        "source": tenant,
        "said": _said(connector, check),
        "next_run_at": now(),
        "changed_at": now(),
    }
    if _differ(secrets, connector):
        changes |= {"secret_set_at": candidate.saved_at, "secret_set_by": candidate.saved_by}
    Connector.objects.filter(pk=connector.pk).update(**changes)
    candidate.move(SettingsCandidate.Status.PROMOTED, sealed="")
    record("connectors.settings_in_force", connector, by=None, saved_by=candidate.saved_by)
    if not connector.paused_at:
        with suppress(runs.OtherRunOpen):  # then the sweeper begins it, for it is due
            runs.start(connector, by=None)


@transaction.atomic
def refuse(candidate: SettingsCandidate, sentence: str, field: str = "") -> None:
    """They do not work; those in force stay. `field` names the setting to look at, if one is known."""
    sentence = storable(sentence)
    candidate.release(problem=sentence, problem_field=field)
    candidate.move(SettingsCandidate.Status.REFUSED, sealed="")
    record("connectors.settings_refused", candidate.connector, by=None, severity=ERROR, problem=sentence)


def put_off(candidate: SettingsCandidate, problem: str) -> None:
    """Check again a little later, and say why it takes so long; refused after the last try."""
    if candidate.attempts >= TRIES:
        refuse(candidate, f"{problem} Tried {TRIES} times.")
        return
    wait = FIRST_WAIT * 2 ** max(0, candidate.attempts - 1)
    candidate.release(problem=storable(problem), due_at=now() + wait)


def _said(connector: Connector, check: Check) -> list[dict[str, str]]:
    """The scopes in one sentence, then what the driver has to warn of."""
    if check.granted is None:
        scopes = f"Not told by {connector.app}"
    else:
        granted = len(set(check.needed) & set(check.granted))
        scopes = f"{granted} of {len(check.needed)} granted"
        scopes += "" if set(check.granted) - set(check.needed) else ", none in excess"
    warnings = [
        {"level": note.level, "text": storable(note.text)} for note in check.notes if note.level != "info"
    ]
    return [{"level": "info", "text": scopes}, *warnings]


def _differ(secrets: Secrets, connector: Connector) -> bool:
    try:
        return secrets != secrets_of(connector)
    except DriverError:
        return True  # those in force were sealed with a key that is gone; new ones take their place


def _must_be_whole(spec: Spec, cleaned: Mapping[str, str]) -> None:
    for setting in spec.settings:
        if setting.secret and not cleaned.get(setting.name):
            raise BadSettings(setting.name, f"Enter the {setting.label.lower()}.")


def _must_stay(connector: Connector, source: str) -> None:
    """Rows are keyed by their source: those of another tenant would stand beside them, never meet them."""
    if connector.source and source != connector.source:
        raise BadSettings(
            "domain", f"Another domain is another tenant than {connector.source}; add a connector for it."
        )
