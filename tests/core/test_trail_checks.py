"""Looks at the whole trail: once a day and when asked, each by one worker, and what is found is told."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils.timezone import now

from core.actions import seals
from core.errors import Denied
from core.jobs.trail import check_trail, seal_trail, sweep_trail_checks
from core.leases import LEASE
from core.models import OutgoingMail, Role, TrailCheck, TrailEvent, TrailPending, User
from core.queries.seals import verify
from tests.core.test_seals import sealed_now, write
from tests.flush import past_the_triggers
from tests.make import make_user

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def ada():
    return make_user("Ada Lindgren", Role.SUPER)


def break_it() -> int:
    """Alter a sealed event past the triggers; its id."""
    (pk,) = write(1)
    seals.seal_next()
    with transaction.atomic(), past_the_triggers():
        TrailEvent.objects.filter(pk=pk).update(actor_name="Somebody else")
    return pk


def test_the_job_seals_all_that_waits(monkeypatch):
    monkeypatch.setattr(seals, "BLOCK", 2)
    write(5)

    seal_trail()

    assert not TrailPending.objects.exists()
    assert (verify().seals, verify().problems) == (3, [])


@pytest.mark.parametrize("role", [Role.SUPER, Role.READ_ONLY])
def test_who_reads_the_trail_may_have_it_checked_and_that_is_told(role, nudges, trail):
    person = make_user("Vera Stein", role)

    with transaction.atomic():
        check = seals.want_check(by=person)

    assert (check.status, check.by_name) == ("wanted", "Vera Stein")
    assert trail() == ["core.trail_check_wanted"]


def test_others_may_not(cast, trail):
    for who in ("connector_admin", "application", "campaign", "request", "helpdesk", "basic", "no_role"):
        with pytest.raises(Denied):
            seals.want_check(by=cast[who])

    assert not TrailCheck.objects.exists()
    assert trail() == []


def test_one_that_waits_serves_the_next_who_asks(ada, trail):
    first = seals.want_check(by=ada)

    assert seals.want_check(by=ada) == first
    assert TrailCheck.objects.count() == 1
    assert trail() == ["core.trail_check_wanted"]


def test_a_look_keeps_what_it_found(ada):
    write(3)
    seal = sealed_now()
    check = seals.want_check(by=None)

    check_trail(str(check.pk))

    check.refresh_from_db()
    assert (check.status, check.by_name, check.problems) == ("done", "Reeve", [])
    assert (check.seals, check.events, check.pending) == (1, 3, 0)
    assert (check.head_number, check.head) == (1, seal.hash)
    assert check.ended_at is not None
    assert not OutgoingMail.objects.exists()


def test_a_look_that_is_delivered_twice_happens_once(ada):
    break_it()
    check = seals.want_check(by=None)

    check_trail(str(check.pk))
    ended_at = TrailCheck.objects.get().ended_at
    check_trail(str(check.pk))

    assert TrailCheck.objects.get().ended_at == ended_at
    assert TrailEvent.objects.filter(action="core.trail_broken").count() == 1


def test_a_look_whose_worker_was_killed_is_taken_up_again(django_capture_on_commit_callbacks, nudges):
    check = seals.want_check(by=None)
    claimed = TrailCheck.objects.all().claim(check.pk)  # and then the worker is killed

    check_trail(str(check.pk))
    assert TrailCheck.objects.get().status == "wanted"
    TrailCheck.objects.update(leased_until=now() - timedelta(seconds=1))
    with django_capture_on_commit_callbacks(execute=True):
        sweep_trail_checks()
    check_trail(str(check.pk))

    assert claimed is not None
    assert ("core.check_trail", str(check.pk)) in [(job, str(row)) for job, row in nudges]
    assert (TrailCheck.objects.get().status, TrailCheck.objects.get().attempts) == ("done", 2)


def test_a_slow_worker_says_nothing_once_another_holds_the_look(ada, monkeypatch):
    break_it()
    check = seals.want_check(by=None)

    def slowly(**_: object) -> object:
        TrailCheck.objects.update(lease=None, leased_until=None)
        return verify()

    monkeypatch.setattr(seals, "verify", slowly)
    check_trail(str(check.pk))

    assert TrailCheck.objects.get().status == "wanted"
    assert not TrailEvent.objects.filter(action="core.trail_broken").exists()
    assert not OutgoingMail.objects.exists()


def test_a_long_look_keeps_its_lease(monkeypatch):
    monkeypatch.setattr(seals, "KEPT_FOR", -1)  # seconds: every pulse renews it
    write(2)
    seals.seal_next()
    check = seals.want_check(by=None)
    held = TrailCheck.objects.all().claim(check.pk)
    assert held is not None
    TrailCheck.objects.update(leased_until=now())
    until: list[datetime] = []
    release = TrailCheck.release

    def watched(self: TrailCheck, **changes: object) -> None:
        assert self.leased_until is not None
        until.append(self.leased_until)
        release(self, **changes)

    monkeypatch.setattr(TrailCheck, "release", watched)
    seals.check(held)

    assert until[0] > now() + LEASE / 2


def test_a_trail_that_makes_every_look_break_off_counts_as_broken(ada):
    check = seals.want_check(by=None)
    TrailCheck.objects.update(attempts=seals.TRIES)

    check_trail(str(check.pk))

    check.refresh_from_db()
    assert (check.status, check.problems) == (
        "done",
        ["5 looks at the trail broke off: the worker's log says why."],
    )
    assert OutgoingMail.objects.get().letter == "trail_broken"


@pytest.mark.parametrize(("age", "looks"), [(timedelta(hours=23), 1), (timedelta(hours=25), 2)])
def test_the_trail_is_looked_at_once_a_day(age, looks):
    TrailCheck.objects.create(by_name="Reeve", status="done", at=now() - age, ended_at=now() - age)

    sweep_trail_checks()
    sweep_trail_checks()

    assert TrailCheck.objects.count() == looks


def test_a_trail_that_was_never_looked_at_is(nudges):
    sweep_trail_checks()

    assert TrailCheck.objects.get().status == "wanted"


def test_a_broken_trail_is_told_to_every_super_administrator_once_a_day(ada, cast):
    make_user("Peter Kovacs", Role.SUPER, status=User.Status.DEACTIVATED)
    pk = break_it()

    for _ in range(2):
        check_trail(str(seals.want_check(by=None).pk))

    letters = OutgoingMail.objects.order_by("to")
    assert [(each.letter, each.recipient) for each in letters] == [
        ("trail_broken", person) for person in sorted((ada, cast["super"]), key=lambda each: each.email)
    ]
    assert all(f"Event {pk} was altered (seal 1)." in each.text for each in letters)
    told = TrailEvent.objects.filter(action="core.trail_broken")
    assert [each.severity for each in told] == ["error", "error"]
    assert told[0].change == {"problems": [f"Event {pk} was altered (seal 1)."]}


def test_the_next_day_it_is_told_again(ada):
    break_it()
    check_trail(str(seals.want_check(by=None).pk))
    OutgoingMail.objects.update(key=f"trail_broken:2026-01-01:{ada.pk}")

    check_trail(str(seals.want_check(by=None).pk))

    assert OutgoingMail.objects.count() == 2
