"""Files of people: kept, read, compared with who is here, and applied when somebody says so."""

import hashlib
import secrets
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.utils.timezone import now

from core import people_file
from core.actions.delegations import end_those_to
from core.actions.roles import labels, lock_people, must_be_super, must_leave_an_administrator
from core.errors import Denied, DomainError, NotPossible, StaleState
from core.models import Delegation, PeopleImport, Reporting, Role, RoleHolding, User
from core.models.keys import one_line
from core.people_file import ACTIVE, BadFile
from core.queries.imports import BASIC, Change, Difference, compare, original, report
from core.queue import announce, nudge
from core.trail import ERROR, OPERATOR, record, record_many

TRIES = 5
"""Workers that may die over one file before it is given up."""
BATCH = 1_000  # rows a statement
FACTS = ("name", "title", "department", "employee_id")
ONLY_SUPER = "Only a Super Administrator can bring in people from a file."
CHANGED = "People changed since it was read, and it would do other things than were shown. Look again."


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody agreed to when they had a file applied, kept in the row's report."""

    by: str = ""
    """Their key; empty for an operator."""
    shown: str = ""
    """Digest of what the file was shown to change."""
    leavers: str = ""
    """Digest of the people in no line who are to be deactivated; empty where none is."""


def must_import(by: User | None) -> None:
    """Raises Denied unless `by` may bring people from a file; an operator, for None, may."""
    if by is not None:
        must_be_super(by, ONLY_SUPER)


@transaction.atomic
def keep(name: str, content: bytes, *, by: User | None, tell_worker: bool = True) -> PeopleImport:
    """Keep a file and have it read; without a worker the caller claims it. `by` is None for an operator.

    Raises Denied, NotPossible.
    """
    must_import(by)
    if not content:
        raise NotPossible("This file is empty.")
    if len(content) > people_file.LARGEST:
        raise NotPossible(f"A file has at most {people_file.LARGEST // 1024 // 1024} MB.")
    kept = PeopleImport.objects.create(
        name=one_line(name)[-300:] or "people.csv",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        content=zlib.compress(content),
        by=by,
        by_name=by.name if by else OPERATOR,
    )
    record("core.import_kept", kept, by=by, sha256=kept.sha256, size=kept.size)
    if tell_worker:
        nudge("core.read_import", kept.pk)
    return kept


def claim(pk: str, status: PeopleImport.Status) -> PeopleImport | None:
    """Take a file that waits for a worker; None if it is over, or in other hands. Given up after TRIES."""
    held = PeopleImport.objects.filter(status=status).claim(pk)
    if held is not None and held.attempts > TRIES:
        _give_up(held)
        return None
    return held


def read(held: PeopleImport) -> None:
    """Read and compare a claimed file, and show what it would change. Raises LeaseLost."""
    try:
        file = people_file.read(original(held))
    except BadFile as problem:
        _end(held, PeopleImport.Status.REFUSED, problem=str(problem), ended_at=now())
        return
    difference = compare(file, by=held.by)
    _end(held, PeopleImport.Status.READ, rows=file.rows, report=report(difference, file), problem="")


@transaction.atomic
def order(
    wanted: PeopleImport, *, leave_out: bool, deactivate: bool, by: User | None, tell_worker: bool = True
) -> None:
    """Have a file applied: without its lines with mistakes, if so ticked, and with leavers deactivated, if
    so ticked. Raises Denied, NotPossible, StaleState."""
    must_import(by)
    wanted = _waiting(wanted)
    counts = wanted.report["counts"]
    if counts["wrong"] and not leave_out:
        raise NotPossible(
            "This file has lines with mistakes. Tick that they are left out, or correct the file."
        )
    for why in (wanted.report["why_not"], deactivate and wanted.report["why_leavers_stay"]):
        if why:
            raise NotPossible(why)
    leavers = wanted.report["shown_leavers"] if deactivate else ""
    word = Word(by.pk if by else "", wanted.report["shown"], leavers)
    wanted.move(
        PeopleImport.Status.APPLYING,
        report={**wanted.report, "word": asdict(word)},
        deactivates_leavers=deactivate,
        attempts=0,
        due_at=now(),
        problem="",
    )
    agreed = {"left_out": counts["wrong"], "leavers": counts["leavers"] if deactivate else 0}
    record("core.import_ordered", wanted, by=by, **agreed)
    if tell_worker:
        nudge("core.apply_import", wanted.pk)


@transaction.atomic
def discard(unwanted: PeopleImport, *, by: User) -> None:
    """Put a file away that was read and is not wanted. It stays in the list. Raises Denied, StaleState."""
    must_import(by)
    unwanted = _waiting(unwanted)
    unwanted.move(PeopleImport.Status.DISCARDED, ended_at=now())
    record("core.import_discarded", unwanted, by=by)


def apply(held: PeopleImport) -> None:
    """Apply a claimed file in one transaction, by the difference as it is now; all of it or nothing.

    Where that is not what was shown, the file waits for another word. Raises LeaseLost.
    """
    word = Word(**held.report["word"])
    by = User.objects.filter(pk=word.by).first() if word.by else None
    file = people_file.read(original(held))
    held.renew()
    with transaction.atomic():
        lock_people()
        difference = compare(file, by=by)
        told = {**report(difference, file), "word": asdict(word)}
        try:
            with transaction.atomic():
                _must_still_be_meant(held, difference, told, by)
                deactivated = _write(held, difference, by)
        except DomainError as problem:
            _end(held, PeopleImport.Status.READ, report=told, problem=str(problem))
            return
        told["deactivated"] = deactivated
        _end(held, PeopleImport.Status.APPLIED, report=told, rows=file.rows, ended_at=now(), problem="")
        record(
            "core.people_imported", held, by=by, sha256=held.sha256, **told["counts"], deactivated=deactivated
        )


def _waiting(file: PeopleImport) -> PeopleImport:
    """This file, locked; raises StaleState unless it waits for a word."""
    file = PeopleImport.objects.select_for_update().get(pk=file.pk)
    if file.status != PeopleImport.Status.READ:
        raise StaleState(f"{file} waits for no word: {file.get_status_display().lower()}.")
    return file


def _must_still_be_meant(
    held: PeopleImport, difference: Difference, told: Mapping[str, Any], by: User | None
) -> None:
    word = Word(**told["word"])
    if word.by and by is None:
        raise Denied("Whoever had it applied is no longer here.")
    must_import(by)
    leavers = told["shown_leavers"] if held.deactivates_leavers else ""
    if (word.shown, word.leavers) != (told["shown"], leavers):
        raise NotPossible(CHANGED)
    for why in (difference.why_not, held.deactivates_leavers and difference.why_leavers_stay):
        if why:
            raise NotPossible(why)


def _write(held: PeopleImport, difference: Difference, by: User | None) -> int:
    """Everything a file changes. Answers how many were deactivated for being in no line."""
    at = now()
    leavers = difference.leavers if held.deactivates_leavers else []
    new = [_made(line) for line in difference.new]
    for change in difference.changed:
        _carry_over(change)
    for person in leavers:
        person.status = User.Status.DEACTIVATED
    ended = difference.ended
    known = [change.person for change in difference.changed] + leavers
    for person in [*ended, *leavers]:
        person.sessions = secrets.token_hex(16)
    for person in known:
        person.changed_at = at
    User.objects.bulk_create(new, batch_size=BATCH)
    _update(known, *FACTS, "status", "search_text", "changed_at")
    _update([*ended, *leavers], "sessions")
    _give_basic([*new, *(change.person for change in difference.changed if BASIC in change.after)])
    _write_managers(difference)
    _end_delegations([*ended, *leavers], by)
    must_leave_an_administrator()
    _tell(held, difference, new, leavers, by)
    return len(leavers)


def _made(line: people_file.Line) -> User:
    status = User.Status.DEACTIVATED if line.is_active is False else User.Status.ACTIVE
    none = UNUSABLE_PASSWORD_PREFIX + secrets.token_hex(20)  # make_password(None), but fast
    person = User(email=line.email, status=status, password=none, **line.facts)
    person.fold()
    return person


def _carry_over(change: Change) -> None:
    for name in FACTS:
        if name in change.after:
            setattr(change.person, name, change.after[name])
    if "status" in change.after:
        change.person.status = change.after["status"]
    change.person.fold()


def _update(people: Collection[User], *columns: str) -> None:
    """One statement for many rows: an insert that finds its row and changes these columns of it alone."""
    User.objects.bulk_create(
        people, batch_size=BATCH, update_conflicts=True, unique_fields=["id"], update_fields=columns
    )


def _give_basic(people: Iterable[User]) -> None:
    holdings = (RoleHolding(user=person, role=Role.BASIC) for person in people)
    RoleHolding.objects.bulk_create(holdings, batch_size=BATCH)


def _write_managers(difference: Difference) -> None:
    named = {line.email: line.managers for line in difference.new if line.managers}
    named |= {
        change.line.email: change.line.managers or ()
        for change in difference.changed
        if "managers" in change.after
    }
    keys = dict(User.objects.values_list("email", "pk"))
    changed = [change.person.pk for change in difference.changed if "managers" in change.after]
    for some in _batches(changed):
        Reporting.objects.filter(person__in=some).delete()
    Reporting.objects.bulk_create(
        (
            Reporting(person_id=keys[email], manager_id=keys[manager])
            for email, managers in named.items()
            for manager in managers
        ),
        batch_size=BATCH,
    )


def _end_delegations(people: Sequence[User], by: User | None) -> None:
    """Who is deactivated stands in for nobody."""
    for some in _batches([person.pk for person in people]):
        found = Delegation.objects.filter(delegate__in=some).select_related("delegate")
        for delegate in {each.delegate for each in found}:
            end_those_to(delegate, by=by)


def _tell(
    held: PeopleImport, difference: Difference, new: Sequence[User], leavers: Sequence[User], by: User | None
) -> None:
    source: dict[str, Any] = {"file": held}
    added = (
        (
            person,
            {**source, "email": line.email, "roles": [Role.BASIC], "managers": list(line.managers or ())},
        )
        for person, line in zip(new, difference.new, strict=True)
    )
    record_many("core.person_added", added, by=by)
    record_many("core.person_changed", _changed(difference, source), by=by)
    record_many("core.roles_changed", _made_basic(difference, source), by=by)
    ended = [*leavers, *difference.ended]
    record_many("core.person_deactivated", ((person, source) for person in ended), by=by)
    for person in ended:
        announce("core.person_left", person.pk)
    back = [change.person for change in difference.changed if change.after.get("status") == ACTIVE]
    record_many("core.person_reactivated", ((person, source) for person in back), by=by)


def _changed(difference: Difference, source: Mapping[str, Any]) -> Iterator[tuple[User, Mapping[str, Any]]]:
    """Facts alone: who may come in, and with which roles, is told by events of its own."""
    for change in difference.changed:
        before = {name: text for name, text in change.before.items() if name not in ("status", BASIC)}
        if before:
            yield (
                change.person,
                {**source, "before": before, "after": {name: change.after[name] for name in before}},
            )


def _made_basic(
    difference: Difference, source: Mapping[str, Any]
) -> Iterator[tuple[User, Mapping[str, Any]]]:
    for change in difference.changed:
        if BASIC in change.after:
            after = labels({*change.roles, Role.BASIC})
            yield change.person, {**source, "before": labels(change.roles), "after": after}


def _end(held: PeopleImport, status: str, **changes: Any) -> None:
    """Let go of a claimed row and move it on, at once. Raises LeaseLost."""
    with transaction.atomic():
        held.release(**changes)
        held.move(status)


def _give_up(held: PeopleImport) -> None:
    was_reading = held.status == PeopleImport.Status.READING
    with transaction.atomic():
        if was_reading:
            problem = f"{TRIES} workers began to read it and died. The log says why."
            _end(held, PeopleImport.Status.REFUSED, problem=problem, ended_at=now())
        else:
            problem = f"{TRIES} workers began to apply it and died; nothing was changed. The log says why."
            _end(held, PeopleImport.Status.READ, problem=problem)
        record("core.import_given_up", held, by=None, severity=ERROR, problem=problem)


def _batches(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))
