"""A row is in one worker's hands at a time."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from core.leases import BESIDE, LEASE, LeaseLost, RenewedBeside, leased_tables
from core.models import OutgoingMail
from tests.waiting import wait_until


@pytest.fixture
def letter(db):
    return OutgoingMail.objects.create(
        key="a", letter="a", to="a@example.com", subject="a", text="a", html="a"
    )


def test_a_claimed_row_cannot_be_claimed_again(letter):
    first = OutgoingMail.objects.claim(letter.pk)

    second = OutgoingMail.objects.claim(letter.pk)

    assert first is not None
    assert first.attempts == 1
    assert second is None


def test_a_row_is_free_again_when_its_lease_has_run_out(letter):
    OutgoingMail.objects.claim(letter.pk)

    with time_machine.travel(now() + LEASE + timedelta(seconds=1)):
        second = OutgoingMail.objects.claim(letter.pk)

    assert second is not None
    assert second.attempts == 2


def test_who_lost_the_lease_saves_nothing(letter):
    slow = OutgoingMail.objects.claim(letter.pk)
    assert slow is not None
    with time_machine.travel(now() + LEASE + timedelta(seconds=1)):
        OutgoingMail.objects.claim(letter.pk)

    with pytest.raises(LeaseLost):
        slow.save_held(problem="too late")

    letter.refresh_from_db()
    assert letter.problem == ""


def test_a_row_that_is_not_due_cannot_be_claimed(letter):
    OutgoingMail.objects.update(due_at=now() + timedelta(minutes=1))

    assert OutgoingMail.objects.claim(letter.pk) is None


def test_a_released_row_may_be_claimed_at_once(letter):
    claimed = OutgoingMail.objects.claim(letter.pk)
    assert claimed is not None
    claimed.release(problem="later")

    again = OutgoingMail.objects.claim(letter.pk)

    assert again is not None
    assert again.problem == "later"


def test_all_leases_end_when_their_workers_are_known_to_be_gone(letter):
    OutgoingMail.objects.claim(letter.pk)

    ended = OutgoingMail.objects.let_go()

    assert ended == 1
    assert OutgoingMail.objects.claim(letter.pk) is not None


def test_every_table_with_leases_is_known():
    assert {table.__name__ for table in leased_tables()} >= {"OutgoingMail", "SyncRun", "SettingsCandidate"}


@pytest.fixture
def busy(transactional_db, monkeypatch):
    """A row in the hands of a worker that renews it all the time."""
    monkeypatch.setattr(RenewedBeside, "EVERY", 0.02)
    OutgoingMail.objects.create(key="b", letter="b", to="b@example.com", subject="b", text="b", html="b")
    held = OutgoingMail.objects.claim(OutgoingMail.objects.get(key="b").pk)
    assert held is not None
    return held


def test_a_lease_is_renewed_beside_a_worker_that_reads_for_long_and_told_columns_with_it(busy):
    with RenewedBeside(busy) as kept:
        old = OutgoingMail.objects.get(pk=busy.pk).leased_until
        kept.tell(subject="half-way")
        there = OutgoingMail.objects.filter(pk=busy.pk, subject="half-way", leased_until__gt=old)
        assert wait_until(there.exists, seconds=20, what="the lease was renewed")

    after = OutgoingMail.objects.get(pk=busy.pk).leased_until
    assert after
    assert after < now() + BESIDE + timedelta(seconds=1)


def test_who_reads_for_long_hears_that_the_row_is_in_other_hands(busy):
    def heard() -> bool:
        try:
            kept.tell()
        except LeaseLost:
            return True
        return False

    with RenewedBeside(busy) as kept:
        OutgoingMail.objects.filter(pk=busy.pk).update(lease=uuid.uuid4())

        assert wait_until(heard, seconds=20, what="it was told")


def test_within_a_callers_transaction_nothing_is_renewed_beside(letter):
    held = OutgoingMail.objects.claim(letter.pk)
    assert held is not None

    with RenewedBeside(held) as kept:
        kept.tell(subject="half-way")

    assert OutgoingMail.objects.get(pk=letter.pk).subject == "a"
