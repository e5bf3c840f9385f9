"""Who is answered what: every address, everybody who might try, GET and POST. A new one needs a line here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, include, path, reverse
from django.utils.timezone import now

from connectors.models import Connector, SyncRun
from core.actions.password import password_link
from core.models import Organisation, OutgoingMail, Role, User
from core.sign_in import first_run
from core.views import health
from tests.conftest import Cast
from tests.make import (
    PASSWORD,
    make_account,
    make_app,
    make_connected,
    make_connector,
    make_entitlement,
    make_grant,
    make_letter,
    make_run,
    make_user,
)

# GET/POST. A number is the status, 302 the way to sign in; `away` leads to another page. None of these
# writes anything. `said` is a 200 and `done` leads to another page, after something was written. `owner`
# looks after the connectors, `app_owner` answers for their apps; both are Basic Users. The deactivated one
# was a Super Administrator and still has a session.
TABLE = """
                         super     connector_admin owner     app_owner basic     deactivated stranger

core:home                200/405   200/405         200/405   200/405   200/405   302/302     302/302
core:people              200/405   200/405         200/405   200/405   200/405   302/302     302/302
core:theme               405/done  405/done        405/done  405/done  405/done  302/302     302/302
core:sign_out            405/done  405/done        405/done  405/done  405/done  302/302     302/302
core:outbox              200/405   403/405         403/405   403/405   403/405   302/302     302/302
core:letter              200/405   403/405         403/405   403/405   403/405   302/302     302/302
core:letter_again        405/done  405/403         405/403   405/403   405/403   302/302     302/302

core:sign_in             away/away away/away       away/away away/away away/away 200/done    200/done
core:ask_for_link        200/said  200/said        200/said  200/said  200/said  200/said    200/said
core:set_password        200/done  200/done        200/done  200/done  200/done  200/done    200/done
core:set_up              409/409   409/409         409/409   409/409   409/409   409/409     409/409
core:live                200/405   200/405         200/405   200/405   200/405   200/405     200/405
core:ready               200/405   200/405         200/405   200/405   200/405   200/405     200/405

connectors:index         200/405   200/405         200/405   200/405   200/405   302/302     302/302
connectors:catalogue     200/405   200/405         403/405   403/405   403/405   302/302     302/302
connectors:add           200/done  200/done        403/403   403/403   403/403   302/302     302/302
connectors:app           200/done  200/done        403/403   404/404   404/404   302/302     302/302
connectors:connector     200/405   200/405         200/405   404/405   404/405   302/302     302/302
connectors:owners        200/done  200/done        200/done  404/404   404/404   302/302     302/302
connectors:ask_again     405/done  405/done        405/done  405/404   405/404   302/302     302/302
connectors:settings      200/done  200/done        200/done  404/404   404/404   302/302     302/302
connectors:live          200/405   200/405         200/405   404/405   404/405   302/302     302/302
connectors:progress      200/405   200/405         200/405   404/405   404/405   302/302     302/302
connectors:sync          405/done  405/done        405/done  405/404   405/404   302/302     302/302
connectors:pause         405/done  405/done        405/done  405/404   405/404   302/302     302/302
connectors:resume        405/done  405/done        405/done  405/404   405/404   302/302     302/302
connectors:run           200/405   200/405         200/405   404/405   404/405   302/302     302/302
connectors:confirm       405/done  405/done        405/403   405/404   405/404   302/302     302/302
connectors:discard       405/done  405/done        405/done  405/404   405/404   302/302     302/302

connectors:applications  200/405   200/405         200/405   200/405   200/405   302/302     302/302
connectors:application   200/405   200/405         404/405   200/405   404/405   302/302     302/302
connectors:accounts      200/405   200/405         404/405   200/405   404/405   302/302     302/302
connectors:account       200/405   200/405         404/405   200/405   404/405   302/302     302/302
connectors:entitlements  200/405   200/405         404/405   200/405   404/405   302/302     302/302
connectors:entitlement   200/405   200/405         404/405   200/405   404/405   302/302     302/302
"""
CONNECTED = ("connector", "live", "progress", "sync", "pause")
SIGN_IN = "/sign-in/?next="
NEW_PASSWORD = "five brown bears under the ice"
WRITTEN = {"200": "said", "away": "done"}

type Cells = dict[tuple[str, str], str]
"""An answer by who and method."""


@dataclass(frozen=True)
class Request:
    """What stands in an address, and what is typed into its form."""

    args: Sequence[str] = ()
    typed: Mapping[str, Any] = field(default_factory=dict)


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
EXPECTED = dict(classified(TABLE))
WHO = TABLE.split()[:7]


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
    owner, app_owner = everyone["owner"], everyone["app_owner"]
    assert owner is not None
    assert app_owner is not None
    return core_requests(set_up_link) | connector_requests(owner, app_owner) | app_requests(owner, app_owner)


@cache
def hashed(password: str) -> str:
    """Once for all tests: it is slow, as it must be."""
    return make_password(password)


def core_requests(set_up_link: str) -> dict[str, Request]:
    person = make_user()
    person.password = hashed(PASSWORD)
    person.save(update_fields=["password"])
    letter = make_letter(status=OutgoingMail.Status.FAILED)
    *_, pk, token, _ = password_link(person).split("/")
    return {
        "core:theme": Request(typed={"theme": "dark"}),
        "core:letter": Request([letter.pk]),
        "core:letter_again": Request([letter.pk]),
        "core:sign_in": Request(typed={"email": person.email, "password": PASSWORD}),
        "core:ask_for_link": Request(typed={"email": person.email}),
        "core:set_password": Request([pk, token], {"password": NEW_PASSWORD, "again": NEW_PASSWORD}),
        "core:set_up": Request(
            [set_up_link.split("/")[-2]],
            {"name": "Eve", "email": "eve@meridian.example", "password": NEW_PASSWORD},
        ),
    }


def connector_requests(owner: User, app_owner: User) -> dict[str, Request]:
    """One connector that is connected, one each that is not set up, paused, and holds a run."""
    connected = make_connected(owner, app=make_app("Coupa", app_owner))
    fresh = make_connector(owner, app=make_app("Fresh", app_owner))
    paused = make_connected(owner, app=make_app("Paused", app_owner), paused_at=now())
    held = make_connected(owner, app=make_app("Held", app_owner), status=Connector.Status.HELD)
    run = make_run(held, status=SyncRun.Status.HELD, ended_at=None)
    new_app = {"how": "new", "name": "Another"}
    settings = {"domain": "acme.coupahost.com", "client_id": "new", "client_secret": "s", "mode": "read"}
    answer = {"reason": "Looked at it with Tom"}
    return {
        "connectors:add": Request(["coupa"], new_app),
        "connectors:app": Request([fresh.pk], new_app),
        "connectors:owners": Request([fresh.pk], {"owners": [app_owner.pk], "then": "leave"}),
        "connectors:ask_again": Request([fresh.pk], {"owner": owner.pk}),
        "connectors:settings": Request([connected.pk], settings),
        "connectors:resume": Request([paused.pk]),
        "connectors:run": Request([run.key]),
        "connectors:confirm": Request([run.key], answer),
        "connectors:discard": Request([run.key], answer),
        **{f"connectors:{page}": Request([connected.pk]) for page in CONNECTED},
    }


def app_requests(owner: User, app_owner: User) -> dict[str, Request]:
    """An app of whose connector somebody else is the owner, with an account that holds something."""
    app = make_connected(owner, app=make_app("Ariba", app_owner)).app
    account, entitlement = make_account(app), make_entitlement(app)
    make_grant(account, entitlement)
    return {
        "connectors:application": Request([app.pk]),
        "connectors:accounts": Request([app.pk]),
        "connectors:account": Request([app.pk, account.pk]),
        "connectors:entitlements": Request([app.pk]),
        "connectors:entitlement": Request([app.pk, entitlement.pk]),
    }


def everything() -> dict[str, Any]:
    """Every row but sessions, by model, and how many workers would be told of something."""
    models = (model for model in apps.get_models() if model is not Session)
    rows: dict[str, Any] = {
        each._meta.label: list(each._default_manager.order_by("pk").values()) for each in models
    }
    return rows | {"nudges": len(connection.run_on_commit)}


def tried(browser: Client, method: str, url: str, typed: Mapping[str, Any], before: dict[str, Any]) -> str:
    """The answer in the words of the table, or, where it wrote what it should not, with what it wrote."""
    reply = browser.get(url) if method == "GET" else browser.post(url, typed)
    after = everything()
    word = str(reply.status_code)
    if word == "302" and not reply.headers["Location"].startswith(SIGN_IN):
        word = "away"
    written = sorted(part for part in before if before[part] != after[part])
    if not written:
        return word
    if method == "POST" and word in WRITTEN:
        return WRITTEN[word]
    return f"{word}, yet written: {', '.join(written)}"


def test_every_address_is_classified_once():
    lines = [name for name, _ in classified(TABLE)]

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
    cells = sorted(EXPECTED[name], key=lambda cell: EXPECTED[name][cell] in WRITTEN.values())  # refused first
    sessions = {who: sign_in(person).cookies for who, person in everyone.items()}
    browser, before, found = sign_in(None), everything(), {}

    for who, method in cells:
        browser.cookies = SimpleCookie(sessions[who])
        with transaction.atomic():
            found[who, method] = tried(browser, method, url, request.typed, before)
            transaction.set_rollback(True)

    assert found == EXPECTED[name]
