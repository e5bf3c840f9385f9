"""The pretend Coupa has the habits that Coupa's documentation describes."""

import json
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.coupa import FakeCoupa
from tests.fakes.coupa.keeping import Keeper
from tests.fakes.coupa.people import Size, read_people
from tests.fakes.coupa.tenant import Tenant

ROOT = Path(__file__).parents[3]
HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}
WRITE = "core.user.read core.user.write core.common.read core.user_group.read core.user_group.write"


@pytest.fixture
def ask(fake: FakeCoupa) -> Callable[..., httpx.Response]:
    token = httpx.post(
        f"{fake.url}/oauth2/token",
        data={"grant_type": "client_credentials", "scope": WRITE},
        auth=(fake.client_id, fake.client_secret),
    ).json()["access_token"]

    def send(method: str, path: str, **parts) -> httpx.Response:
        headers = {**HEADERS, "Authorization": f"Bearer {token}"}
        return httpx.request(method, fake.url + path, headers=headers, **parts)

    return send


def test_the_same_seed_gives_the_same_tenant():
    one, two, other = (FakeCoupa(users=60, seed=seed) for seed in (4, 4, 5))

    assert one.truth() == two.truth()
    assert one.truth() != other.truth()
    for fake in (one, two, other):
        fake.stop()


def test_the_default_tenant_holds_about_forty_five_thousand_grants():
    fake = FakeCoupa()
    lines = fake.truth()
    fake.stop()

    counts = Counter(line["type"] for line in lines)
    held = Counter(line["entitlement_id"] for line in lines if line["type"] == "grant")
    assert counts["account"] == 5_000
    assert 43_000 < counts["grant"] < 47_000
    assert held["role:3:member"] == 5_000
    assert [held[f"group:{group}:member"] for group in (2, 3, 5, 6)] == [0, 50, 51, 100]
    few = {
        kind for entitlement, count in held.items() if 0 < count <= 50 for kind in [entitlement.split(":")[0]]
    }
    assert few == {"role", "group", "license"}


def test_people_of_a_file_are_the_first_persons(tmp_path):
    file = tmp_path / "people.jsonl"
    file.write_text(
        '{"name": "Ada Okafor", "email": "ada@demo.example", "employee_id": "0007"}\n\n', encoding="utf-8"
    )

    fake = FakeCoupa(users=8, people=read_people(file))
    fake.stop()

    [ada] = [line for line in fake.truth() if line.get("email") == "ada@demo.example"]
    assert ada["name"] == "Ada Okafor"
    assert fake.tenant.users[int(ada["id"])].number == "0007"


def test_a_list_is_at_most_fifty_by_id_and_ends_empty(fake, ask):
    ids: list[int] = []
    while page := ask("GET", "/api/users", params={"id[gt]": ids[-1] if ids else 0, "limit": 200}).json():
        assert len(page) <= 50
        ids += [user["id"] for user in page]

    assert ids == sorted(fake.tenant.users)
    assert ask("GET", "/api/users", params={"offset": 50}).json()[0]["id"] == ids[50]


@pytest.mark.parametrize(
    "query",
    ["roles[id]=2", "active=false", "status=active", "type[blank]=true", "travel-user=true",
     "travel_user=true", "id[in]=1,4", "user_groups[name]=Buyers"],
)  # fmt: skip
def test_filters_hold_in_rest_and_graphql_alike(query, fake, ask):
    rest = {user["id"] for user in ask("GET", f"/api/users?{query}").json()}
    graphql = ask("POST", "/api/graphql", json={"query": f'{{ users(query: "{query}") {{ id }} }}'}).json()

    assert rest == {user["id"] for user in graphql["data"]["users"]}
    assert 0 < len(rest) <= 50
    assert rest < set(fake.tenant.users)


def test_newer_licences_come_only_when_named_and_only_what_is_named_comes(ask):
    usual = ask("GET", "/api/users?limit=1").json()[0]
    named = ask(
        "GET", '/api/users?limit=1&fields=["id","intake_user","no-such-user",{"roles":["id"]}]'
    ).json()[0]

    assert "travel-user" in usual
    assert "treasury_user" in usual
    assert "intake-user" not in usual
    assert named.keys() == {"id", "intake-user", "roles"}
    assert named["roles"][0].keys() == {"id"}


def test_a_licence_may_be_null_or_missing_for_one_user_though_it_is_held(fake, ask):
    one, two, three = sorted(fake.tenant.users)[:3]
    for user in (one, two, three):
        fake.grant(str(user), "license:travel-user:assigned")
    fake.hush(str(one), "travel-user")
    fake.hush(str(two), "travel-user", missing=True)

    usual = ask("GET", "/api/users?limit=3").json()
    named = ask("GET", '/api/users?limit=3&fields=["id","travel-user"]').json()
    filtered = ask("GET", "/api/users?travel-user=true&limit=1").json()

    assert [user.get("travel-user", "missing") for user in usual] == [None, "missing", True]
    assert named == [{"id": one, "travel-user": None}, {"id": two}, {"id": three, "travel-user": True}]
    assert filtered[0]["id"] == three
    assert sum(line.get("entitlement_id") == "license:travel-user:assigned" for line in fake.truth()) >= 3


def test_a_graphql_answer_may_be_empty_once(fake, ask):
    fake.misbehave(graphql_empty_once=True)

    replies = [ask("POST", "/api/graphql", json={"query": "{ users { id } }"}).json() for _ in range(2)]

    assert replies[0] == {"data": {"users": []}}
    assert len(replies[1]["data"]["users"]) == 50


def test_an_invalid_query_is_explained(ask):
    assert ask("GET", "/api/users?id[like]=1").status_code == 400
    assert ask("GET", "/api/users?fields=nonsense").json()["errors"]["query"] == ["fields is not JSON"]


def test_graphql_knows_variables_aliases_and_nested_fields(fake, ask):
    query = """query People($q: String!) {
      few: users(query: $q) { id employeeNumber roles { name } manager { login } }
    }"""
    second = sorted(fake.tenant.users)[1]

    [user] = ask("POST", "/api/graphql", json={"query": query, "variables": {"q": f"id={second}"}}).json()[
        "data"
    ]["few"]

    assert user["id"] == second
    assert {"name": "User"} in user["roles"]
    assert user["manager"]["login"] == "coupasupport"


@pytest.mark.parametrize(
    "query", ["{ moons { id } }", "{ users { moons } }", "mutation { x }", "{ users { id "]
)
def test_graphql_errors_come_with_status_200(query, ask):
    reply = ask("POST", "/api/graphql", json={"query": query})

    assert reply.status_code == 200
    assert reply.json()["errors"][0]["message"]


def test_a_put_of_roles_adds_null_clears_and_the_unknown_is_passed_over(fake, ask):
    account = str(min(fake.tenant.users))
    before = set(fake.tenant.users[int(account)].roles)

    added = ask("PUT", f"/api/users/{account}", json={"roles": [{"id": 5}, {"name": "Auditor"}, {"id": 987}]})
    assert added.status_code == 200
    assert fake.tenant.users[int(account)].roles == before | {5, 6}

    ask("PUT", f"/api/users/{account}", json={"roles": None})
    assert fake.tenant.users[int(account)].roles == set()


def test_revoking_purchasing_is_accepted_and_not_kept(fake, ask):
    account = min(fake.tenant.users)
    fake.grant(str(account), "license:purchasing-user:assigned")
    fake.grant(str(account), "license:travel-user:assigned")

    reply = ask(
        "PUT", f"/api/users/{account}", json={"purchasing-user": False, "travel_user": False, "active": False}
    )

    assert reply.status_code == 200
    assert "purchasing-user" in fake.tenant.users[account].flags
    assert "travel-user" not in fake.tenant.users[account].flags
    assert fake.tenant.users[account].active is False


def test_a_refused_write_says_why(fake, ask):
    reply = ask("PUT", f"/api/users/{min(fake.tenant.users)}", json={"firstname": ""})

    assert reply.status_code == 400
    assert reply.json() == {"errors": {"user": ["First Name can't be blank"], "warnings": None}}


def test_a_token_opens_only_what_its_scopes_name(fake):
    token = httpx.post(
        f"{fake.url}/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": fake.client_id,
            "client_secret": fake.client_secret,
            "scope": "core.user.read",
        },
    ).json()["access_token"]
    headers = {**HEADERS, "Authorization": f"Bearer {token}"}

    assert httpx.get(f"{fake.url}/api/users", headers=headers).status_code == 200
    assert httpx.get(f"{fake.url}/api/roles", headers=headers).status_code == 403
    assert httpx.put(f"{fake.url}/api/users/1", headers=headers, json={}).status_code == 403
    assert httpx.get(f"{fake.url}/api/users", headers=HEADERS).status_code == 401
    fake.revoke_token()
    assert httpx.get(f"{fake.url}/api/users", headers=headers).status_code == 401


def test_memberships_are_a_flat_list_that_can_be_paged(fake, ask):
    found: list[dict[str, Any]] = []
    while page := ask("GET", f"/api/user_group_memberships?id[gt]={found[-1]['id'] if found else 0}").json():
        found += page

    pairs = {(user.id, group) for user in fake.tenant.users.values() for group in user.groups}
    assert {(one["user-id"], one["user-group-id"]) for one in found} == pairs
    assert len(found) == len(pairs)


def test_memberships_are_found_by_user_and_group_and_ended(fake, ask):
    user = next(each for each in fake.tenant.users.values() if len(each.groups) > 1)
    group = min(user.groups)
    query = f"/api/user_group_memberships?user_id={user.id}&user_group_id={group}"

    [found] = ask("GET", query).json()

    assert (found["user-id"], found["user-group-id"]) == (user.id, group)
    assert ask("DELETE", f"/api/user_group_memberships/{found['id']}").status_code == 204
    assert group not in user.groups
    assert ask("GET", query).json() == []
    assert ask("DELETE", f"/api/user_group_memberships/{found['id']}").status_code == 404
    fake.misbehave(no_memberships=405)
    assert ask("DELETE", f"/api/user_group_memberships/{found['id']}").status_code == 405


def test_a_change_may_be_lost_before_or_after_it_is_made(fake, ask):
    user = fake.tenant.users[min(fake.tenant.users)]
    user.active = True

    fake.misbehave(lost_writes=1)
    with pytest.raises(httpx.RemoteProtocolError):
        ask("PUT", f"/api/users/{user.id}", json={"active": False})
    assert user.active

    fake.misbehave(lost_answers=1)
    with pytest.raises(httpx.RemoteProtocolError):
        ask("PUT", f"/api/users/{user.id}", json={"active": False})
    assert not user.active


def test_changes_fail_from_the_one_that_was_named(fake, ask):
    user = min(fake.tenant.users)
    fake.misbehave(writes_after=1, write_status=(503, 1))

    replies = [ask("PUT", f"/api/users/{user}", json={"active": True}).status_code for _ in range(3)]

    assert replies == [200, 503, 200]
    assert ask("GET", f"/api/users/{user}").status_code == 200


@pytest.mark.parametrize(
    ("habits", "wish", "left"),
    [
        ({"keeps_lists": True}, None, {2, 3}),
        ({"only_empty_lists": True}, None, {2, 3}),
        ({"only_empty_lists": True}, [], set()),
        ({"replaces_lists": True}, [{"id": 5}], {5}),
        ({"passes_over": ["role:5"]}, [{"id": 5}, {"id": 6}], {2, 3, 6}),
        ({"refuses": ["role:5"]}, [{"id": 5}, {"id": 6}], {2, 3}),
    ],
)
def test_a_tenant_may_treat_lists_otherwise(habits, wish, left, fake, ask):
    user = fake.tenant.users[min(fake.tenant.users)]
    user.roles = {2, 3}
    fake.misbehave(**habits)

    reply = ask("PUT", f"/api/users/{user.id}", json={"roles": wish})

    assert reply.status_code == (400 if "refuses" in habits else 200)
    assert user.roles == left


def test_others_may_be_at_work_before_a_request(fake, ask):
    user = min(fake.tenant.users)
    seen: list[int] = []

    def meddle(number: int) -> None:
        seen.append(number)
        fake.set_active(str(user), active=number == 2)

    fake.misbehave(meddle=meddle)

    told = [ask("GET", f"/api/users/{user}").json()["active"] for _ in range(3)]

    assert told == [False, True, False]
    assert seen == [1, 2, 3]


def test_faster_than_twenty_five_a_second_is_refused():
    with FakeCoupa(users=1, rate_limit=True) as fake, httpx.Client() as client:
        replies = [client.get(f"{fake.url}/api/users", headers=HEADERS).status_code for _ in range(60)]

    assert replies[:20] == [401] * 20
    assert 429 in replies


def test_verbs_change_the_truth(fake):
    before = fake.truth()
    account = fake.add_user("new.person", name="New Person")
    group = fake.add_group("Newcomers")
    fake.grant(account, f"group:{group}:member")

    grant = {"type": "grant", "account_id": account, "entitlement_id": f"group:{group}:member"}
    assert grant in fake.truth()
    assert len(fake.truth()) == len(before) + 3

    fake.revoke(account, f"group:{group}:member")
    fake.grant(account, f"group:{group}:member")
    fake.remove_group(group)
    fake.remove_user(account)
    assert fake.truth() == before


@pytest.fixture
def started():
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.coupa", "--users", "30", *arguments],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        processes.append(process)
        assert process.stdout
        return process, json.loads(process.stdout.readline())

    yield start
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def test_the_command_tells_where_it_listens_and_ends_on_sigterm(started):
    process, told = started("--client-id", "an-id", "--client-secret", "a-secret")

    assert told["domain"] == told["url"]
    assert (told["client_id"], told["client_secret"]) == ("an-id", "a-secret")
    assert httpx.get(f"{told['url']}/api/users", headers=HEADERS).status_code == 401

    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does it")
def test_the_command_dies_with_its_parent():
    script = (
        "import subprocess, sys, os, signal\n"
        "child = subprocess.Popen([sys.executable, '-m', 'tests.fakes.coupa', '--users', '3',"
        " '--die-with-parent'], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    parent = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )

    assert has_ended(int(parent.stdout))


def has_ended(pid: int) -> bool:
    """Wait at most ten seconds for a process that is not our child."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ended, _, _ = select.select([watch], [], [], 10)
    os.close(watch)
    return bool(ended)


def test_what_was_changed_is_there_after_a_restart(tmp_path):
    file = tmp_path / "users"
    first = Tenant(Size(20, 3, 3, 0), 1, ())
    keeper = Keeper(first, file)
    user = first.users[first.order[0]]
    user.active, user.roles = False, set()
    keeper.keep()

    second = Tenant(Size(20, 3, 3, 0), 1, ())
    Keeper(second, file)

    assert second.users == first.users
    assert not second.users[user.id].active
