"""Whether the trail is as it was written: every event against its seal, every seal against the one before."""

from array import array
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import OperationalError, connection
from django.db.models import Exists, Model, OuterRef

from core.models import TrailCheck, TrailEvent, TrailPending, TrailSeal
from core.seals import Sealed, chained, digest

NAMED = 1_000
"""Troubles named at most; further ones are counted."""
MOST_STRAYS = 100_000
"""Inserted events remembered at most; a trail with more is broken beyond counting."""
SEALS_AT_ONCE, EVENTS_AT_ONCE = 50, 1_000
GUARDED = (TrailEvent._meta.db_table, TrailSeal._meta.db_table)
GUARDS = {"sqlite": ("no_update", "no_delete", "no_replace"), "postgresql": ("append_only",)}
"""How the triggers end that refuse to change these tables, by kind of database."""
UNREADABLE = (ValueError, TypeError, AttributeError)
"""What Django makes of a column that holds what it never could: SQLite keeps anything anywhere."""


@dataclass(slots=True)
class Verdict:
    """What a look at the whole trail found. It is whole if there are no problems."""

    seals: int = 0
    events: int = 0
    pending: int = 0
    """Events among them that no seal covered yet."""
    head_number: int = 0
    head: str = ""
    """The hash of the newest seal."""
    problems: list[str] = field(default_factory=list)


def newest_seal() -> TrailSeal | None:
    return TrailSeal.objects.order_by("-number").defer("events").first()


def verify(*, expected: tuple[int, str] | None = None, pulse: Callable[[], object] = lambda: None) -> Verdict:
    """Look at all of it. `expected` is a seal somebody kept elsewhere, such as a letter: number and hash.

    Who can write to the database can also compute a new chain. That is found by comparing with a seal kept
    elsewhere, and by nothing else. A trigger that should refuse changes and is gone is trouble as well.
    Others may write and seal meanwhile. `pulse` is called every few hundred rows. Memory: eight bytes an
    event.
    """
    walk = _Walk(pulse)
    _look_for_triggers(walk.trouble)
    walk.along_the_chain()
    strays = walk.along_the_events()
    walk.along_the_chain()  # what waited when we came by may have been sealed since
    for pk in strays:
        if not walk.has_sealed(pk):
            walk.trouble.name(f"Event {pk} was inserted: no seal covers it, and it waits for none.")
    there = TrailEvent.objects.filter(pk=OuterRef("event_id"))
    lost = TrailPending.objects.exclude(Exists(there)).order_by("event_id")
    for pk in lost.values_list("event_id", flat=True).iterator(EVENTS_AT_ONCE):
        walk.trouble.name(f"Event {pk} was deleted before it was sealed.")
    for pk in TrailPending.objects.order_by("event_id").values_list("event_id", flat=True)[:NAMED]:
        if walk.has_sealed(pk):
            walk.trouble.name(f"Event {pk} is sealed, yet waits for a seal.")
    _compare_with_before(expected, walk.trouble)
    walk.found.problems = walk.trouble.sentences()
    return walk.found


class _Trouble:
    """Sentences, as many as anybody reads; the rest is counted."""

    def __init__(self) -> None:
        self._named: list[str] = []
        self._more = 0

    def name(self, sentence: str) -> None:
        if len(self._named) < NAMED:
            self._named.append(sentence)
        else:
            self._more += 1

    def sentences(self) -> list[str]:
        return [*self._named, *([f"And {self._more:,} more."] if self._more else [])]


class _Walk:
    """One walk over seals and events: how far it came, and what it saw."""

    def __init__(self, pulse: Callable[[], object]) -> None:
        self.found = Verdict()
        self.trouble = _Trouble()
        self._pulse = pulse
        self._last: int | None = None
        self._sealed = array("q")  # rising

    def has_sealed(self, pk: int) -> bool:
        place = bisect_left(self._sealed, pk)
        return place < len(self._sealed) and self._sealed[place] == pk

    def along_the_chain(self) -> None:
        """Every seal after those seen already."""
        for seals in self._new_seals():
            read = {number: _pairs(seal) if seal else None for number, seal in seals.items()}
            keys = [pk for pairs in read.values() for pk, _ in pairs or ()]
            there: dict[int, str] = {}
            for first in range(0, len(keys), EVENTS_AT_ONCE):
                there |= _digests(keys[first : first + EVENTS_AT_ONCE])
                self._pulse()
            for number, seal in seals.items():
                self._look_at(number, seal, read[number])
                self._look_inside(number, read[number] or (), there)

    def along_the_events(self) -> Sequence[int]:
        """Every event there is. Answers those that no seal seen so far covers and that wait for none."""
        strays: list[int] = []
        rows = TrailEvent.objects.order_by("pk").values_list("pk", flat=True)
        there = list(rows[:EVENTS_AT_ONCE])
        while there:
            loose = [pk for pk in there if not self.has_sealed(pk)]
            waiting = set(TrailPending.objects.filter(pk__in=loose).values_list("pk", flat=True))
            found = [pk for pk in loose if pk not in waiting]
            strays += found[: max(0, MOST_STRAYS - len(strays))]
            self.found.events += len(there)
            self.found.pending += len(waiting)
            self._pulse()
            there = list(rows.filter(pk__gt=there[-1])[:EVENTS_AT_ONCE])
        return strays

    def _new_seals(self) -> Iterator[Mapping[int, TrailSeal | None]]:
        """A few at a time, by number; None for one that cannot be read."""
        numbers = TrailSeal.objects.order_by("number").values_list("number", flat=True)
        while True:
            rest = numbers if self._last is None else numbers.filter(number__gt=self._last)
            some = list(rest[:SEALS_AT_ONCE])
            if not some:
                return
            yield _read(TrailSeal, some)
            self._last = some[-1]

    def _look_at(self, number: int, seal: TrailSeal | None, pairs: Sealed | None) -> None:
        """A seal against itself and the one before; it then is the head."""
        found, name = self.found, self.trouble.name
        found.seals += 1
        if number < 1:
            name(f"Seal {number} was inserted: the first is 1.")
            return
        for missing in range(found.head_number + 1, min(number, found.head_number + 1 + NAMED)):
            name(f"Seal {missing} is missing.")
        if seal is None or pairs is None or seal.hash != chained(number, seal.at, pairs, seal.previous):
            name(f"Seal {number} was altered.")
        elif seal.previous != found.head and number == found.head_number + 1:
            name(f"Seal {number} does not follow the seal before it.")
        found.head_number, found.head = number, seal.hash if seal else ""

    def _look_inside(self, number: int, pairs: Sealed, there: Mapping[int, str]) -> None:
        for pk, kept in pairs:
            if self.has_sealed(pk):
                self.trouble.name(f"Event {pk} is covered twice (seal {number}).")
                continue
            if self._sealed and pk < self._sealed[-1]:
                insort(self._sealed, pk)
            else:
                self._sealed.append(pk)
            if pk not in there:
                self.trouble.name(f"Event {pk} was deleted (seal {number}).")
            elif there[pk] != kept:
                self.trouble.name(f"Event {pk} was altered (seal {number}).")


def _pairs(seal: TrailSeal) -> Sealed | None:
    """What a seal covers; None if that is no list of pairs of id and digest."""
    events = seal.events
    is_good = isinstance(events, list) and all(
        isinstance(pair, list)
        and len(pair) == 2
        and type(pair[0]) is int
        and 0 <= pair[0] < 2**63
        and isinstance(pair[1], str)
        for pair in events
    )
    return events if is_good else None


def _digests(keys: Sequence[int]) -> dict[int, str]:
    """Of those events that are there; empty for one that cannot be read."""
    return {pk: digest(event) if event else "" for pk, event in _read(TrailEvent, keys).items()}


def _read[M: Model](model: type[M], keys: Sequence[int]) -> dict[int, M | None]:
    """Rows by key, in order; None for one that cannot be read."""
    try:
        return dict(sorted(model._default_manager.in_bulk(keys).items()))
    except (*UNREADABLE, OperationalError) as problem:
        _must_be_about_a_column(problem)
        if len(keys) == 1:
            return {keys[0]: None}
        rows: dict[int, M | None] = {}
        for key in keys:
            rows |= _read(model, [key])
        return rows


def _must_be_about_a_column(problem: Exception) -> None:
    """SQLite says "could not decode"; a locked database or a lost connection says nothing of the trail."""
    if isinstance(problem, OperationalError) and "decode" not in str(problem):
        raise problem


def _look_for_triggers(trouble: _Trouble) -> None:
    """One that was switched off is as good as gone."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute(
                "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE t.tgenabled IN ('O', 'A') AND pg_table_is_visible(c.oid)"
            )
        there = set(cursor.fetchall())
    for table in GUARDED:
        for end in GUARDS[connection.vendor]:
            if (table, f"{table}_{end}") not in there:
                trouble.name(f"The trigger {table}_{end} is gone: the database does not refuse changes.")


def _compare_with_before(expected: tuple[int, str] | None, trouble: _Trouble) -> None:
    """Seals that somebody elsewhere, or looks without trouble, saw as the newest must still be there."""
    heads = [(*expected, "whoever asks")] if expected else []
    checks = TrailCheck.objects.filter(status=TrailCheck.Status.DONE, problems=[]).exclude(head="")
    for number, kept, at in checks.order_by("at").values_list("head_number", "head", "at"):
        heads.append((number, kept, f"the check of {at:%Y-%m-%d %H:%M} UTC"))
    numbers = {number for number, _, _ in heads}
    there = dict(TrailSeal.objects.filter(number__in=numbers).values_list("number", "hash"))
    for number, kept, where in heads:
        if number not in there:
            trouble.name(f"Seal {number} is gone, though {where} knew it.")
        elif there[number] != kept:
            trouble.name(f"Seal {number} is another than the one {where} knew: the chain was made anew.")
        else:
            continue
        return  # whatever follows hangs on this one
