"""A worker may die between any two requests: another one ends the wish as if it had been made once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import DriverError, TransientError
from tests.connectors.drivers.coupa.changing import AFTER, BEFORE, Fate, Killed, World, is_emptying
from tests.connectors.drivers.coupa.test_changes import EVERY, expected, started
from tests.fakes.coupa import FakeCoupa

WISHES = [
    *[(verb, entitlement, {}) for verb, entitlement in EVERY],
    ("revoke", "group:9:member", {"no_memberships": 405}),
    ("revoke", "role:5:member", {"only_empty_lists": True}),
    ("revoke", "role:5:member", {"replaces_lists": True}),
    ("grant", "role:1:member", {"replaces_lists": True}),
]


@pytest.mark.parametrize(("verb", "entitlement", "habits"), WISHES)
@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_killed_at_any_step_the_wish_is_done_by_the_next_worker(when, verb, entitlement, habits, world, user):
    started(world, user, verb)
    world.fake.misbehave(**habits)
    person = world.fake.tenant.users[int(user)]
    roles, groups, flags, active = set(person.roles), set(person.groups), set(person.flags), person.active
    wished = expected(world, user, verb, entitlement)
    step, is_over = 1, False

    while not is_over:
        person.roles, person.groups, person.flags, person.active = set(roles), set(groups), set(flags), active
        fate = Fate(step, when)
        try:
            world.make(verb, user, entitlement, fate)
            is_over = True
        except Killed:
            step += 1
        assert world.make(verb, user, entitlement).agrees
        assert world.fake.truth() == wished
        assert world.journal.kept == {}

    assert step >= 4


@pytest.mark.parametrize("when", [BEFORE, AFTER])
@pytest.mark.parametrize("held", [{5}, {3, 5}])
def test_the_last_roles_survive_any_death(held, when, world, user):
    for step in range(1, 16):
        world.hold(user, held)
        try:
            world.make("revoke", user, "role:5:member", Fate(step, when))
        except Killed:
            world.make("revoke", user, "role:5:member")
        assert world.held(user) == held - {5}
        assert world.journal.kept == {}


@settings(max_examples=150, deadline=None)
@given(
    deaths=st.lists(st.tuples(st.integers(1, 14), st.sampled_from([BEFORE, AFTER])), min_size=2, max_size=5),
    held=st.sets(st.sampled_from([1, 2, 3, 6]), max_size=4),
    wish=st.sampled_from([("revoke", "role"), ("revoke", "group"), ("grant", "role"), ("grant", "group")]),
)
def test_workers_may_die_one_after_the_other(deaths, held, wish):
    verb, kind = wish
    fake = FakeCoupa(users=20, groups=12, roles=14, seed=7)
    world, user = World(fake), str(max(fake.tenant.users))
    thing = 5
    rest = {9 if each == 1 else 10 if each == 2 else each for each in held} if kind == "group" else held
    world.hold(user, rest | ({thing} if verb == "revoke" else set()), kind)
    fake.misbehave(no_memberships=404)

    for step, when in deaths:
        try:
            world.make(verb, user, f"{kind}:{thing}:member", Fate(step, when))
        except Killed:
            continue
    receipt = world.make(verb, user, f"{kind}:{thing}:member")
    fake.stop()

    assert receipt.agrees
    assert world.held(user, kind) == rest | ({thing} if verb == "grant" else set())
    assert world.journal.kept == {}


@pytest.mark.parametrize(
    ("habits", "kind"),
    [
        ({"write_status": (503, 2)}, None),
        ({"lost_writes": 2}, None),
        ({"lost_answers": 1}, None),
        ({"html_writes": 1}, None),
        ({"write_status": (503, 9)}, TransientError),
        ({"write_status": (400, 99)}, DriverError),
    ],
)
def test_roles_that_were_taken_are_given_back_or_an_alarm_is_raised(habits, kind, world, user):
    world.fake.misbehave(writes_after=1, **habits)

    if kind is None:
        assert world.make("revoke", user, "role:5:member").agrees
    else:
        with pytest.raises(
            kind, match=r"has taken all roles .* the role “Admin”, the role “User”, the role"
        ) as caught:
            world.make("revoke", user, "role:5:member")
        assert caught.value.calls
        assert world.journal.kept["held"] == [2, 3, 6]
        world.fake.behave()
        assert world.make("revoke", user, "role:5:member").agrees

    assert world.held(user) == {2, 3, 6}
    assert world.journal.kept == {}


def test_what_cannot_be_seen_after_the_emptying_is_an_alarm(world, user):
    def down(request):
        if is_emptying(request):
            world.fake.misbehave(status=(503, 99), status_after=1)

    world.fake.misbehave(html_writes=1)
    world.meddle = down

    with pytest.raises(TransientError, match=r"taken all roles .* tried again"):
        world.make("revoke", user, "role:5:member")

    world.meddle = None
    world.fake.behave()
    assert world.make("revoke", user, "role:5:member").agrees
    assert world.held(user) == {2, 3, 6}


def test_a_role_that_coupa_refuses_does_not_keep_the_others_out(world, user):
    world.fake.misbehave(refuses={"role:3"})

    with pytest.raises(DriverError, match="Still to be given back: the role “User”") as caught:
        world.make("revoke", user, "role:5:member")

    assert "Admin" not in str(caught.value)
    assert "role cannot be given" in str(caught.value)
    assert world.held(user) == {2, 6}


def test_a_role_that_coupa_passes_over_when_it_is_given_back_is_an_alarm(world, user):
    world.fake.misbehave(passes_over={"role:6"})

    with pytest.raises(DriverError, match="Still to be given back: the role “Auditor”"):
        world.make("revoke", user, "role:5:member")

    assert world.held(user) == {2, 3}


def test_a_role_that_is_no_more_need_not_be_given_back(world, user):
    world.meddle = lambda request: world.fake.remove_role("6") if is_emptying(request) else None

    assert world.make("revoke", user, "role:5:member").agrees
    assert world.held(user) == {2, 3}
    assert world.journal.kept == {}


def test_whoever_lost_the_order_still_gives_back_what_it_took(world, user):
    class LeaseLost(Exception):
        pass

    real = world.journal.put

    def put(kept):
        if kept.get("stage") == "giving":
            raise LeaseLost
        real(kept)

    world.journal.put = put

    with pytest.raises(LeaseLost):
        world.make("revoke", user, "role:5:member")

    assert world.held(user) == {2, 3, 6}
