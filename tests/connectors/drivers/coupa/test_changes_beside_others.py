"""Other administrators change the same user meanwhile: what they do stays done."""

from dataclasses import dataclass

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import TransientError
from tests.connectors.drivers.coupa.changing import AFTER, BEFORE, Fate, Killed, World, is_emptying
from tests.fakes.coupa import FakeCoupa

WANTED = 5
ANCHORS = {2, 3}
"""Held from the start, and left alone by others."""
OTHERS = (1, 4, 6, 7, 8)
GROUPS = dict(zip((*sorted(ANCHORS), *OTHERS, WANTED), (3, 6, 9, 10, 11, 13, 14, 5), strict=True))


@dataclass
class Act:
    """Another administrator gives or takes one thing before the request of this number."""

    at: int
    thing: int


class Others:
    """Each act is done once, on what is seen to be held; `due` is what is right in the end.

    Nobody can see what is changed between the last reading and the emptying: that act comes later.
    """

    def __init__(self, world: World, user: str, kind: str, acts: list[Act], due: set[int]) -> None:
        self._world, self._user, self._kind = world, user, kind
        self._acts = sorted(acts, key=lambda act: act.at)
        self.due = due
        self.may_take = True
        self._asked = 0

    def __call__(self, request: httpx.Request) -> None:
        self._asked += 1
        while self._acts and self._acts[0].at <= self._asked and not is_emptying(request):
            self._do(self._acts.pop(0).thing)

    def _do(self, thing: int) -> None:
        held = self._world.held(self._user, self._kind)
        if thing in held and self.may_take:
            self._world.hold(self._user, held - {thing}, self._kind)
            self.due.discard(thing)
        elif thing not in held:
            self._world.hold(self._user, held | {thing}, self._kind)
            self.due.add(thing)


acts = st.lists(
    st.builds(Act, st.integers(1, 14), st.sampled_from(OTHERS)), max_size=5, unique_by=lambda act: act.thing
)


@settings(max_examples=400, deadline=None)
@given(
    verb=st.sampled_from(["grant", "revoke"]),
    kind=st.sampled_from(["role", "group", "group without memberships"]),
    held=st.sets(st.sampled_from(OTHERS)),
    acts=acts,
    death=st.none() | st.tuples(st.integers(1, 14), st.sampled_from([BEFORE, AFTER])),
)
def test_what_others_give_and_take_meanwhile_is_kept(verb, kind, held, acts, death):
    fake = FakeCoupa(users=20, groups=12, roles=14, seed=7)
    world, user = World(fake), str(max(fake.tenant.users))
    fake.misbehave(no_memberships=0 if kind == "group" else 405)
    kind = kind.split()[0]
    ids = GROUPS if kind == "group" else {each: each for each in GROUPS}
    before = {ids[each] for each in {*held, *ANCHORS}}
    world.hold(user, before | ({ids[WANTED]} if verb == "revoke" else set()), kind)
    others = Others(world, user, kind, [Act(act.at, ids[act.thing]) for act in acts], set(before))
    world.meddle = others

    try:
        receipt = world.make(verb, user, f"{kind}:{ids[WANTED]}:member", Fate(*death) if death else None)
    except Killed:
        others.may_take = False  # between a death and the next try nobody can tell who took what
        receipt = world.make(verb, user, f"{kind}:{ids[WANTED]}:member")
    except TransientError:  # never the same at two readings
        receipt = world.make(verb, user, f"{kind}:{ids[WANTED]}:member")
    fake.stop()

    assert receipt.agrees
    wished = others.due | {ids[WANTED]} if verb == "grant" else others.due - {ids[WANTED]}
    assert world.held(user, kind) == wished
    assert world.journal.kept == {}


def at_the_last_look(world: World, act):
    """Do it before the reading that comes right before the emptying."""
    looks: list[httpx.Request] = []

    def meddle(request: httpx.Request) -> None:
        if request.method == "GET" and "roles" in str(request.url) and world.journal.kept:
            looks.append(request)
            if len(looks) == 1:
                act()

    return meddle


@pytest.mark.parametrize("thing", [1, 6])
def test_a_change_at_the_last_look_makes_it_look_again(thing, world, user):
    held = world.held(user)
    world.meddle = at_the_last_look(world, lambda: world.hold(user, held ^ {thing}))

    assert world.make("revoke", user, "role:5:member").agrees
    assert world.held(user) == held - {5} ^ {thing}


def test_what_another_took_at_the_last_look_is_not_taken_again(world, user):
    world.meddle = at_the_last_look(world, lambda: world.hold(user, {2, 3, 6}))

    receipt = world.make("revoke", user, "role:5:member")

    assert (receipt.changed, receipt.agrees) == (False, True)
    assert not any(call.asked.startswith("PUT") for call in receipt.calls)
    assert world.journal.kept == {}


def test_what_another_gives_anew_is_not_fought_over(world, user):
    emptied: list[httpx.Request] = []

    def meddle(request: httpx.Request) -> None:
        if emptied:
            world.hold(user, world.held(user) | {5})
        if is_emptying(request):
            emptied.append(request)

    world.meddle = meddle

    receipt = world.make("revoke", user, "role:5:member")

    assert len(emptied) == 1
    assert world.held(user) == {2, 3, 5, 6}
    assert (receipt.changed, receipt.agrees) == (True, False)
    assert "given anew by others" in receipt.said


def test_a_user_whose_roles_never_stand_still_is_left_alone(world, user):
    def meddle(request: httpx.Request) -> None:
        if request.method == "GET":
            world.hold(user, world.held(user) ^ {1})

    world.meddle = meddle

    with pytest.raises(TransientError, match="Nothing was changed"):
        world.make("revoke", user, "role:5:member")

    assert world.held(user) >= {2, 3, 5, 6}
    assert not any(asked.method == "PUT" for asked in world.fake.requests)
    assert world.journal.kept == {}


def test_an_emptying_that_comes_too_late_to_be_safe_is_preceded_by_another_look(world, user):
    """A worker that was held up may have lost its order to another one."""
    looks: list[httpx.Request] = []

    def slow(request: httpx.Request) -> None:
        if request.method == "GET" and world.journal.kept:
            looks.append(request)
            if len(looks) == 1:
                world.hands.sleep(61)

    world.meddle = slow

    assert world.make("revoke", user, "role:5:member").agrees
    assert [kept.get("stage") for kept in world.journal.written] == ["emptying", "emptying", "giving", None]
    assert world.held(user) == {2, 3, 6}


@pytest.mark.parametrize(
    ("step", "when"), [(3, AFTER), (4, BEFORE), (4, AFTER)], ids=["kept", "before the look", "after it"]
)
def test_what_others_take_after_a_death_before_the_emptying_stays_taken(step, when, world, user):
    with pytest.raises(Killed):
        world.make("revoke", user, "role:5:member", Fate(step, when))
    assert world.journal.kept["stage"] == "emptying"
    world.hold(user, {2, 3, 5})

    assert world.make("revoke", user, "role:5:member").agrees

    assert world.held(user) == {2, 3}


def test_what_others_take_after_it_was_given_back_stays_taken(world, user):
    with pytest.raises(Killed):
        world.make("revoke", user, "role:5:member", Fate(9, BEFORE))
    assert world.held(user) == {2, 3, 6}
    world.hold(user, {2, 3})

    assert world.make("revoke", user, "role:5:member").agrees

    assert world.held(user) == {2, 3}


def test_roles_that_another_gave_anew_after_a_death_are_completed(world, user):
    """Whoever finds a user without roles may give back the one that was to go."""
    with pytest.raises(Killed):
        world.make("revoke", user, "role:5:member", Fate(5, AFTER))
    assert world.held(user) == set()
    world.hold(user, {5, 7})

    assert world.make("revoke", user, "role:5:member").agrees

    assert world.held(user) == {2, 3, 6, 7}


def test_what_others_do_while_an_emptying_fails_stays_done(world, user):
    states = iter([{2, 3, 6}, {2, 3}])

    def meddle(request: httpx.Request) -> None:
        if world.fake.coupa.habits.write_status[1] == 0 and (state := next(states, None)):
            world.hold(user, state)

    world.fake.misbehave(write_status=(503, 1))
    world.meddle = meddle

    assert world.make("revoke", user, "role:5:member").agrees
    assert world.held(user) == {2, 3}


def test_nothing_is_kept_for_later_where_nothing_was_taken(world, user):
    """Given back hours later it would undo what others did in between."""
    world.meddle = at_the_last_look(world, lambda: world.fake.misbehave(status=(503, 99)))

    with pytest.raises(TransientError, match="503"):
        world.make("revoke", user, "role:5:member")

    assert world.journal.kept == {}
