"""Columns chosen for the lists of apps, connectors and entitlements: kept for oneself, drawn, in the file."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors.models import Connector
from connectors.queries.columns import TABLES
from core.exports import on_offer
from core.models import Role, User
from tests.make import make_app, make_connected, make_entitlement, make_user

LISTS = ("apps", "connectors", "entitlements")


@pytest.fixture
def admin(db: None) -> User:
    return make_user("Ada Lindgren", Role.SUPER)


@pytest.fixture
def browser(admin, sign_in, nudges):
    browser = sign_in(admin)
    browser.get("/")  # the first page ever makes the row of the organisation
    return browser


@pytest.fixture
def connector(admin) -> Connector:
    connector = make_connected(admin, app=make_app("Coupa", admin))
    make_entitlement(connector.app, "Buyer", alias="buys")
    return connector


def url_of(table: str, connector: Connector) -> str:
    if table == "entitlements":
        return reverse("connectors:entitlements", args=[connector.app_id])
    return {"apps": "/applications/", "connectors": "/connectors/"}[table]


def heads_of(reply) -> list[str]:
    """What stands over the columns, beyond the row's own name and what is done with it."""
    table = re.search(r"<thead>.*?</thead>", reply.content.decode(), re.DOTALL)
    assert table is not None
    shown = [" ".join(re.sub("<[^>]+>", " ", each).split()) for each in table[0].split("</th>")]
    return [
        each
        for each in shown
        if each and each not in ("Choose", "Actions", "App", "Connector", "Entitlement")
    ]


def cells_of(reply) -> set[str]:
    return set(re.findall(r'data-label="([^"]+)"', reply.content.decode()))


def choose(browser, table: str, **typed):
    return browser.post(reverse("connectors:columns", args=[table]), typed)


@pytest.mark.parametrize("table", LISTS)
def test_every_column_can_be_shown_and_has_a_cell_and_a_head(table, browser, connector):
    columns, url = TABLES[table].columns, url_of(table, connector)

    choose(browser, table, column=list(columns))
    reply = browser.get(url)

    assert reply.context["columns"] == list(columns)
    assert set(heads_of(reply)) | {"App"} == set(columns.values()) | {"App"}
    assert cells_of(reply) >= set(columns.values())


@pytest.mark.parametrize("table", LISTS)
def test_columns_are_ones_own_come_back_and_lead_back(table, browser, connector, sign_in):
    url, first = url_of(table, connector), next(iter(TABLES[table].columns))
    other = make_user("Kim Sorensen", Role.SUPER)

    reply = choose(browser, table, column=[first, "unknown"], next=f"{url}?q=c")
    mine, others = browser.get(url), sign_in(other).get(url)
    choose(browser, table, reset="1")

    assert reply.headers["Location"] == f"{url}?q=c"
    assert mine.context["columns"] == [first]
    assert tuple(others.context["columns"]) == TABLES[table].default
    assert tuple(browser.get(url).context["columns"]) == TABLES[table].default


@pytest.mark.parametrize("table", LISTS)
def test_no_column_at_all_leaves_the_names(table, browser, connector):
    choose(browser, table, column=[])

    reply = browser.get(url_of(table, connector))

    assert reply.context["columns"] == []
    assert [row.pk for row in reply.context["page"].rows]


@pytest.mark.parametrize("table", LISTS)
def test_the_file_has_the_columns_of_the_screen_and_all_where_none_is_named(table, browser, connector, admin):
    offer, known = on_offer(f"connectors.{table}"), TABLES[table]
    assert offer is not None
    chosen = ",".join(known.default)
    asked = {"app": connector.app_id, "columns": chosen}
    size, whole = len(known.always), {"app": connector.app_id}

    page = browser.get(url_of(table, connector)).content.decode()
    (row,) = offer.rows(admin, asked)
    (full,) = offer.rows(admin, whole)

    assert f'name="columns" value="{chosen}"' in page
    assert f'name="kind" value="connectors.{table}"' in page
    assert offer.heads(admin, asked)[size:] == tuple(known.columns[name] for name in known.default)
    assert len(row) == len(offer.heads(admin, asked)) == size + len(known.default)
    assert len(full) == len(offer.heads(admin, whole)) == size + len(known.columns)


def test_the_file_of_connectors_holds_what_is_filtered(connector, admin):
    make_connected(name="Payroll", app=make_app("Payroll"))
    offer = on_offer("connectors.connectors")
    assert offer is not None

    found = list(offer.rows(admin, {"q": "payroll", "columns": "state,app"}))

    assert found == [("Payroll", "Connected", "Payroll")]
    assert [row[0] for row in offer.rows(admin, {"only": "mine"})] == [connector.name]
    assert list(offer.rows(make_user("Grace Kim", Role.BASIC), {})) == []


def test_a_table_that_nobody_knows_is_not_there(browser):
    assert choose(browser, "people", column=["name"]).status_code == 404


@pytest.mark.parametrize("table", LISTS)
def test_a_list_with_every_column_asks_as_often_for_sixty_as_for_three(table, browser, connector, admin):
    choose(browser, table, column=list(TABLES[table].columns))
    counted = []
    for number in range(60):
        if table == "entitlements":
            make_entitlement(connector.app, f"Role {number}", description="What it is for")
        else:
            make_connected(
                admin, app=make_app(f"App {number}", admin, provider="Okta", provider_id=str(number))
            )
        if number in (2, 59):
            with CaptureQueriesContext(connection) as queries:
                browser.get(url_of(table, connector))
            counted.append(len(queries))

    assert counted[0] == counted[1]
