"""The feed of access changes: in order of time, narrowed down, page by page, and cheap."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors.models import App, Grant
from connectors.queries.changes import WantedChanges, changes
from connectors.queries.downloads import changes_of_access
from core.models import Role
from tests.make import make_account, make_app, make_connected, make_entitlement, make_grant, make_user

NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


@pytest.fixture
def app(db):
    return make_connected(app=make_app("Coupa")).app


@pytest.fixture
def browser(ada, sign_in):
    browser = sign_in(ada)
    browser.get("/")
    return browser


@pytest.fixture
def history(app):
    """Anna came to Buyer on the 3rd and lost it on the 5th; Bert came to Plant on the 4th."""
    anna = make_account(app, "Anna", person=make_user("Anna Berg", Role.BASIC))
    bert = make_account(app, "Bert")
    buyer, plant = make_entitlement(app, "Buyer"), make_entitlement(app, "Plant", kind="group")
    make_grant(anna, buyer, since=NOON, gone_at=NOON + timedelta(days=2), gone_run=2)
    make_grant(bert, plant, since=NOON + timedelta(days=1))
    return {"anna": anna, "bert": bert, "buyer": buyer, "plant": plant}


def url_of(app):
    return reverse("connectors:changes", args=[app.pk])


def told(reply):
    return [
        (row.grant.account.name, "started" if row.is_start else "ended") for row in reply.context["page"].rows
    ]


def test_changes_stand_newest_first(browser, app, history):
    reply = browser.get(url_of(app))

    assert told(reply) == [("Anna", "ended"), ("Bert", "started"), ("Anna", "started")]
    run = app.connectors.get().runs.get()
    Grant.objects.update(first_run=run.pk)
    page = browser.get(url_of(app)).content.decode()
    assert reverse("connectors:run", args=[run.key]) in page


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"what": "started"}, ["Bert", "Anna"]),
        ({"what": "ended"}, ["Anna"]),
        ({"kind": "group"}, ["Bert"]),
        ({"q": "anna"}, ["Anna", "Anna"]),
        ({"q": "berg"}, ["Anna", "Anna"]),
        ({"q": "nobody"}, []),
        ({"first": "2026-05-04"}, ["Anna", "Bert"]),
        ({"first": "2026-05-04", "last": "2026-05-04"}, ["Bert"]),
        ({"last": "2026-05-03"}, ["Anna"]),
        ({"first": "never", "what": "odd", "place": "odd_1_x"}, ["Anna", "Bert", "Anna"]),
        ({"last": "9999-12-31"}, ["Anna", "Bert", "Anna"]),
    ],
)
def test_changes_are_narrowed_down(asked, expected, browser, app, history):
    assert [name for name, _ in told(browser.get(url_of(app), asked))] == expected


@pytest.mark.parametrize(("about", "key"), [("entitlement", "plant"), ("account", "bert")])
def test_changes_of_one_thing(about, key, browser, app, history):
    reply = browser.get(url_of(app), {about: history[key].pk})

    assert told(reply) == [("Bert", "started")]
    assert f"About <bdi>{history[key]}</bdi>" in reply.content.decode()


def test_changes_of_a_person_are_of_the_apps_the_reader_may_see(browser, history, sign_in):
    owner = make_user("Tom Okafor", Role.BASIC)
    anna = history["anna"].person
    ariba = make_app("Ariba", owner)
    make_grant(make_account(ariba, "Anna at Ariba", person=anna), make_entitlement(ariba), since=NOON)
    asked = {"person": anna.pk}

    everything = browser.get(reverse("connectors:all_changes"), asked)
    owned = sign_in(owner).get(reverse("connectors:all_changes"), asked)

    assert len(told(everything)) == 3
    assert told(owned) == [("Anna at Ariba", "started")]


def test_pages_follow_each_other_without_a_gap_or_a_double(app):
    entitlement = make_entitlement(app)
    for number in range(7):
        fields = {"since": NOON, "gone_at": NOON if number % 2 else NOON + timedelta(days=number)}
        make_grant(make_account(app, f"Account {number}"), entitlement, **fields, gone_run=2)
    apps, wanted = App.objects.filter(pk=app.pk), WantedChanges()
    whole = [each.key for each in changes(apps, wanted)]
    walked, place = [], ""

    for _ in range(20):
        part = list(changes(apps, wanted, place=place, limit=3))[:3]
        if not part:
            break
        walked += [each.key for each in part]
        place = part[-1].key

    assert len(whole) == 14
    assert walked == whole


def test_the_older_page_begins_where_the_newer_ended(browser, app):
    entitlement = make_entitlement(app)
    for number in range(60):
        make_grant(make_account(app, f"A {number:02}"), entitlement, since=NOON + timedelta(hours=number))

    newest = browser.get(url_of(app))
    older = browser.get(url_of(app), {"place": newest.context["page"].older})

    assert told(newest)[-1][0] == "A 10"
    assert [name for name, _ in told(older)] == [f"A {number:02}" for number in range(9, -1, -1)]
    assert older.context["page"].older == ""


@pytest.mark.parametrize("asked", [{}, {"q": "account"}])
def test_the_feed_asks_as_often_for_many_rows_as_for_few(asked, browser, app, ada):
    entitlement = make_entitlement(app)

    def queries_for(number):
        while Grant.objects.count() < number:
            made = make_account(app, f"Account {Grant.objects.count()}", person=ada)
            make_grant(made, entitlement, gone_at=NOON, gone_run=1)
        with CaptureQueriesContext(connection) as queries:
            browser.get(url_of(app), asked)
        return len(queries)

    assert queries_for(3) == queries_for(60)


def test_a_page_is_read_along_an_index_of_time(browser, app, history):
    with CaptureQueriesContext(connection) as queries:
        browser.get(url_of(app))

    feed = [
        each["sql"] for each in queries if "connectors_grant" in each["sql"] and "ORDER BY" in each["sql"]
    ]
    assert len(feed) == 2
    if connection.vendor == "sqlite":
        for statement in feed:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
                plan = " ".join(str(row[-1]) for row in cursor.fetchall())
            assert "grants_by_" in plan
            assert "TEMP B-TREE" not in plan


def test_the_file_has_what_the_page_is_narrowed_down_to(ada, app, history):
    rows = list(changes_of_access(ada, {"app": app.pk, "what": "ended"}))

    assert [(row[0], row[1], row[3], row[6], row[7], row[9]) for row in rows] == [
        (NOON + timedelta(days=2), "ended", "Anna", "Anna Berg", "Buyer", 2)
    ]
