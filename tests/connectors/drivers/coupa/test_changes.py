"""Coupa is changed as wished, nothing else is, and what Coupa says afterwards decides."""

from collections.abc import Callable

import httpx
import pytest

from connectors.contract import DriverError, MissingScope, TransientError
from connectors.contract_writing import Provisioner
from connectors.drivers.coupa import SPEC
from connectors.http import Refused
from tests.connectors.drivers.coupa.changing import World

EVERY = [
    ("grant", "role:1:member"),
    ("grant", "group:2:member"),
    ("grant", "license:expense-user:assigned"),
    ("revoke", "role:5:member"),
    ("revoke", "group:9:member"),
    ("revoke", "license:travel-user:assigned"),
    ("disable", ""),
    ("enable", ""),
]
LISTS = [(verb, entitlement) for verb, entitlement in EVERY if entitlement.startswith(("role", "group"))]
TAKEN = [("revoke", "role:5:member"), ("revoke", "group:9:member")]


def expected(world: World, user: str, verb: str, entitlement: str) -> list[dict[str, object]]:
    """The truth as it is to be, with the wish and nothing else."""
    person = world.fake.tenant.users[int(user)]
    saved = set(person.roles), set(person.groups), set(person.flags), person.active
    if entitlement:
        world.fake.tenant.hold(int(user), entitlement, holds=verb == "grant")
    else:
        person.active = verb == "enable"
    wished = world.fake.truth()
    person.roles, person.groups, person.flags, person.active = saved
    return wished


def once(act: Callable[[], None], *, method: str) -> Callable[[httpx.Request], None]:
    """Do it before the first request of this method."""
    done: list[httpx.Request] = []

    def meddle(request: httpx.Request) -> None:
        if request.method == method and not done:
            done.append(request)
            act()

    return meddle


def started(world: World, user: str, verb: str) -> None:
    world.fake.tenant.users[int(user)].active = verb != "enable"


@pytest.mark.parametrize(("verb", "entitlement"), EVERY)
def test_a_wish_is_done_and_nothing_else(verb, entitlement, world, user):
    started(world, user, verb)
    wished = expected(world, user, verb, entitlement)

    receipt = world.make(verb, user, entitlement)

    assert world.fake.truth() == wished
    assert (receipt.changed, receipt.agrees) == (True, True)
    assert receipt.said.startswith(f"Coupa, read back, says that user {user} ")
    assert receipt.calls[-1].asked.startswith(f"GET /api/users/{user}")
    assert world.journal.kept == {}


@pytest.mark.parametrize(("verb", "entitlement"), EVERY)
def test_a_wish_that_is_true_already_writes_nothing(verb, entitlement, world, user):
    started(world, user, verb)
    world.make(verb, user, entitlement)
    written = len(world.journal.written)

    receipt = world.make(verb, user, entitlement)

    assert (receipt.changed, receipt.agrees) == (False, True)
    assert "already" in receipt.said
    assert {call.asked.split()[0] for call in receipt.calls if call.kind != "token"} == {"GET"}
    assert len(world.journal.written) == written


@pytest.mark.parametrize(("verb", "entitlement"), EVERY)
@pytest.mark.parametrize("lost", ["lost_writes", "lost_answers"])
@pytest.mark.parametrize("after", [0, 1])
def test_a_connection_lost_at_a_change_is_looked_into_before_it_is_sent_again(
    after, lost, verb, entitlement, world, user
):
    started(world, user, verb)
    wished = expected(world, user, verb, entitlement)
    world.fake.misbehave(**{lost: 1, "writes_after": after})

    try:
        receipt = world.make(verb, user, entitlement)
    except TransientError:
        receipt = world.make(verb, user, entitlement)

    assert world.fake.truth() == wished
    assert receipt.agrees
    assert world.journal.kept == {}


@pytest.mark.parametrize(("verb", "entitlement"), EVERY)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_coupa_is_asked_again_later(status, verb, entitlement, world, user):
    started(world, user, verb)
    before, wished = world.fake.truth(), expected(world, user, verb, entitlement)
    world.fake.misbehave(write_status=(status, 1))

    with pytest.raises(TransientError, match=str(status)):
        world.make(verb, user, entitlement)
    assert world.fake.truth() == before

    assert world.make(verb, user, entitlement).agrees
    assert world.fake.truth() == wished


@pytest.mark.parametrize(("verb", "entitlement"), EVERY)
def test_a_refused_change_says_why_and_leaves_nothing_behind(verb, entitlement, world, user):
    started(world, user, verb)
    before = world.fake.truth()
    world.fake.misbehave(write_status=(400, 9))

    with pytest.raises(Refused, match="Not today") as caught:
        world.make(verb, user, entitlement)

    assert world.fake.truth() == before
    assert world.journal.kept == {}
    assert caught.value.calls[-1].asked.startswith(("GET", "PUT", "DELETE"))


@pytest.mark.parametrize(("verb", "entitlement"), EVERY)
def test_html_after_a_change_is_no_answer_and_the_reading_decides(verb, entitlement, world, user):
    started(world, user, verb)
    wished = expected(world, user, verb, entitlement)
    world.fake.misbehave(html_writes=2)

    assert world.make(verb, user, entitlement).agrees
    assert world.fake.truth() == wished


@pytest.mark.parametrize("habit", ["broken_json", "cut_body"])
@pytest.mark.parametrize(("verb", "entitlement"), EVERY)
def test_broken_answers_do_no_harm(verb, entitlement, habit, world, user):
    started(world, user, verb)
    wished = expected(world, user, verb, entitlement)
    world.fake.misbehave(**{habit: 3})

    assert world.make(verb, user, entitlement).agrees
    assert world.fake.truth() == wished


@pytest.mark.parametrize(("verb", "entitlement"), EVERY)
def test_a_scope_that_is_lacking_is_named_before_anything_is_changed(verb, entitlement, world, user):
    started(world, user, verb)
    before = world.fake.truth()
    world.fake.coupa.scopes -= {"core.user.write"}

    with pytest.raises(MissingScope, match=r"core\.user\.write"):
        world.make(verb, user, entitlement)

    assert world.fake.truth() == before
    assert not any(call.method in ("PUT", "DELETE") for call in world.fake.requests)


@pytest.mark.parametrize(("verb", "entitlement"), EVERY)
def test_a_scope_that_no_change_needs_may_be_lacking(verb, entitlement, world, user):
    started(world, user, verb)
    world.fake.coupa.scopes -= {"core.business_entity.write", "core.common.write"}

    assert world.make(verb, user, entitlement).agrees


@pytest.mark.parametrize(("verb", "entitlement"), EVERY)
def test_a_scope_withdrawn_behind_the_token_is_named_too(verb, entitlement, world, user):
    started(world, user, verb)
    before = world.fake.truth()
    world.fake.misbehave(missing_scope={"core.user.write", "core.user_group.write"})

    with pytest.raises(MissingScope, match=r"core\.user(_group)?\.write"):
        world.make(verb, user, entitlement)

    assert world.fake.truth() == before
    assert world.journal.kept == {}


@pytest.mark.parametrize(("verb", "entitlement"), EVERY)
def test_a_connector_that_only_reads_asks_nobody(verb, entitlement, world, user):
    world.mode = "read"
    before = world.fake.truth()

    with pytest.raises(MissingScope, match="only reads"):
        world.make(verb, user, entitlement)

    assert world.fake.truth() == before
    assert world.fake.coupa.tokens == {}


@pytest.mark.parametrize(("verb", "entitlement"), EVERY)
def test_a_token_that_ended_is_renewed(verb, entitlement, world, user):
    started(world, user, verb)
    wished = expected(world, user, verb, entitlement)
    world.meddle = once(world.fake.revoke_token, method="PUT")

    assert world.make(verb, user, entitlement).agrees
    assert world.fake.truth() == wished


@pytest.mark.parametrize(
    ("verb", "entitlement"), [each for each in EVERY if each[0] in ("revoke", "disable")]
)
def test_who_is_no_more_holds_nothing(verb, entitlement, world, user):
    world.fake.remove_user(user)

    receipt = world.make(verb, user, entitlement)

    assert (receipt.changed, receipt.agrees) == (False, True)
    assert receipt.said == f"Coupa has no user {user} any more."


@pytest.mark.parametrize(("verb", "entitlement"), [each for each in EVERY if each[0] in ("grant", "enable")])
def test_nothing_can_be_given_to_who_is_no_more(verb, entitlement, world, user):
    world.fake.remove_user(user)

    with pytest.raises(DriverError, match=f"no user {user} any more"):
        world.make(verb, user, entitlement)


def test_one_404_is_not_taken_for_the_end_of_a_user(world, user):
    world.fake.misbehave(status=(404, 1))

    with pytest.raises(TransientError, match=f"lists user {user}"):
        world.make("revoke", user, "role:5:member")


@pytest.mark.parametrize(("verb", "entitlement"), [each for each in LISTS if each[0] == "grant"])
def test_what_coupa_passes_over_in_silence_is_noticed(verb, entitlement, world, user):
    before = world.fake.truth()
    world.fake.misbehave(passes_over={entitlement.removesuffix(":member")})

    receipt = world.make(verb, user, entitlement)

    assert (receipt.changed, receipt.agrees) == (False, False)
    assert "passes over in silence" in receipt.said
    assert world.fake.truth() == before
    assert world.journal.kept == {}


def test_a_role_that_nobody_knows_is_not_given(world, user):
    assert not world.make("grant", user, "role:987:member").agrees
    assert world.make("revoke", user, "role:987:member").agrees


@pytest.mark.parametrize("licence", ["purchasing-user", "contracts-user"])
def test_a_licence_that_coupa_keeps_is_said_to_be_kept(licence, world, user):
    world.fake.grant(user, f"license:{licence}:assigned")
    before = world.fake.truth()

    receipt = world.make("revoke", user, f"license:{licence}:assigned")

    assert (receipt.changed, receipt.agrees) == (False, False)
    assert "still holds" in receipt.said
    assert "known to keep this licence" in receipt.said
    assert world.fake.truth() == before


@pytest.mark.parametrize("missing", [False, True], ids=["null", "missing"])
def test_a_licence_of_which_coupa_tells_nothing_is_not_said_to_be_gone(missing, world, user):
    world.fake.hush(user, "travel-user", missing=missing)

    receipt = world.make("revoke", user, "license:travel-user:assigned")

    assert not receipt.agrees
    assert receipt.said == f"Coupa does not tell whether user {user} holds Travel."


def test_a_licence_spelled_with_an_underscore_is_taken(world, user):
    receipt = world.make("revoke", user, "license:treasury-user:assigned")

    assert receipt.agrees
    assert "treasury-user" not in world.fake.tenant.users[int(user)].flags


@pytest.mark.parametrize("wrong", ["", "role:x:member", "role:4:assigned", "user:1:member"])
@pytest.mark.parametrize("verb", ["grant", "revoke"])
def test_what_is_no_entitlement_is_refused(verb, wrong, world, user):
    with pytest.raises(DriverError, match="not an entitlement"):
        world.make(verb, user, wrong)


@pytest.mark.parametrize("verb", ["grant", "revoke"])
def test_account_groups_are_only_read(verb, world, user):
    with pytest.raises(DriverError, match="only read"):
        world.make(verb, user, "account_group:3:member")


@pytest.mark.parametrize("wrong", ["", "x", "1/2", "٣"])
def test_what_is_no_user_is_refused(wrong, world):
    with pytest.raises(DriverError, match="not the id of a Coupa user"):
        world.make("disable", wrong)


@pytest.mark.parametrize("verb", ["revoke", "grant"])
def test_what_the_journal_holds_of_another_version_is_left_to_people(verb, world, user):
    world.journal.kept = {"v": 0, "roles": [4]}

    with pytest.raises(DriverError, match="cannot be read by this version"):
        world.make(verb, user, "role:5:member")

    assert world.held(user) == {2, 3, 5, 6}
    assert world.journal.kept == {"v": 0, "roles": [4]}


def test_no_request_tells_a_secret_and_each_tells_what_it_changed(world, user):
    receipt = world.make("revoke", user, "role:5:member")

    told = [call.asked for call in receipt.calls]
    assert f'PUT /api/users/{user} {{"roles": null}}' in told
    assert f'PUT /api/users/{user} {{"roles": [{{"id": 2}}, {{"id": 3}}, {{"id": 6}}]}}' in told
    assert world.fake.client_secret not in repr((receipt, world.journal.written))


def test_sentences_fit_where_they_are_kept(world, user):
    world.fake.tenant.roles[5].name = "“" + "x" * 250

    for verb, entitlement in EVERY:
        assert len(world.make(verb, user, entitlement).said) <= 300


def test_only_a_driver_that_may_write_says_so(world):
    assert SPEC.writes({"mode": "read-write"})
    assert not SPEC.writes({"mode": "read"})
    assert isinstance(world.worker(), Provisioner)
    assert {each.kind: each.provision for each in SPEC.capabilities} == {
        "user": (),
        "group": ("grant", "revoke"),
        "role": ("grant", "revoke"),
        "license": ("grant", "revoke"),
        "account_group": (),
    }
