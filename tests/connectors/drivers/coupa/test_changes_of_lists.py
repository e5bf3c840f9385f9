"""Lists that Coupa only empties as a whole, and memberships: what was to go goes, nothing else does."""

import pytest

from connectors.contract import MissingScope, TransientError
from connectors.http import Refused
from tests.fakes.coupa.people import User


def test_the_last_role_may_go_and_it_is_said_that_none_remains(world, user):
    world.hold(user, {5})

    receipt = world.make("revoke", user, "role:5:member")

    assert world.held(user) == set()
    assert receipt.agrees
    assert receipt.said.endswith("does not hold the role “Approver” any more. No roles remain.")


@pytest.mark.parametrize("habit", ["only_empty_lists", "replaces_lists"])
@pytest.mark.parametrize("kept", [set(), {3, 6}])
def test_a_role_goes_whatever_empties_a_list(kept, habit, world, user):
    world.hold(user, {5, *kept})
    world.fake.misbehave(**{habit: True})

    receipt = world.make("revoke", user, "role:5:member")

    assert world.held(user) == kept
    assert receipt.agrees


def test_a_list_that_coupa_keeps_is_said_to_be_kept(world, user):
    world.fake.misbehave(keeps_lists=True)

    receipt = world.make("revoke", user, "role:5:member")

    assert world.held(user) == {2, 3, 5, 6}
    assert not receipt.agrees
    assert "still or again" in receipt.said
    assert world.journal.kept == {}


@pytest.mark.parametrize("before", [set(), {3}, {3, 6}])
def test_roles_that_a_list_replaced_are_given_back(before, world, user):
    world.hold(user, before)
    world.fake.misbehave(replaces_lists=True)

    receipt = world.make("grant", user, "role:1:member")

    assert world.held(user) == {1, *before}
    assert receipt.agrees


def test_a_list_that_came_cut_is_never_emptied(world, user):
    world.fake.misbehave(nested_most=3)

    with pytest.raises(TransientError, match="Nothing was changed"):
        world.make("revoke", user, "role:5:member")

    assert world.held(user) == {2, 3, 5, 6}
    assert world.journal.kept == {}


@pytest.mark.parametrize("habits", [{"graphql_status": 404}, {"graphql_errors": True}])
def test_without_graphql_the_one_list_is_believed(habits, world, user):
    world.fake.misbehave(**habits)

    assert world.make("revoke", user, "role:5:member").agrees
    assert world.held(user) == {2, 3, 6}


def test_a_membership_is_ended_and_the_list_is_left_alone(world, user):
    receipt = world.make("revoke", user, "group:9:member")

    assert world.held(user, "group") == {5, 10}
    assert [call.asked.split()[0] for call in receipt.calls if not call.asked.startswith("GET")] == [
        "POST",
        "DELETE",
    ]
    assert world.journal.written == []


@pytest.mark.parametrize(
    "habits",
    [
        {"no_memberships": 404},
        {"no_memberships": 405},
        {"not_here": "/api/user_group_memberships"},
        {"ignores_filters": True},
    ],
)
def test_where_no_membership_can_be_ended_the_groups_are_given_back(habits, world, user):
    world.fake.misbehave(**habits)

    receipt = world.make("revoke", user, "group:9:member")

    assert world.held(user, "group") == {5, 10}
    assert receipt.agrees
    assert receipt.said.endswith("the group “buyers” any more. 2 other groups remain.")


def test_a_refused_end_of_a_membership_is_told(world, user):
    world.fake.misbehave(no_memberships=422)

    with pytest.raises(Refused, match="not offered"):
        world.make("revoke", user, "group:9:member")

    assert world.held(user, "group") == {5, 9, 10}


def test_who_administers_another_group_is_left_to_people(world):
    owner = "1000"
    world.fake.tenant.add_user(User(1000, "owner", None, "Olu", "Owner", None, None))
    world.hold(owner, {5, 9}, "group")
    world.fake.misbehave(no_memberships=405)

    receipt = world.make("revoke", owner, "group:9:member")

    assert (receipt.changed, receipt.agrees) == (False, False)
    assert "no longer administer group 5" in receipt.said
    assert world.held(owner, "group") == {5, 9}


def test_the_scope_for_groups_is_named(world, user):
    world.fake.misbehave(missing_scope={"core.user_group.write"})

    with pytest.raises(MissingScope, match=r"core\.user_group\.write"):
        world.make("revoke", user, "group:9:member")
