"""Lists of any length, and tenants that change while they are read."""

import json

import httpx
import pytest

from connectors.contract import Account, Batch, Grant, Outside, Resource
from connectors.drivers.coupa import gather
from connectors.drivers.coupa.client import CoupaClient
from connectors.drivers.coupa.records import resource
from connectors.drivers.coupa.shapes import row
from tests.connectors.drivers.conftest import KINDS, as_lines
from tests.connectors.drivers.vendor import Vendor, data
from tests.fakes.coupa import FakeCoupa


def grants(batches: list[Batch]) -> set[Grant]:
    return {record for batch in batches for record in batch.records if isinstance(record, Grant)}


def holders(batches: list[Batch], entitlement: str) -> set[str]:
    return {grant.account_id for grant in grants(batches) if grant.entitlement_id == entitlement}


@pytest.mark.parametrize("members", [0, 1, 49, 50, 51, 100, 230])
def test_a_group_of_any_size_is_complete_in_walk_count_and_proof(members, fake, drive):
    group = fake.add_group("Sized")
    chosen = {str(user) for user in sorted(fake.tenant.users)[:members]}
    entitlement = f"group:{group}:member"
    for user in chosen:
        fake.grant(user, entitlement)
    driver = drive(fake)

    assert holders(list(driver.walk(KINDS)), entitlement) == chosen
    assert holders(list(driver.recount(KINDS)), entitlement) == chosen
    assert driver.holders(entitlement)[0] == chosen


def test_a_role_held_by_everybody_is_complete_beyond_fifty(fake, drive):
    everybody = {str(user) for user in fake.tenant.users}
    driver = drive(fake)

    assert holders(list(driver.walk(KINDS)), "role:3:member") == everybody
    assert driver.holders("role:3:member")[0] == everybody


def test_a_user_in_more_than_fifty_groups_is_complete(drive):
    with FakeCoupa(users=40, groups=90, roles=3) as fake:
        most = max(fake.tenant.users.values(), key=lambda user: len(user.groups))
        held = {Grant(str(most.id), f"group:{group}:member") for group in most.groups}
        assert len(held) > 50

        assert held <= grants(list(drive(fake).walk(KINDS)))
        assert held <= grants(list(drive(fake).recount(KINDS)))
        assert held <= grants([drive(fake).read(str(most.id))])


def test_groups_that_differ_only_in_case_are_two_by_their_ids(fake, drive):
    found = [record for batch in drive(fake).walk(KINDS) for record in batch.records]

    same = [each for each in found if isinstance(each, Resource) and each.name.lower() == "buyers"]
    assert len({each.id for each in same}) == len(same) == 2


def test_an_owner_who_takes_no_part_holds_nothing_and_is_named(fake, drive):
    group = fake.add_group("Owned")
    owner = min(fake.tenant.users)
    fake.tenant.groups[int(group)].owner = owner

    batches = list(drive(fake).walk(KINDS))

    [owned] = [
        record
        for batch in batches
        for record in batch.records
        if isinstance(record, Resource) and (record.kind, record.id) == ("group", group)
    ]
    assert owned.profile["owner"] == fake.tenant.users[owner].login
    assert Grant(str(owner), f"group:{group}:member") not in grants(batches)


def test_a_group_without_an_owner_says_so():
    found, _ = resource("group", row({"id": 4, "name": "Free", "owner": None}))

    assert found.profile["owner"] == ""


@pytest.mark.parametrize("most", [1, 7, 49])
def test_a_short_page_is_not_the_end(most, drive):
    with FakeCoupa(users=60, groups=12, roles=14) as fake:
        fake.misbehave(most_rows=most)

        assert as_lines(drive(fake).walk(KINDS)) == fake.truth()


def test_a_server_that_gives_more_than_was_asked_is_read_to_the_end(api):
    answers = [data([{"id": number} for number in range(1, 301)]), data([]), data([])]

    pages = list(CoupaClient(api(Vendor(*answers))).pages("user", ["id"]))

    assert [len(page) for page in pages] == [300]


@pytest.mark.parametrize("answers", [([7], []), ([], [7]), ([7], [7])], ids=["first", "second", "both"])
def test_where_the_end_is_due_one_empty_answer_of_the_two_is_not_believed(answers, api):
    told = [data([{"id": number} for number in ids]) for ids in answers]

    found = CoupaClient(api(Vendor(*told))).page("user", ["id"], 3, is_end_due=True)

    assert [row.id for row in found] == [7]


def test_where_the_end_is_due_two_empty_answers_are_the_end_and_no_third_is_asked_for(api):
    vendor = Vendor(data([]), data([]))

    assert CoupaClient(api(vendor)).page("user", ["id"], 3, is_end_due=True) == []


def test_nothing_untouched_is_missed_while_users_come_change_and_go(fake, drive, monkeypatch):
    monkeypatch.setattr(gather, "SIZE", 1)
    before = {str(user) for user in fake.tenant.users}
    ids = sorted(map(int, before))
    gone: set[str] = set()
    seen: set[str] = set()

    for batch in drive(fake).walk(KINDS):
        seen |= {record.id for record in batch.records if isinstance(record, Account)}
        if seen and not gone:
            gone = {str(ids[10]), str(ids[120])}  # one that was read, one that was not
            for user in gone:
                fake.remove_user(user)
            added = fake.add_user("late.joiner")
            fake.set_active(str(ids[150]), active=False)

    assert before - gone <= seen
    assert added in seen


@pytest.mark.parametrize("kind", ["role", "group"])
def test_a_resource_deleted_in_the_middle_stops_nothing_and_nobody_holds_it_after(kind, drive, monkeypatch):
    monkeypatch.setattr(gather, "SIZE", 1)
    with FakeCoupa(users=120, groups=12, roles=14) as fake:
        thing = fake.add_role("Short-lived") if kind == "role" else fake.add_group("Short-lived")
        entitlement = f"{kind}:{thing}:member"
        for user in fake.tenant.users:
            fake.grant(str(user), entitlement)
        batches: list[Batch] = []

        for batch in drive(fake).walk(KINDS):
            batches.append(batch)
            if holders([batch], entitlement) and thing in (
                map(str, fake.tenant.roles if kind == "role" else fake.tenant.groups)
            ):
                (fake.remove_role if kind == "role" else fake.remove_group)(thing)

        assert set(batches[-1].complete) == set(KINDS)
        assert 0 < len(holders(batches, entitlement)) < 120


def test_bodies_of_a_walk_are_kept_where_evidence_rests_on_them(fake, drive):
    batches = list(drive(fake, outside=Outside(keeps_bodies=True)).walk(KINDS))

    calls = [call for batch in batches for call in batch.calls]
    assert all(len(call.body) == call.bytes for call in calls if call.kind != "token")
    assert json.loads(calls[1].body)


def test_coupas_words_are_shown_though_one_of_its_lists_is_null(api):
    told = {"errors": {"user": ["First Name can't be blank", None], "warnings": None}}
    client = CoupaClient(api(Vendor(data(told, 400))))

    with pytest.raises(Exception, match="It said: First Name can't be blank"):
        client.few("user", ["id"], 1)


@pytest.mark.parametrize("answer", [{"data": {"users": [{"id": 1}, None]}}, {"data": {"users": None}}, {}])
def test_partial_data_of_graphql_is_no_data(answer, api):
    client = CoupaClient(api(Vendor(data(answer))))

    with pytest.raises(Exception, match="Coupa sent"):
        client.graphql_page("id", 0)


def test_an_empty_list_for_xml_is_never_taken_for_one(api):
    xml = httpx.Response(404, content=b"<errors/>", headers={"content-type": "application/xml"})

    with pytest.raises(Exception, match="answered 404"):
        CoupaClient(api(Vendor(xml))).page("user", ["id"], 0)
