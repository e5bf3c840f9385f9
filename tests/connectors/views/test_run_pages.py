"""The pages of a run: how it goes, what it changed or would take away, and how it is stopped."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors.models import Connector, SyncLogLine, SyncRun
from core.errors import NotPossible
from core.exports import on_offer
from core.models import Role
from tests.make import make_account, make_connected, make_entitlement, make_grant, make_run, make_user

HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(db, sign_in, nudges):
    browser = sign_in(make_user("Ada Lindgren", Role.SUPER))
    browser.get("/")  # the first page ever makes the row of the organisation
    return browser


@pytest.fixture
def connector(db):
    return make_connected()


@pytest.fixture
def busy(connector):
    Connector.objects.update(status=Connector.Status.SYNCING)
    return make_run(connector, status=SyncRun.Status.RUNNING, ended_at=None)


def address(run, page="run"):
    return reverse(f"connectors:{page}", args=[run.key])


def text(reply):
    return reply.content.decode()


def asked(browser, url):
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(url).status_code == 200
    return len(queries)


def test_a_run_on_its_way_is_followed_and_one_that_is_over_is_not(browser, busy):
    page = f"{address(busy)}?level=info"
    SyncLogLine.objects.create(run=busy, level="info", text="Read 100 users")

    whole, part = text(browser.get(page)), text(browser.get(page, headers=HTMX))
    SyncRun.objects.filter(pk=busy.pk).update(status=SyncRun.Status.DONE)
    over = browser.get(page, headers=HTMX)

    assert f'hx-get="{page}"' in whole
    assert "Read 100 users" in part
    assert "<html" not in part
    assert over.headers["HX-Refresh"] == "true"
    assert "hx-get" not in text(browser.get(page)).partition("run-progress")[2].partition(">")[0]


def test_a_run_on_its_way_is_stopped_from_its_page_and_from_its_connector(browser, busy, connector):
    for page in (address(busy), reverse("connectors:connector", args=[connector.pk])):
        assert f'action="{address(busy, "stop")}"' in text(browser.get(page))

    reply = browser.post(address(busy, "stop"))

    busy.refresh_from_db()
    assert reply.headers["Location"] == reverse("connectors:connector", args=[connector.pk])
    assert busy.status == SyncRun.Status.DISCARDED
    shown = text(browser.get(address(busy)))
    assert "It was stopped. Nothing of it is in use." in shown
    assert "Stopped by Ada Lindgren." in shown
    assert address(busy, "stop") not in shown


def test_stop_and_start_again_leads_to_the_new_one(browser, busy, connector):
    reply = browser.post(address(busy, "stop"), {"again": "1"})

    assert reply.headers["Location"] == reverse("connectors:live", args=[connector.pk])
    assert connector.runs.filter(status=SyncRun.Status.QUEUED).exists()


def test_what_is_over_is_not_stopped_and_says_so(browser, connector):
    reply = browser.post(address(connector.runs.get(), "stop"))

    assert reply.status_code == 409
    assert "is not on its way: done." in text(reply)


def test_somebody_who_only_looks_is_offered_no_stop(busy, sign_in):
    page = text(sign_in(make_user("Rui Auditor", Role.READ_ONLY)).get(address(busy)))

    assert address(busy, "stop") not in page


def test_held_and_over_lead_to_their_own_list(browser, connector):
    over = connector.runs.get()
    held = make_run(connector, status=SyncRun.Status.HELD, ended_at=None)

    assert browser.get(address(over, "losses")).headers["Location"] == address(over, "run_changes")
    assert browser.get(address(held, "run_changes")).headers["Location"] == address(held, "losses")
    assert f'href="{address(over, "run_changes")}"' in text(browser.get(address(over)))
    assert f'href="{address(held, "losses")}"' in text(browser.get(address(held)))


def filled(connector, run, number):
    for each in range(number):
        account = make_account(connector.app, f"Person {each}", first_run=run.pk, person=make_user())
        entitlement = make_entitlement(connector.app, f"Role {each}", first_run=run.pk)
        make_grant(account, entitlement, first_run=run.pk)


@pytest.mark.parametrize("what", ["accounts-new", "entitlements-new", "grants-started"])
def test_changes_ask_the_database_as_often_for_sixty_as_for_three(what, browser, connector):
    run = connector.runs.get()
    url = f"{address(run, 'run_changes')}?what={what}"
    filled(connector, run, 3)
    few = asked(browser, url)

    filled(connector, run, 57)

    assert asked(browser, url) == few


@pytest.mark.parametrize("what", ["accounts", "grants", "entitlements"])
def test_losses_ask_the_database_as_often_for_sixty_as_for_three(what, browser, connector):
    complete = ["group", "role", "user"]
    run = make_run(connector, status=SyncRun.Status.HELD, ended_at=None, complete=complete)
    url = f"{address(run, 'losses')}?what={what}"
    filled(connector, run, 3)
    few = asked(browser, url)

    filled(connector, run, 57)

    assert asked(browser, url) == few
    assert len(browser.get(url).context["page"].rows) == 50


def test_the_runs_ask_the_database_as_often_for_sixty_as_for_three(browser, connector):
    url = reverse("connectors:connector", args=[connector.pk])
    for _ in range(2):
        make_run(connector, wanted_by=make_user())
    few = asked(browser, url)

    for _ in range(57):
        make_run(connector, wanted_by=make_user(), settled_by=make_user())

    assert asked(browser, url) == few


def test_a_held_run_is_told_in_numbers_on_both_pages(browser, connector):
    Connector.objects.update(status=Connector.Status.HELD)
    changes = {"user": {"new": 0, "changed": 0, "gone": 3}}
    run = make_run(
        connector, status=SyncRun.Status.HELD, ended_at=None, complete=["role", "user"], changes=changes
    )
    filled(connector, run, 3)

    for page in (address(run), reverse("connectors:connector", args=[connector.pk])):
        shown = text(browser.get(page))
        assert "3 of 3 accounts would disappear. Old data is kept." in shown
        assert f'href="{address(run, "losses")}?what=grants"' in shown
        assert "-100.0 %" in shown


def test_changes_are_found_by_words_and_kind(browser, connector):
    run = connector.runs.get()
    filled(connector, run, 3)
    make_entitlement(connector.app, "Plant", kind="group", first_run=run.pk)
    url = address(run, "run_changes")

    by_words = browser.get(url, {"what": "grants-started", "q": "person 2"})
    by_kind = browser.get(url, {"what": "entitlements-new", "of": "group"})
    nothing = browser.get(url, {"q": "nobody"})

    assert [str(row.account) for row in by_words.context["page"].rows] == ["Person 2"]
    assert [row.name for row in by_kind.context["page"].rows] == ["Plant"]
    assert "Nothing matches what you look for." in text(nothing)


def test_an_owner_who_may_not_see_the_app_gets_numbers_and_no_names(connector, sign_in):
    owner = make_user("Grace Kim", Role.BASIC)
    connector.ownerships.create(user=owner)
    make_account(connector.app, "Tom Okafor", first_run=connector.runs.get().pk)

    page = text(sign_in(owner).get(address(connector.runs.get(), "run_changes")))

    assert "New accounts 1" in page
    assert "Tom Okafor" not in page
    assert "for the owners of the app" in page
    with pytest.raises(NotPossible):
        list(offered("connectors.differences").rows(owner, {"run": connector.runs.get().key}))


def offered(kind):
    offer = on_offer(kind)
    assert offer is not None
    return offer


def test_the_file_of_runs_holds_those_of_one_connector(cast, connector):
    make_run(make_connected())
    make_run(connector, bytes=1_234, changes={"user": {"new": 1, "changed": 2, "gone": 3}})
    offer = offered("connectors.runs")

    rows = list(offer.rows(cast["super"], {"connector": connector.pk}))

    assert len(rows) == 2
    assert dict(zip(offer.columns, rows[0], strict=True))["Bytes"] == 1_234
    assert rows[0][7:10] == (1, 2, 3)
    assert list(offer.rows(cast["basic"], {"connector": connector.pk})) == []


def test_the_file_of_changes_holds_what_the_page_shows(cast, connector):
    run = connector.runs.get()
    filled(connector, run, 2)
    offer = offered("connectors.differences")

    grants = list(offer.rows(cast["super"], {"run": run.key, "what": "grants-started", "q": "person 1"}))
    first = list(offer.rows(cast["super"], {"run": run.key}))

    assert [row[:2] + row[5:7] for row in grants] == [("Grants that began", "Person 1", "Role 1", "role")]
    assert [row[:2] for row in first] == [("New accounts", "Person 0"), ("New accounts", "Person 1")]
    assert all(len(row) == len(offer.columns) for row in grants + first)
