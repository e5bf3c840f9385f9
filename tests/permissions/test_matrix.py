"""Who is answered what: every address, everybody who might try, GET and POST.

Each module named in AREAS has a TABLE with a line an address, and `requests(world)` with what to ask for. A new
address needs a line in one of them. In a cell, GET/POST: a number is the status, 302 the way to sign in; `away` leads
to another page. None of these writes anything. `said` is a 200 and `done` leads to another page, after something was
written. `owner` looks after the connectors, `app_owner` answers for their apps; both are Basic Users. The deactivated
one was a Super Administrator and still has a session.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, include, path, reverse

from core.models import Organisation, Role
from core.sign_in import first_run
from core.views import health
from tests.conftest import Cast
from tests.make import make_user
from tests.permissions import (
    accounts,
    applications,
    campaigns,
    columns,
    connectors,
    counting,
    desk,
    entitlements,
    evidence,
    ground_floor,
    imports,
    invitations,
    letters,
    operations,
    orders,
    people,
    policies,
    provider,
    running,
    runs,
    settings,
    sign_in,
    trail,
    trying,
    upkeep,
)
from tests.permissions.asking import Request, World

AREAS = (
    ground_floor,
    connectors,
    counting,
    evidence,
    running,
    runs,
    applications,
    campaigns,
    accounts,
    columns,
    entitlements,
    operations,
    orders,
    letters,
    people,
    policies,
    sign_in,
    settings,
    provider,
    imports,
    invitations,
    trail,
    trying,
    upkeep,
    desk,
)
WHO = AREAS[0].TABLE.split()[:12]
ASKING = WHO if connection.vendor == "sqlite" else ["super", "stranger"]
"""Who is answered what does not depend on the database: there it is enough that each page is asked for."""
SIGN_IN = "/sign-in/?next="
WRITTEN = {"200": "said", "away": "done"}
WRITE = re.compile(
    r'(?:INSERT(?: OR \w+)? INTO|(?<!FOR )(?<!KEY )UPDATE|DELETE FROM|COPY|CREATE|ALTER|DROP|TRUNCATE) "?(\w+)'
)

type Cells = dict[tuple[str, str], str]
"""An answer by who and method."""


def named(entries: Sequence[URLPattern | URLResolver], space: str = "") -> Iterator[str]:
    """Every address by its name; one without a name by its route."""
    for entry in entries:
        if isinstance(entry, URLResolver):
            yield from named(entry.url_patterns, f"{space}{entry.namespace}:" if entry.namespace else space)
        else:
            yield f"{space}{entry.name or entry.pattern}"


def classified(table: str) -> Iterator[tuple[str, Cells]]:
    """The lines of the table."""
    head, *lines = (line.split() for line in table.splitlines() if line.strip())
    for name, *pairs in lines:
        cells: Cells = {}
        for who, pair in zip(head, pairs, strict=True):
            cells[who, "GET"], cells[who, "POST"] = pair.split("/")
        yield name, cells


NAMES = sorted(named(get_resolver().url_patterns))
EXPECTED = {name: cells for area in AREAS for name, cells in classified(area.TABLE)}


@pytest.fixture
def set_up_link(db: None) -> str:
    """A good one, made while there was no administrator."""
    return first_run.set_up_link()


@pytest.fixture
def everyone(cast: Cast) -> Cast:
    """The cast, and two Basic Users who own something."""
    owner, app_owner = make_user("Grace Kim", Role.BASIC), make_user("Tom Okafor", Role.BASIC)
    wanted = {**cast, "owner": owner, "app_owner": app_owner}
    return {who: wanted[who] for who in WHO}


@pytest.fixture
def requests(
    set_up_link: str, everyone: Cast, nudges: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    monkeypatch.setattr(health, "broker_answers", lambda: True)
    Organisation.current()
    world = World(everyone, set_up_link)
    return {name: request for area in AREAS for name, request in area.requests(world).items()}


class Writes:
    """Hears of every statement; keeps the tables, sessions apart, in which it changed a row."""

    def __init__(self) -> None:
        self.tables: set[str] = set()

    def __call__(self, execute: Any, sql: str, values: Any, many: bool, context: Mapping[str, Any]) -> Any:
        result = execute(sql, values, many, context)
        match = WRITE.search(sql)
        if match and match[1] != Session._meta.db_table and context["cursor"].rowcount != 0:
            self.tables.add(match[1])
        return result


def tried(browser: Client, method: str, url: str, typed: Mapping[str, Any]) -> str:
    """The answer in the words of the table, or, where it wrote what it should not, with what it wrote."""
    writes, nudges = Writes(), len(connection.run_on_commit)
    with connection.execute_wrapper(writes):
        reply = browser.get(url) if method == "GET" else browser.post(url, typed)
    word = str(reply.status_code)
    if word == "302" and not reply.headers["Location"].startswith(SIGN_IN):
        word = "away"
    written = sorted(writes.tables) + ["nudges"] * (len(connection.run_on_commit) != nudges)
    if not written:
        return word
    if method == "POST" and word in WRITTEN:
        return WRITTEN[word]
    return f"{word}, yet written: {', '.join(written)}"


def test_every_address_is_classified_once():
    lines = [name for area in AREAS for name, _ in classified(area.TABLE)]

    assert sorted(lines) == NAMES


def test_an_address_is_found_by_its_rooms_and_its_name_or_route():
    inner = [path("page/", health.live, name="page"), path("nameless/", health.live)]
    room = path("outer/", include(([path("inner/", include((inner, "inner")))], "outer")))

    assert list(named([room])) == ["outer:inner:page", "outer:inner:nameless/"]


@pytest.mark.parametrize("name", NAMES)
def test_everybody_is_answered_as_the_table_says(name, requests, everyone, sign_in):
    assert name in EXPECTED, f"Nobody has said who may see {name}: give it a line in the table."
    request = requests.get(name, Request())
    url = reverse(name, args=request.args)
    expected = {cell: answer for cell, answer in EXPECTED[name].items() if cell[0] in ASKING}
    cells = sorted(expected, key=lambda cell: expected[cell] in WRITTEN.values())  # refused first
    sessions = {who: sign_in(everyone[who]).cookies for who in ASKING}
    browser, found = sign_in(None), {}

    for who, method in cells:
        browser.cookies = SimpleCookie(sessions[who])
        with transaction.atomic():
            found[who, method] = tried(browser, method, url, request.typed)
            transaction.set_rollback(True)

    assert found == expected


def test_a_write_is_heard_of_and_one_that_changed_nothing_is_not(cast):
    writes = Writes()

    with connection.execute_wrapper(writes):
        Organisation.objects.filter(pk=2).update(name="Nobody")
        assert not writes.tables
        Organisation.objects.create(id=1)

    assert writes.tables == {"core_organisation"}
