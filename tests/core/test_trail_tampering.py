"""Whoever changes the trail past Reeve is found, and what they changed is named."""

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils.timezone import now
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.actions import organisation, seals
from core.models import Organisation, Role, TrailEvent, TrailPending, TrailSeal
from core.queries import seals as seal_queries
from core.queries.seals import verify
from core.seals import chained, digest
from tests.core.test_seals import write
from tests.flush import guard, past_the_triggers
from tests.make import make_user

EVENTS, BLOCK = 12, 3
PROPERTY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXTS = ("action", "severity", "channel", "actor_id", "actor_name", "object_type", "object_id", "object_name")


@pytest.fixture
def written(db, monkeypatch):
    """Twelve events under four seals, and one that waits; the head as a letter would carry it."""
    monkeypatch.setattr(seals, "BLOCK", BLOCK)
    ids = write(EVENTS)
    while seals.seal_next() is not None:
        pass
    write(1)
    newest = TrailSeal.objects.latest("number")
    return ids, (newest.number, newest.hash)


def after(change, *, expected=None) -> list[str]:
    """What is found once this was done to the database; afterwards it is undone."""
    with transaction.atomic():
        with past_the_triggers():
            change()
        found = verify(expected=expected).problems
        transaction.set_rollback(True)
    return found


def test_what_nobody_touched_is_whole(written):
    _, head = written

    found = verify(expected=head)

    assert (found.problems, found.events, found.seals, found.pending) == ([], 13, 4, 1)
    assert (found.head_number, found.head) == head


@PROPERTY
@given(
    which=st.integers(0, EVENTS - 1),
    column=st.sampled_from(TEXTS),
    text=st.text("abcxyz019", min_size=1, max_size=8),
)
def test_an_altered_event_is_named(which, column, text, written):
    pk = written[0][which]
    assume(TrailEvent.objects.exclude(**{column: text}).filter(pk=pk).exists())  # else it alters nothing

    found = after(lambda: TrailEvent.objects.filter(pk=pk).update(**{column: text}))

    assert found == [f"Event {pk} was altered (seal {which // BLOCK + 1})."]


@pytest.mark.parametrize("column", ["at", "change", "address"])
def test_other_columns_count_as_well(column, written):
    pk = written[0][4]
    value = {"at": now(), "change": {"proof": "provider"}, "address": "192.0.2.7"}[column]

    found = after(lambda: TrailEvent.objects.filter(pk=pk).update(**{column: value}))

    assert found == [f"Event {pk} was altered (seal 2)."]


@PROPERTY
@given(gone=st.sets(st.integers(0, EVENTS - 1), min_size=1))
def test_deleted_events_are_named(gone, written):
    ids = [written[0][which] for which in sorted(gone)]

    found = after(lambda: TrailEvent.objects.filter(pk__in=ids).delete())

    assert found == [
        f"Event {written[0][which]} was deleted (seal {which // BLOCK + 1})." for which in sorted(gone)
    ]


@PROPERTY
@given(further=st.integers(1, 10**15))
def test_an_inserted_event_is_named(further, written):
    known = TrailEvent.objects.latest("pk")
    pk = known.pk + further

    def insert() -> None:
        known.pk = pk
        known.save(force_insert=True)

    assert after(insert) == [f"Event {pk} was inserted: no seal covers it, and it waits for none."]


def test_an_event_deleted_before_it_was_sealed_is_named(written):
    waiting = TrailPending.objects.get().pk

    found = after(lambda: TrailEvent.objects.filter(pk=waiting).delete())

    assert found == [f"Event {waiting} was deleted before it was sealed."]


@PROPERTY
@given(number=st.integers(1, 4), column=st.sampled_from(["hash", "previous", "at", "events"]))
def test_an_altered_seal_is_named(number, column, written):
    seal = TrailSeal.objects.get(number=number)
    other = {"hash": "0" * 64, "previous": "1" * 64, "at": now(), "events": seal.events[:-1]}[column]

    found = after(lambda: TrailSeal.objects.filter(number=number).update(**{column: other}))

    assert f"Seal {number} was altered." in found


@PROPERTY
@given(number=st.integers(1, 3))
def test_a_deleted_seal_is_named(number, written):
    found = after(lambda: TrailSeal.objects.filter(number=number).delete())

    assert f"Seal {number} is missing." in found


@PROPERTY
@given(which=st.integers(0, EVENTS - 1))
def test_a_seal_made_to_fit_breaks_the_chain_after_it(which, written):
    """Who alters an event and its seal leaves the next seal without the one it follows."""
    pk, number = written[0][which], which // BLOCK + 1

    found = after(lambda: forge(pk, number, to=number), expected=written[1])

    assert found
    assert all(f"Seal {number} " in each or f"Seal {number + 1} " in each for each in found)


def test_a_whole_chain_made_anew_is_found_by_a_head_kept_elsewhere_and_only_so(written):
    pk = written[0][0]

    alone = after(lambda: forge(pk, 1, to=4))
    compared = after(lambda: forge(pk, 1, to=4), expected=written[1])

    assert alone == []
    assert compared == ["Seal 4 is another than the one whoever asks knew: the chain was made anew."]


def test_an_end_cut_off_is_found_by_a_head_kept_elsewhere(written):
    last = written[0][-BLOCK:]

    def cut() -> None:
        TrailSeal.objects.filter(number=4).delete()
        TrailEvent.objects.filter(pk__in=last).delete()

    assert after(cut) == []
    assert after(cut, expected=written[1]) == ["Seal 4 is gone, though whoever asks knew it."]


def test_the_look_before_remembers_the_head(written, nudges):
    seals.check(claimed(seals.want_check(by=None)))

    found = after(lambda: forge(written[0][0], 1, to=4))

    assert len(found) == 1
    assert "Seal 4 is another than the one the check of " in found[0]


@pytest.mark.parametrize("table", guard.TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
def test_the_database_itself_refuses_to_change_the_trail(table, statement, written):
    if "TRUNCATE" in statement and connection.vendor != "postgresql":
        statement = "DELETE FROM {0} WHERE 1 = 1"  # SQLite's name for it
    column = {"core_trailevent": "action", "core_trailseal": "hash"}[table]

    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table, column))

    assert verify().problems == []


@pytest.mark.parametrize("model", [TrailEvent, TrailSeal])
def test_no_row_is_changed_or_deleted_through_the_models(model, written):
    row = model.objects.first()

    for change in (row.save, row.delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_a_verb_whose_event_cannot_be_written_does_not_happen(db, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise DatabaseError("The disk is full.")

    monkeypatch.setattr(TrailPending.objects, "bulk_create", fail)
    ada = make_user("Ada Lindgren", Role.SUPER)
    Organisation.current()

    with pytest.raises(DatabaseError, match="disk is full"):
        organisation.drop_letters(by=ada, drops=True)

    assert not Organisation.objects.get().drops_letters
    assert not TrailEvent.objects.exists()


@PROPERTY
@given(number=st.integers(-5, 9), real=st.booleans(), follows=st.booleans())
def test_an_inserted_seal_is_named(number, real, follows, written):
    """Whatever its number, and though its hash is right; the next in the chain alone is one that may be."""
    there = set(range(1, 5))
    previous = written[1][1] if follows else "0" * 64
    at, events = now(), [(written[0][0], digest(TrailEvent.objects.get(pk=written[0][0])))]
    hashed = chained(number, at, events, previous) if real else "f" * 64

    def insert() -> None:
        TrailSeal.objects.create(number=number, at=at, events=events, previous=previous, hash=hashed)

    if number not in there and not (number == 5 and real and follows):
        assert any(
            f"Seal {number} " in each or f"Seal {number - 1} is missing" in each for each in after(insert)
        )


@PROPERTY
@given(
    what=st.sampled_from(["alter", "delete", "insert", "seal"]),
    which=st.integers(0, EVENTS - 1),
    more=st.sampled_from(["alter", "delete", "insert", "seal"]),
    another=st.integers(0, EVENTS - 1),
)
def test_two_changes_at_once_are_both_named(what, which, more, another, written):
    ids, _ = written
    acts = {
        "alter": lambda pk: TrailEvent.objects.filter(pk=pk).update(object_name="Another"),
        "delete": lambda pk: TrailEvent.objects.filter(pk=pk).delete(),
        "insert": lambda pk: TrailEvent(id=pk + 10_000, actor_name="X", channel="web").save(
            force_insert=True
        ),
        "seal": lambda pk: TrailSeal.objects.filter(number=ids.index(pk) // BLOCK + 1).update(hash="0" * 64),
    }
    words = {
        "alter": "Event {} was altered",
        "delete": "Event {} was deleted",
        "insert": "Event {} was inserted",
    }

    def named(act: str, place: int) -> str:
        shift = 10_000 if act == "insert" else 0
        return words.get(act, f"Seal {place // BLOCK + 1} was altered").format(ids[place] + shift)

    def both() -> None:
        acts[what](ids[which])
        acts[more](ids[another])

    if which != another:
        found = after(both)
        assert all(
            any(each.startswith(words) for each in found)
            for words in (named(what, which), named(more, another))
        )


@pytest.mark.parametrize(
    "events", [{}, [], "text", [1], [[1]], [[1, 2]], [["a", "b"]], [[True, "b"]], [[2**70, "b"]], [[-1, "b"]]]
)
def test_a_seal_that_holds_what_no_seal_holds_is_named(events, written):
    found = after(lambda: TrailSeal.objects.filter(number=2).update(events=events))

    assert "Seal 2 was altered." in found
    assert any(each.startswith(f"Event {written[0][BLOCK]} was inserted") for each in found) or not events


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("core_trailevent", "at", "'yesterday'"),
        ("core_trailevent", "at", "5"),
        ("core_trailevent", "actor_name", "x'00ff'"),
        ("core_trailevent", "actor_name", "CAST(x'ff' AS TEXT)"),
        ("core_trailseal", "at", "'yesterday'"),
        ("core_trailseal", "hash", "x'00ff'"),
    ],
)
def test_what_no_such_column_ever_held_is_refused_or_named(table, column, value, written):
    """SQLite keeps anything in any column; what Django can then not read must not end the look."""
    key, row = ("id", written[0][4]) if table == "core_trailevent" else ("number", 2)
    named = f"Event {row} was altered (seal 2)." if key == "id" else "Seal 2 was altered."

    def change() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET {column} = {value} WHERE {key} = {row}")

    if (connection.vendor, value) == ("postgresql", "5"):
        with pytest.raises(DatabaseError):
            after(change)
    else:
        assert named in after(change)


def test_what_is_written_and_sealed_during_the_look_is_no_trouble(written):
    """Events come, and their seals, between any two steps of it; it used to call them inserted."""
    left = iter(range(20))

    def meanwhile() -> None:
        if next(left, None) is not None:
            write(2)
            seals.seal_next()

    found = verify(pulse=meanwhile)

    assert found.problems == []
    assert found.seals > 4


def test_trouble_that_was_found_once_is_found_until_it_is_put_right(written, nudges):
    """The check that finds a new chain keeps the new head; the next one used to believe it."""
    checks = []
    with transaction.atomic():
        seals.check(claimed(seals.want_check(by=None)))
        with past_the_triggers():
            forge(written[0][0], 1, to=4)
        for _ in range(2):
            check = claimed(seals.want_check(by=None))
            seals.check(check)
            checks.append(check)

    assert ["made anew" in check.problems[0] for check in checks] == [True, True]


def test_however_much_is_wrong_a_thousand_sentences_are_kept(written, monkeypatch):
    monkeypatch.setattr(seal_queries, "NAMED", 5)

    found = after(lambda: TrailEvent.objects.filter(pk__in=written[0]).update(channel="job", actor_name="X"))

    assert len(found) == 6
    assert found[-1] == "And 7 more."


def claimed(check):
    return type(check).objects.all().claim(check.pk)


def forge(pk: int, number: int, *, to: int) -> None:
    """Alter an event, and make the seals from its own up to `to` fit."""
    TrailEvent.objects.filter(pk=pk).update(actor_name="Somebody else")
    previous = TrailSeal.objects.filter(number=number - 1).values_list("hash", flat=True).first() or ""
    for seal in TrailSeal.objects.filter(number__gte=number, number__lte=to).order_by("number"):
        there = TrailEvent.objects.in_bulk([each for each, _ in seal.events])
        events = [(int(each), digest(there[each])) for each, _ in seal.events]
        previous_of, previous = previous, chained(seal.number, seal.at, events, previous)
        TrailSeal.objects.filter(number=seal.number).update(
            events=events, previous=previous_of, hash=previous
        )


def test_an_event_that_is_sealed_and_waits_again_is_named_and_so_is_one_covered_twice(db):
    pk = write(3)[0]
    seals.seal_next()
    TrailPending.objects.create(event_id=pk)
    waiting = verify()

    seals.seal_next()

    assert waiting.problems == [f"Event {pk} is sealed, yet waits for a seal."]
    assert verify().problems == [f"Event {pk} is covered twice (seal 2)."]


@pytest.mark.parametrize("table", guard.TABLES)
def test_no_row_is_replaced(table, written):
    statement = f"INSERT INTO {table} SELECT * FROM {table}"
    if connection.vendor == "sqlite":
        statement = statement.replace("INSERT", "INSERT OR REPLACE")  # it deletes without asking a trigger

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert verify().problems == []


def test_a_locked_database_says_nothing_of_the_trail(written, monkeypatch):
    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(TrailEvent.objects, "in_bulk", locked)

    with pytest.raises(OperationalError, match="locked"):
        verify()
