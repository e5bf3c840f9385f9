"""What a file of people would change here, and which files there were."""

import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.models import F, QuerySet

from core import people_file
from core.errors import Denied, NotPossible
from core.models import PeopleImport, Reporting, Role, RoleHolding, User
from core.people_file import ACTIVE, DEACTIVATED, LABELS, Line, Mistake, PeopleFile, rings

SHOWN = 200
"""Of each kind, how many are kept to be looked at."""
FIFTH = 5
"""People are deactivated by a file only where they are fewer than one of so many active ones."""
BASIC = "basic_user"
MISTAKE_COLUMNS = ("line", "what is wrong")

type Facts = dict[str, str]
type Mistakes = dict[int, list[str]]


@dataclass(frozen=True, slots=True)
class Change:
    """One known person, and what a line says otherwise."""

    person: User
    line: Line
    before: Facts
    after: Facts
    roles: frozenset[str]
    """Those held before."""


@dataclass(slots=True)
class Difference:
    """What a file would change. Lines with mistakes change nothing."""

    new: list[Line] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: int = 0
    leavers: list[User] = field(default_factory=list)
    """Active people who are in no line, and may be deactivated."""
    kept: list[User] = field(default_factory=list)
    """Those who may not: whoever applies the file, and the last Super Administrators."""
    mistakes: list[Mistake] = field(default_factory=list)
    wrong_lines: int = 0
    nameless: Sequence[int] = ()
    active: int = 0
    """Active people before."""

    @property
    def why_leavers_stay(self) -> str:
        """Why nobody may be deactivated for being in no line; empty where they may."""
        if self.nameless:
            return (
                f"Line {self.nameless[0]:,} does not say whom it is about, so nobody can tell who is in no "
                "line. Correct it first."
            )
        ended = len(self.ended)
        if (len(self.leavers) + ended) * FIFTH >= self.active:
            also = f", and {ended:,} would be deactivated by their lines" if ended else ""
            return (
                f"{len(self.leavers):,} of {self.active:,} active people are in no line{also}. That is 20 % "
                "or more, so the file may be a part only, and nobody is deactivated for being in no line."
            )
        return ""

    @property
    def ended(self) -> list[User]:
        """Active people whose line says that they are deactivated."""
        return [change.person for change in self.changed if change.after.get("status") == DEACTIVATED]

    @property
    def why_not(self) -> str:
        """Why nothing of the file is applied; empty where it may be."""
        if self.ended and len(self.ended) * FIFTH >= self.active:
            return (
                f"Its status column would deactivate {len(self.ended):,} of {self.active:,} active people. "
                "That is 20 % or more, so the column may mean something else, and nothing of the file is "
                "applied. Take the column out, or deactivate people on their pages."
            )
        return ""


@dataclass(slots=True)
class _Known:
    """Everybody here, by e-mail."""

    people: dict[str, User]
    managers: dict[str, tuple[str, ...]]
    roles: Mapping[str, set[str]]


def imports(user: User) -> QuerySet[PeopleImport]:
    """Files of people, for those who see everything; raises Denied."""
    if not user.sees_everything:
        raise Denied("Only Super Administrators and Read-Only Administrators can see the files of people.")
    return PeopleImport.objects.defer("content")


def with_counts(files: QuerySet[PeopleImport]) -> QuerySet[PeopleImport]:
    """For a list: `new`, `changed`, `deactivated` and `ended`, without the reports they stand in."""
    return files.defer("content", "report").annotate(
        new=F("report__counts__new"),
        changed=F("report__counts__changed"),
        deactivated=F("report__deactivated"),
        ended=F("report__counts__ended"),
    )


def last_applied() -> PeopleImport | None:
    """The file that was applied last: how fresh the people are."""
    applied = PeopleImport.objects.filter(status=PeopleImport.Status.APPLIED)
    return applied.defer("content", "report").order_by("-ended_at").first()


def original(kept: PeopleImport) -> bytes:
    """The file as it came."""
    return zlib.decompress(kept.content)


def mistake_file(user: User, parameters: Mapping[str, str]) -> Iterator[Sequence[object]]:
    """All that is wrong with the file whose key is `file`, by line, as it is now.

    Raises Denied, and NotPossible for a file that waits for no word.
    """
    waiting = imports(user).filter(pk=parameters.get("file", ""), status=PeopleImport.Status.READ).first()
    if waiting is None:
        raise NotPossible("This file waits for no word: there are no mistakes to correct.")
    for mistake in compare(people_file.read(original(waiting)), by=waiting.by).mistakes:
        yield mistake.line, mistake.sentence


def compare(file: PeopleFile, *, by: User | None) -> Difference:
    """What this file would change if `by` applied it now; an operator for None."""
    known = _known()
    wrong: Mistakes = defaultdict(list)
    for mistake in file.mistakes:
        wrong[mistake.line].append(mistake.sentence)
    _refuse_shutting_out(file, known, wrong, by)
    while found := _wrong_managers(file, known, wrong):
        for number, sentences in found.items():
            wrong[number] += sentences
    difference = Difference(
        mistakes=[Mistake(number, sentence) for number in sorted(wrong) for sentence in wrong[number]],
        wrong_lines=len(wrong),
        nameless=file.nameless,
        active=sum(person.is_active for person in known.people.values()),
    )
    for line in file.lines:
        if line.number not in wrong:
            _sort_in(difference, line, known)
    _find_leavers(difference, file, known, by)
    return difference


def report(difference: Difference, file: PeopleFile) -> dict[str, Any]:
    """The difference as it is kept: all counts, and the first of each kind."""
    return {
        "columns": [LABELS[name] for name in file.columns],
        "ignored": list(file.ignored)[:SHOWN],
        "counts": {
            "new": len(difference.new),
            "changed": len(difference.changed),
            "unchanged": difference.unchanged,
            "wrong": difference.wrong_lines,
            "leavers": len(difference.leavers),
            "kept": len(difference.kept),
            "active": difference.active,
            "ended": len(difference.ended),
        },
        "shown": _digest(difference),
        "shown_leavers": _digest_of(sorted(person.pk for person in difference.leavers)),
        "why_not": difference.why_not,
        "why_leavers_stay": difference.why_leavers_stay,
        "new": [_told_line(line) for line in difference.new[:SHOWN]],
        "changed": [_told_change(change) for change in difference.changed[:SHOWN]],
        "mistakes": [asdict(mistake) for mistake in difference.mistakes[:SHOWN]],
        "leavers": [_told_person(person) for person in difference.leavers[:SHOWN]],
        "kept": [_told_person(person) for person in difference.kept[:SHOWN]],
    }


def _digest(difference: Difference) -> str:
    """Stands for all that is shown but the leavers, however many: the same only where everything is."""
    changed = sorted((change.person.pk, change.before, change.after) for change in difference.changed)
    wrong = sorted({mistake.line for mistake in difference.mistakes})
    return _digest_of([changed, sorted(line.email for line in difference.new), wrong])


def _digest_of(facts: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _known() -> _Known:
    people = list(User.objects.all())
    emails = {person.pk: person.email for person in people}
    managers: defaultdict[str, list[str]] = defaultdict(list)
    for person, manager in Reporting.objects.values_list("person_id", "manager_id"):
        managers[emails[person]].append(emails[manager])
    roles: defaultdict[str, set[str]] = defaultdict(set)
    for holder, role in RoleHolding.objects.values_list("user_id", "role"):
        roles[holder].add(role)
    sorted_managers = {email: tuple(sorted(found)) for email, found in managers.items()}
    return _Known({person.email: person for person in people}, sorted_managers, roles)


def _supers(known: _Known) -> set[str]:
    """E-mails of the active Super Administrators."""
    return {
        email
        for email, person in known.people.items()
        if person.is_active and Role.SUPER in known.roles[person.pk]
    }


def _refuse_shutting_out(file: PeopleFile, known: _Known, wrong: Mistakes, by: User | None) -> None:
    """No line deactivates whoever applies the file, nor the last Super Administrators."""
    supers = _supers(known)
    own = by.email if by is not None else ""
    ended = [line for line in file.lines if line.is_active is False and line.email in supers]
    is_all = supers == {line.email for line in ended} - {own}
    for line in ended:
        if line.email == own:
            wrong[line.number].append("It would deactivate yourself.")
        elif is_all:
            wrong[line.number].append("It would deactivate the last Super Administrator.")


def _wrong_managers(file: PeopleFile, known: _Known, wrong: Mistakes) -> Mistakes:
    """What is wrong with managers in the lines that were right so far."""
    lines = {line.email: line for line in file.lines if line.number not in wrong}
    here = known.people.keys() | lines.keys()
    found: Mistakes = defaultdict(list)
    for line in lines.values():
        for manager in line.managers or ():
            if manager not in here:
                found[line.number].append(_unknown(manager, file))
    if found:
        return found
    named = {email: line.managers for email, line in lines.items() if line.managers is not None}
    for ring in rings({**known.managers, **named}):
        way = _way(ring)
        for email in ring:
            if email in named:
                found[lines[email].number].append(f"This makes a ring of managers: {way}.")
    return found


def _unknown(manager: str, file: PeopleFile) -> str:
    if manager in file.emails:
        return f"The manager {manager} is not known yet, and the line of that person has a mistake."
    return f"The manager {manager[:254]} is neither known here nor in the file."


def _way(ring: Sequence[str]) -> str:
    shown = [*ring[:5], "..."] if len(ring) > 5 else ring
    return ", ".join(
        [f"{shown[0]} reports to {shown[1]}", *(f"who to {email}" for email in [*shown[2:], ring[0]])]
    )


def _sort_in(difference: Difference, line: Line, known: _Known) -> None:
    person = known.people.get(line.email)
    if person is None:
        difference.new.append(line)
        return
    before, after = _told(person, line, known)
    differing = [name for name in after if after[name] != before[name]]
    if not differing:
        difference.unchanged += 1
        return
    before, after = ({name: facts[name] for name in differing} for facts in (before, after))
    difference.changed.append(Change(person, line, before, after, frozenset(known.roles[person.pk])))


def _told(person: User, line: Line, known: _Known) -> tuple[Facts, Facts]:
    """What is known of a person, and what the line says, of everything it speaks of."""
    before: Facts = {name: getattr(person, name) for name in line.facts}
    after: Facts = dict(line.facts)
    if line.managers is not None:
        before["managers"] = ", ".join(known.managers.get(person.email, ()))
        after["managers"] = ", ".join(line.managers)
    if line.is_active is not None:
        before["status"] = person.status
        after["status"] = ACTIVE if line.is_active else DEACTIVATED
    roles = known.roles[person.pk]
    if Role.BASIC not in roles and roles != {Role.READ_ONLY}:
        before[BASIC], after[BASIC] = "no", "yes"
    return before, after


def _find_leavers(difference: Difference, file: PeopleFile, known: _Known, by: User | None) -> None:
    absent = [
        person for email, person in known.people.items() if person.is_active and email not in file.emails
    ]
    ended = {person.email for person in difference.ended}
    supers = _supers(known)
    staying = supers - ended - {person.email for person in absent if by is None or person.pk != by.pk}
    for person in sorted(absent, key=lambda each: (each.search_text, each.pk)):
        is_last = person.email in supers and not staying
        is_self = by is not None and person.pk == by.pk
        (difference.kept if is_last or is_self else difference.leavers).append(person)


def _told_line(line: Line) -> dict[str, Any]:
    facts = {**line.facts, "managers": ", ".join(line.managers or ())}
    told = [{"label": LABELS[name], "after": text} for name, text in facts.items() if text and name != "name"]
    if line.is_active is False:
        told.append({"label": LABELS["status"], "after": DEACTIVATED})
    return {"line": line.number, "email": line.email, "name": line.facts["name"], "facts": told}


def _told_change(change: Change) -> dict[str, Any]:
    labels = {**LABELS, BASIC: "Basic User"}
    told = [
        {"label": labels[name], "before": change.before[name], "after": change.after[name]}
        for name in change.after
    ]
    return {"line": change.line.number, **_told_person(change.person), "facts": told}


def _told_person(person: User) -> dict[str, str]:
    return {"pk": person.pk, "email": person.email, "name": person.name}
