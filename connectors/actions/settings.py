"""Settings of a connector: saved as a candidate, checked with the vendor, promoted or refused."""

import json
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now

from connectors import registry
from connectors.actions import runs
from connectors.actions.permission import must_manage
from connectors.contract import BadSettings, Spec
from connectors.models import Connector, SettingsCandidate
from connectors.sync.opening import allowed, secrets_of
from core.models import User
from core.queue import nudge
from core.sealing import seal
from core.trail import record

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


@transaction.atomic
def promote(candidate: SettingsCandidate) -> None:
    """The vendor took them: they are in force from now on, and the first run with them begins."""
    candidate.release(problem="", problem_field="")
    connector = Connector.objects.select_for_update(of=("self",)).get(pk=candidate.connector_id)
    spec = registry.spec(connector.driver)
    secrets = secrets_of(candidate)
    changes: dict[str, object] = {
        "settings": candidate.settings,
        "sealed": seal(json.dumps(secrets), place=connector.place),
        "source": spec.source({**candidate.settings, **secrets}),
    }
    if secrets != secrets_of(connector):
        changes |= {"secret_set_at": candidate.saved_at, "secret_set_by": candidate.saved_by}
    Connector.objects.filter(pk=connector.pk).update(**changes)
    candidate.move(SettingsCandidate.Status.PROMOTED, sealed="")
    record("connectors.settings_in_force", connector, by=None, saved_by=candidate.saved_by)
    if not connector.paused_at:
        runs.start(connector, by=None)


@transaction.atomic
def refuse(candidate: SettingsCandidate, sentence: str, field: str = "") -> None:
    """They do not work; those in force stay. `field` names the setting to look at, if one is known."""
    candidate.release(problem=sentence, problem_field=field)
    candidate.move(SettingsCandidate.Status.REFUSED, sealed="")
    record("connectors.settings_refused", candidate.connector, by=None, problem=sentence)


def put_off(candidate: SettingsCandidate, problem: str) -> None:
    """Check again a little later, and say why it takes so long; refused after the last try."""
    if candidate.attempts >= TRIES:
        refuse(candidate, f"{problem} Tried {TRIES} times.")
        return
    wait = FIRST_WAIT * 2 ** max(0, candidate.attempts - 1)
    candidate.release(problem=problem, due_at=now() + wait)


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
