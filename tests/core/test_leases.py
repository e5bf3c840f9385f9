"""A row is in one worker's hands at a time."""

from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from core.leases import LEASE, LeaseLost, leased_tables
from core.models import OutgoingMail


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
