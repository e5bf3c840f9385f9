"""Seals over the trail: nothing is passed over, and the chain never forks."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from core.actions import seals
from core.models import Organisation, TrailEvent, TrailPending, TrailSeal
from core.queries.seals import verify
from core.seals import COLUMNS, chained, digest
from core.trail import record

KNOWN = TrailEvent(
    id=17,
    at=datetime(2026, 11, 24, 14, 32, 6, 123456, tzinfo=UTC),
    action="core.roles_changed",
    severity="neutral",
    channel="web",
    actor_id="2abcdefghijklmnopqrstuvwxyz",
    actor_name="Zoë Brännström",
    object_type="core.user",
    object_id="2zyxwvutsrqponmlkjihgfedcba",
    object_name="Grace Kim",
    change={
        "before": ["Basic User"],
        "after": ["Basic User", "Super Administrator"],
        "note": {"b": 1, "a": None},
    },
    address="2001:db8::7",
)
ITS_DIGEST = "4a5addca51a874cfb1f1a6f444476fe15d16b6ac3ad1575e053de9270fa41579"


def write(count: int, action: str = "core.signed_in") -> list[int]:
    """So many events, each in a transaction of its own; their ids."""
    organisation = Organisation.current()
    found = []
    for _ in range(count):
        with transaction.atomic():
            found.append(record(action, organisation, by=None, proof="password").pk)
    return found


def sealed_now() -> TrailSeal:
    """The next seal; there must be something to seal."""
    seal = seals.seal_next()
    assert seal is not None
    return seal


def test_the_digest_of_a_known_event_never_changes():
    assert digest(KNOWN) == ITS_DIGEST


def test_the_digest_is_the_same_once_the_database_gave_the_event_back(db):
    KNOWN.save(force_insert=True)

    assert digest(TrailEvent.objects.get(pk=17)) == ITS_DIGEST


@pytest.mark.parametrize("column", [field.attname for field in TrailEvent._meta.concrete_fields])
def test_every_column_counts(column):
    other = TrailEvent(
        **{field.attname: getattr(KNOWN, field.attname) for field in KNOWN._meta.concrete_fields}
    )
    changed = {"id": 18, "at": datetime(2026, 1, 1, tzinfo=UTC), "change": {}, "address": None}
    setattr(other, column, changed.get(column, "other"))

    assert digest(other) != ITS_DIGEST


def test_a_seal_covers_what_waits_and_follows_the_one_before(db):
    first = write(3)
    one = sealed_now()
    second = write(2)
    two = sealed_now()

    assert [pk for pk, _ in one.events] == first
    assert [pk for pk, _ in two.events] == second
    assert (one.number, one.previous) == (1, "")
    assert (two.number, two.previous) == (2, one.hash)
    assert two.hash == chained(2, two.at, two.events, one.hash)
    assert not TrailPending.objects.exists()
    assert verify().problems == []


def test_where_nothing_waits_nothing_is_written(db):
    write(1)
    seals.seal_next()

    assert seals.seal_next() is None
    assert TrailSeal.objects.count() == 1


def test_a_seal_covers_no_more_than_a_block(db, monkeypatch):
    monkeypatch.setattr(seals, "BLOCK", 4)
    write(10)

    sizes = []
    while (seal := seals.seal_next()) is not None:
        sizes.append(len(seal.events))

    assert sizes == [4, 4, 2]


def test_an_event_that_is_committed_late_is_sealed_too(db):
    early, late = write(2)
    TrailPending.objects.filter(pk=early).delete()  # its transaction has not ended: nobody sees it yet
    seals.seal_next()
    TrailPending.objects.create(event_id=early)

    seal = sealed_now()

    assert early < late
    assert [pk for pk, _ in seal.events] == [early]
    assert verify().problems == []


def test_a_row_that_waits_for_an_event_that_is_gone_does_not_stop_the_sealing(db, monkeypatch):
    monkeypatch.setattr(seals, "BLOCK", 1)
    TrailPending.objects.create(event_id=0)
    there = write(1)

    seal = sealed_now()

    assert [pk for pk, _ in seal.events] == there
    assert verify().problems == ["Event 0 was deleted before it was sealed."]


@pytest.mark.django_db(transaction=True)
def test_two_sealers_at_once_do_not_fork_the_chain(monkeypatch):
    monkeypatch.setattr(seals, "BLOCK", 5)
    write(60)
    problems: list[BaseException] = []
    start = threading.Barrier(4)

    def work() -> None:
        try:
            start.wait()
            while seals.seal_next() is not None:
                pass
        except BaseException as problem:
            problems.append(problem)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert problems == []
    assert list(TrailSeal.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 13))
    found = verify()
    assert (found.problems, found.events, found.pending) == ([], 60, 0)


@pytest.mark.parametrize("value", [1e22, -0.0, 1e16, 0.1, 1.5, 2**70, 1e-7, "😀é"])
@pytest.mark.parametrize("address", ["::ffff:192.0.2.1", "::1", "::102:304", "192.0.2.1"])
def test_numbers_and_addresses_have_one_digest_however_a_database_spells_them(value, address, db):
    event = TrailEvent(**{name: getattr(KNOWN, name) for name in COLUMNS})
    event.change, event.address = {"n": [value]}, address
    before = digest(event)

    event.save(force_insert=True)

    assert digest(TrailEvent.objects.get(pk=event.pk)) == before


def test_half_a_character_does_not_stop_the_sealing(db):
    event = TrailEvent(**{name: getattr(KNOWN, name) for name in COLUMNS})
    event.change = {"name": "\ud83d"}

    assert len(digest(event)) == 64
