"""The list of connectors, one connector, one run."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors.models import Connector, SettingsCandidate, SyncLogLine, SyncRun
from core.models import Role
from tests.make import SOURCE, make_app, make_connected, make_connector, make_run, make_user

PAGES = ("connector", "live")


@pytest.fixture
def admin(db):
    return make_user("Marcus Adeyemi", Role.CONNECTOR)


@pytest.fixture
def browser(admin, sign_in, nudges):
    browser = sign_in(admin)
    browser.get("/")  # the first page ever makes the row of the organisation
    return browser


def text(reply):
    return reply.content.decode()


def test_the_empty_list_shows_the_three_steps_and_the_way_in(browser):
    page = text(browser.get("/connectors/"))

    assert "No connector yet" in page
    assert "/connectors/add/" in page
    assert "./dev up --demo" in page


def test_somebody_without_the_role_is_told_who_can_help(admin, sign_in):
    page = text(sign_in(make_user("Kim Sorensen", Role.BASIC)).get("/connectors/"))

    assert "You look after none." in page
    assert "/connectors/add/" not in page


def test_the_list_is_found_by_connector_app_and_owner(browser):
    make_connected(make_user("Łukasz Wiśniewski"), app=make_app("Plant"), name="Maintenance")
    make_connected(name="Payroll")

    found = [
        [row.name for row in browser.get("/connectors/", {"q": words}).context["page"].rows]
        for words in ("mainten", "plant", "wisniewski", "nothing")
    ]

    assert found == [["Maintenance"]] * 2 + [["Maintenance"]] + [[]]


def test_the_trail_of_a_connector_stands_in_a_tab_below_and_alone_before_the_first_run(browser, admin):
    connector = make_connector(admin, name="Coupa", source=SOURCE, status="connected")
    url = reverse("connectors:connector", args=[connector.pk])
    browser.post(reverse("connectors:pause", args=[connector.pk]))

    before = text(browser.get(url))
    make_run(connector)
    runs, told = text(browser.get(url)), text(browser.get(url, {"tab": "trail"}))

    assert "paused the connector" in before
    assert "tab=log" not in before
    assert "paused the connector" not in runs
    assert "The latest first." in runs
    assert "paused the connector" in told


def test_filters_count_what_they_show(browser, admin):
    make_connected(name="Fine")
    make_connected(admin, name="Mine")
    make_connector(name="Unfinished")
    make_connected(name="Broken", status=Connector.Status.ERROR)

    page = browser.get("/connectors/")
    help_rows = browser.get("/connectors/", {"only": "help"}).context["page"].rows
    mine_rows = browser.get("/connectors/", {"only": "mine"}).context["page"].rows

    assert page.context["numbers"] == {"everything": 4, "help": 2, "mine": 1}
    assert [row.name for row in help_rows] == ["Broken", "Unfinished"]
    assert [row.name for row in mine_rows] == ["Mine"]


def test_the_list_asks_the_database_as_often_for_twenty_as_for_two(browser, admin):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            browser.get("/connectors/")
        return len(queries)

    for number in range(2):
        make_connected(admin, make_user(), name=f"Connector {number}")
    few = asked()
    for number in range(2, 20):
        make_connected(admin, make_user(), name=f"Connector {number}")

    assert asked() == few


@pytest.mark.parametrize(
    ("fields", "act"),
    [
        ({"status": "connected"}, "sync"),
        ({"status": "connected", "paused_at": "2026-05-03T09:00Z"}, "resume"),
        ({"status": "syncing"}, "live"),
        ({"status": "held"}, "connector"),
    ],
)
def test_a_row_offers_what_is_to_be_done(fields, act, browser):
    connector = make_connected()
    Connector.objects.filter(pk=connector.pk).update(**fields)

    page = text(browser.get("/connectors/"))

    assert f'"{reverse(f"connectors:{act}", args=[connector.pk])}"' in page


def test_sync_now_begins_a_run_and_shows_it(browser, admin):
    connector = make_connected()

    reply = browser.post(reverse("connectors:sync", args=[connector.pk]))

    run = connector.runs.order_by("-pk")[0]
    assert reply.headers["Location"] == reverse("connectors:live", args=[connector.pk])
    assert (run.status, run.wanted_by) == (SyncRun.Status.QUEUED, admin)


def test_sync_now_of_a_connector_without_settings_is_refused_with_a_sentence(browser):
    connector = make_connector()

    reply = browser.post(reverse("connectors:sync", args=[connector.pk]))

    assert reply.status_code == 409
    assert "its settings are missing" in text(reply)


def test_the_page_shows_settings_owners_capabilities_and_no_secret(browser, admin):
    connector = make_connected(admin, make_user("Grace Kim"), sealed="sealed-canary", secret_set_by=admin)
    Connector.objects.filter(pk=connector.pk).update(secret_set_at=connector.created_at)

    page = text(browser.get(reverse("connectors:connector", args=[connector.pk])))

    assert all(words in page for words in ("acme.coupahost.com", "Grace Kim", "Licenses", "by\n"))
    assert "sealed-canary" not in page


@pytest.mark.parametrize(("mode", "may"), [("read", False), ("read-write", True)])
def test_what_the_driver_may_change_is_on_only_where_it_may_write(mode, may, browser):
    connector = make_connected()
    Connector.objects.filter(pk=connector.pk).update(settings={**connector.settings, "mode": mode})

    page = text(browser.get(reverse("connectors:connector", args=[connector.pk])))

    assert ("grant, revoke" in page) is may
    assert ("This connector only reads" in page) is not may


def test_a_held_run_says_what_would_disappear_and_offers_both_answers(browser):
    connector = make_connected(status=Connector.Status.HELD)
    held = make_run(
        connector,
        status=SyncRun.Status.HELD,
        ended_at=None,
        problem="1,204 of 5,000 accounts would disappear.",
        changes={
            "user": {"new": 0, "changed": 0, "gone": 1204},
            "grant": {"new": 0, "changed": 0, "gone": 4861},
        },
    )

    page = text(browser.get(reverse("connectors:connector", args=[connector.pk])))

    assert "1,204 of 5,000 accounts would disappear." in page
    assert "1,204 accounts, 4,861 grants will count as gone from now on." in page
    assert reverse("connectors:confirm", args=[held.key]) in page
    assert reverse("connectors:discard", args=[held.key]) in page


@pytest.mark.parametrize("page", ["connector", "run"])
def test_an_owner_without_the_role_may_discard_and_is_told_who_confirms(page, sign_in, nudges, cast):
    grace = make_user("Grace Kim", Role.BASIC)
    connector = make_connected(grace, status=Connector.Status.HELD)
    held = make_run(connector, status=SyncRun.Status.HELD, ended_at=None)
    key = {"connector": connector.pk, "run": held.key}[page]

    shown = text(sign_in(grace).get(reverse(f"connectors:{page}", args=[key])))

    assert reverse("connectors:discard", args=[held.key]) in shown
    assert reverse("connectors:confirm", args=[held.key]) not in shown
    assert "turn to a Connector Administrator or a Super Administrator" in shown
    assert "<bdi>Ada Lindgren</bdi>" in shown


def test_what_the_vendor_said_of_the_scopes_stands_with_the_settings(browser):
    told = [
        {"level": "info", "text": "7 of 8 granted, none in excess"},
        {"level": "warn", "text": "Coupa did not grant core.user.read."},
    ]
    connector = make_connected(said=told)

    pages = [text(browser.get(reverse(f"connectors:{page}", args=[connector.pk]))) for page in PAGES]

    assert all("7 of 8 granted, none in excess" in page for page in pages)
    assert all('<p class="r-wait">Coupa did not grant core.user.read.</p>' in page for page in pages)


def test_sync_now_says_which_other_connector_is_at_work(browser):
    connector = make_connected()
    other = make_connector(app=connector.app, source=connector.source, name="Coupa of the plant")
    make_run(other, status=SyncRun.Status.RUNNING, ended_at=None)

    reply = browser.post(reverse("connectors:sync", args=[connector.pk]))

    assert reply.status_code == 409
    assert "Coupa of the plant reads coupa:acme.coupahost.com into the same app" in text(reply)


@pytest.mark.parametrize("verb", ["confirm", "discard"])
def test_a_held_run_is_not_settled_without_a_reason(verb, browser):
    connector = make_connected(status=Connector.Status.HELD)
    held = make_run(connector, status=SyncRun.Status.HELD, ended_at=None)

    reply = browser.post(reverse(f"connectors:{verb}", args=[held.key]), {"reason": "  "})

    held.refresh_from_db()
    assert reply.status_code == 422
    assert "Say why" in text(reply)
    assert held.status == SyncRun.Status.HELD


def test_a_run_that_is_over_is_not_settled_again(browser):
    run = make_connected().runs.get()

    reply = browser.post(reverse("connectors:confirm", args=[run.key]), {"reason": "Late"})

    assert reply.status_code == 409


def test_settings_that_are_not_in_force_stand_above_those_that_are(browser, admin):
    connector = make_connected(admin)
    SettingsCandidate.objects.create(
        connector=connector, settings={}, sealed="", status="refused", problem="Coupa refused them."
    )

    page = text(browser.get(reverse("connectors:connector", args=[connector.pk])))

    assert "Coupa refused them." in page
    assert "The earlier settings stay in force." in page


def test_runs_are_paged_and_counted(browser):
    connector = make_connected()
    for _ in range(24):
        make_run(connector)
    url = reverse("connectors:connector", args=[connector.pk])

    first = browser.get(url)
    second = browser.get(url, {"after": first.context["runs"].after, "number": 20})

    assert (len(first.context["runs"].rows), len(second.context["runs"].rows)) == (20, 5)
    assert "21-25 of 25" in text(second)


def test_the_connector_page_asks_as_often_for_twenty_runs_as_for_two(browser, admin):
    connector = make_connected(admin)
    make_run(connector, wanted_by=admin)
    url = reverse("connectors:connector", args=[connector.pk])

    def asked():
        with CaptureQueriesContext(connection) as queries:
            browser.get(url)
        return len(queries)

    few = asked()
    for _ in range(18):
        make_run(connector, wanted_by=make_user())

    assert asked() == few


def test_a_run_shows_changes_gaps_and_its_log_by_level(browser):
    connector = make_connected()
    run = make_run(
        connector,
        read={"user": 5000},
        changes={"user": {"new": 7, "changed": 11, "gone": 3}},
        gaps={"role": "The Coupa client may not read roles: core.common.read is missing."},
        problem="The Coupa client may not read roles: core.common.read is missing.",
    )
    SyncLogLine.objects.create(run=run, level="info", text="Accounts: 5,000 read")
    SyncLogLine.objects.create(run=run, level="warn", text="Roles could not be read")
    url = reverse("connectors:run", args=[run.key])

    everything, warnings = text(browser.get(url)), text(browser.get(url, {"level": "warn"}))

    assert "core.common.read is missing" in everything
    assert "Accounts: 5,000 read" in everything
    assert "Accounts: 5,000 read" not in warnings
    assert "Roles could not be read" in warnings


@pytest.mark.parametrize(
    "query",
    [{"after": "%00"}, {"after": "zzz"}, {"number": "-1"}, {"number": "x"}, {"only": "?"}],
)
def test_an_address_somebody_wrote_by_hand_leads_to_the_first_page(query, browser):
    make_connected(name="Coupa")

    reply = browser.get("/connectors/", query)

    assert reply.status_code == 200
    assert [row.name for row in reply.context["page"].rows] == ["Coupa"]
