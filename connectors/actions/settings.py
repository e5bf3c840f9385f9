"""Settings of a connector: saved as a candidate, checked with the vendor, promoted or refused."""

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now

from connectors import registry
from connectors.actions import runs, tenants
from connectors.actions.permission import must_manage
from connectors.contract import BadSettings, Check, DriverError, Spec
from connectors.models import Connector, SettingsCandidate
from connectors.sync import uploads
from connectors.sync.opening import Secrets, allowed, secrets_of, token_of
from connectors.sync.sentences import storable
from core.errors import NotPossible
from core.models import User
from core.queue import nudge
from core.sealing import seal
from core.trail import ERROR, record

TRIES = 5
"""Checks that met a passing trouble, after which settings are refused."""
CLEARED = "The secret was cleared, so this run ended."
FIRST_WAIT = timedelta(seconds=5)
"""After a first passing trouble; somebody is looking. Twice as long after each further one."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as it was handed in."""

    name: str
    content: bytes


type Uploads = Mapping[str, Upload]
"""Files by the settings they were handed in for."""
NO_FILES: Uploads = {}


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Settings as they are kept: what may be seen, and what may not."""

    plain: Mapping[str, str]
    secrets: Secrets
    replaced: Collection[str]
    """Names of the secrets that were typed; the others are those in force."""
    typed: Mapping[str, str]
    """As it was typed, secrets left out."""
    source: str
    handed_in: Mapping[str, bytes]
    files: Collection[str]
    """Settings that a file was handed in for."""
    """Files that are not kept yet, by their values."""


def cleaned(
    connector: Connector,
    typed: Mapping[str, str],
    files: Uploads = NO_FILES,
    without: Collection[str] = (),
) -> Cleaned:
    """What was typed and handed in, as it would be kept. A blank secret means the present one, a file that
    was not chosen the one that was handed in last, unless its setting is among `without`.

    Raises BadSettings where it cannot work, DriverError if the present secret cannot be opened.
    """
    spec = registry.spec(connector.driver)
    hidden = {setting.name for setting in spec.settings if setting.secret}
    new_secrets = {name: typed[name] for name in hidden if typed.get(name, "").strip()}
    present = secrets_of(connector) if hidden - new_secrets.keys() else {}
    new_files = {name: uploads.value_of(file.name, file.content) for name, file in files.items()}
    typed = {**typed, **files_of(connector, spec), **dict.fromkeys(without, ""), **new_files}
    handed_in = {new_files[name]: file.content for name, file in files.items()}
    outside = allowed(_files(connector, handed_in))
    everything = spec.clean({**typed, **present, **new_secrets}, outside)
    _must_be_whole(spec, everything)
    return Cleaned(
        plain={name: value for name, value in everything.items() if name not in hidden},
        secrets={name: everything[name] for name in sorted(hidden)},
        replaced=new_secrets.keys(),
        typed={name: value for name, value in typed.items() if name not in hidden},
        source=spec.source(everything),
        handed_in=handed_in,
        files=files.keys(),
    )


@transaction.atomic
def save(
    connector: Connector,
    *,
    by: User | None,
    typed: Mapping[str, str],
    files: Uploads = NO_FILES,
    without: Collection[str] = (),
    ends: str = "",
) -> SettingsCandidate:
    """Keep what was typed and handed in until a job has checked it; blanks mean what `cleaned` says.

    Raises BadSettings where it cannot work, DriverError if the present secret cannot be opened,
    `tenants.OtherTenant` where another tenant is meant and `ends` does not name the present one.
    """
    must_manage(connector, by)
    connector = Connector.objects.locked(connector.pk)
    wanted = cleaned(connector, typed, files, without)
    ended = tenants.must_be_named(connector, wanted.source, ends)
    keep(connector, wanted)
    handed_in = _handed_in(connector, wanted)

    SettingsCandidate.objects.filter(connector=connector).delete()
    candidate = SettingsCandidate(connector=connector, settings=dict(wanted.plain), saved_by=by)
    candidate.typed = dict(wanted.typed)
    candidate.handed_in = handed_in
    candidate.ends_source = ended
    candidate.sealed = seal(json.dumps(wanted.secrets), place=candidate.place)
    candidate.save(force_insert=True)
    changed = {name for name, value in wanted.plain.items() if value != connector.settings.get(name)}
    record("connectors.settings_saved", connector, by=by, changed=sorted(changed | set(wanted.replaced)))
    nudge("connectors.check_settings", candidate.pk)
    return candidate


def keep(connector: Connector, wanted: Cleaned) -> None:
    """Put the files handed in where a worker finds them."""
    for value, content in wanted.handed_in.items():
        uploads.keep(connector.pk, value, content)


def files_of(connector: Connector, spec: Spec) -> dict[str, str]:
    """The files of a connector by setting, as they were handed in last, in force or not; empty for none.
    What a browser says they are never counts."""
    candidate = SettingsCandidate.objects.filter(connector=connector).first()
    is_open = candidate is not None and candidate.status != SettingsCandidate.Status.PROMOTED
    known = candidate.typed if candidate is not None and is_open else connector.settings
    return {setting.name: str(known.get(setting.name, "")) for setting in spec.settings if setting.accepts}


def _handed_in(connector: Connector, wanted: Cleaned) -> dict[str, str]:
    """When each file was handed in that is now wanted: those of before, as far as they stay, and new ones."""
    last = SettingsCandidate.objects.filter(connector=connector).first()
    is_open = last is not None and last.status != SettingsCandidate.Status.PROMOTED
    known = last.handed_in if last is not None and is_open else connector.handed_in
    stays = {name: at for name, at in known.items() if wanted.plain.get(name)}
    return stays | dict.fromkeys(wanted.files, now().isoformat())


@transaction.atomic
def clear_secrets(connector: Connector, *, by: User | None) -> None:
    """Forget the secrets in force, and tokens got with them. Nothing is read until new ones are given."""
    must_manage(connector, by)
    runs.drop_open(connector, CLEARED, by=by)
    connector = Connector.objects.locked(connector.pk)
    if not connector.sealed:
        raise NotPossible(f"{connector} keeps no secret.")
    runs.drop_open(connector, CLEARED, by=by)
    SettingsCandidate.objects.filter(connector=connector).delete()
    with suppress(DriverError):  # sealed with a key that is gone: no token can have been got with it lately
        transaction.on_commit(token_of(connector).forget)
    Connector.objects.filter(pk=connector.pk).update(
        sealed="", secret_set_at=None, secret_set_by=None, next_run_at=None, said=[]
    )
    connector.refresh_from_db()
    if connector.status != Connector.Status.NOT_CONNECTED:
        connector.move(Connector.Status.NOT_CONNECTED)
    record("connectors.secret_cleared", connector, by=by)


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

    Where another tenant was meant, the rows of the one before end as history. Raises BadSettings if the
    connector has come to read yet another meanwhile, LeaseLost.
    """
    spec = registry.spec(candidate.connector.driver)
    secrets = secrets_of(candidate)
    tenant = spec.source({**candidate.settings, **secrets})
    tenants.drop_runs(candidate.connector, tenant, by=candidate.saved_by)
    connector = Connector.objects.locked(candidate.connector_id)
    tenants.leave(connector, tenant, ends=candidate.ends_source, by=candidate.saved_by)
    candidate.release(problem="", problem_field="")
    changes: dict[str, object] = {
        "settings": candidate.settings,
        "typed": candidate.typed,
        "handed_in": candidate.handed_in,
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
    """The scopes in one sentence, then what the driver has to warn of; all it says where none is needed."""
    if not check.needed and check.granted is None:
        return [{"level": note.level, "text": storable(note.text)} for note in check.notes]
    known = set(check.granted or ()) | set(check.proven)
    if check.granted is None and not known:
        text = f"Not told by {connector.app}"
    else:
        text = f"{len(known & set(check.needed))} of {len(check.needed)} "
        text += "granted" if check.granted is not None else "seen to work, the others not known"
        text += ", none in excess" if check.granted is not None and not known - set(check.needed) else ""
    warnings = [
        {"level": note.level, "text": storable(note.text)} for note in check.notes if note.level != "info"
    ]
    return [{"level": "info", "text": text}, *warnings]


def _differ(secrets: Secrets, connector: Connector) -> bool:
    try:
        return secrets != secrets_of(connector)
    except DriverError:
        return True  # those in force were sealed with a key that is gone; new ones take their place


def _must_be_whole(spec: Spec, cleaned: Mapping[str, str]) -> None:
    for setting in spec.settings:
        if setting.secret and not cleaned.get(setting.name):
            raise BadSettings(setting.name, f"Enter the {setting.label.lower()}.")


def _files(connector: Connector, handed_in: Mapping[str, bytes]) -> Callable[[str], bytes]:
    """Files by their values: those just handed in, which are not kept yet, and earlier ones."""
    kept = uploads.opener(connector.pk)
    return lambda value: handed_in[value] if value in handed_in else kept(value)
