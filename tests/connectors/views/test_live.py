"""The live page shows what goes on, and asks for more only while something does."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from connectors.models import Connector, SettingsCandidate, SyncLogLine, SyncRun
from connectors.queries import took_so_far
from core.models import Role
from tests.make import SOURCE, make_account, make_app, make_connector, make_entitlement, make_run, make_user


@pytest.fixture
def admin(db):
    return make_user("Marcus Adeyemi", Role.CONNECTOR)


@pytest.fixture
def browser(admin, sign_in):
    return sign_in(admin)


@pytest.fixture
def connector(admin):
    return make_connector(admin, source=SOURCE, status=Connector.Status.SYNCING)


def look(browser, connector, page="live", **query):
    return browser.get(reverse(f"connectors:{page}", args=[connector.pk]), query)


def test_without_settings_the_live_page_leads_to_them(browser, connector):
    reply = look(browser, connector)

    assert reply.headers["Location"] == reverse("connectors:settings", args=[connector.pk])


def test_settings_that_work_while_another_connector_reads_wait_and_say_so(browser, connector):
    Connector.objects.filter(pk=connector.pk).update(status="not_connected", next_run_at=now())

    page = look(browser, connector).content.decode()

    assert "The settings work" in page
    assert f"Another connector is reading {SOURCE}" in page
    assert "said=due" in page


def test_settings_being_checked_are_seen_being_checked(browser, connector):
    SettingsCandidate.objects.create(connector=connector, settings={}, sealed="")

    page = look(browser, connector).content.decode()

    assert "Checking with Coupa" in page
    assert "hx-trigger" in page


def test_refused_settings_show_the_sentence_and_the_way_back(browser, connector):
    SettingsCandidate.objects.create(
        connector=connector, settings={}, sealed="", status="refused", problem="Coupa refused the secret."
    )

    page = look(browser, connector).content.decode()

    assert "Coupa refused the secret." in page
    assert reverse("connectors:settings", args=[connector.pk]) in page
    assert "hx-trigger" not in page


def test_a_running_sync_shows_counts_rate_and_lines_and_asks_again(browser, connector):
    run = make_run(
        connector,
        status=SyncRun.Status.RUNNING,
        ended_at=None,
        read={"user": 3150, "grant": 14906},
        requests=66,
    )
    SyncLogLine.objects.create(run=run, level="warn", text="Account 2048 <has> no e-mail")

    page = look(browser, connector, "progress").content.decode()

    assert all(number in page for number in ("3,150", "14,906", "18,056", "66"))
    assert "Account 2048 &lt;has&gt; no e-mail" in page
    assert f"{reverse('connectors:progress', args=[connector.pk])}?said=running" in page
    assert "<html" not in page


def test_a_first_sync_has_no_expected_numbers_and_a_later_one_takes_those_of_the_last(browser, connector):
    first = make_run(connector, read={"user": 5000})
    make_run(connector, status=SyncRun.Status.FAILED, read={"user": 12})
    running = make_run(connector, status=SyncRun.Status.RUNNING, ended_at=None, read={"user": 3150})

    later = look(browser, connector).context["live"]
    SyncRun.objects.exclude(pk=running.pk).delete()
    alone = look(browser, connector).context["live"]

    assert first.pk != running.pk
    assert later.kinds[0].expected == 5000
    assert alone.kinds[0].expected is None


@pytest.mark.parametrize("status", ["done", "failed", "held", "discarded"])
def test_what_is_over_is_not_asked_for_again(status, browser, connector):
    make_run(connector, status=status, problem="Coupa answered 503.")

    page = look(browser, connector, "progress").content.decode()

    assert "hx-trigger" not in page
    assert status in ("done", "discarded") or "Coupa answered 503." in page


def test_the_time_a_held_run_waits_for_a_person_is_not_work(connector):
    begun = now()
    times = {"started_at": begun, "walked_at": begun + timedelta(seconds=70)}
    held = make_run(connector, status=SyncRun.Status.HELD, ended_at=None, **times)
    answered = begun + timedelta(days=2)

    waiting = took_so_far(held)
    held.status, held.settled_at, held.ended_at = "done", answered, answered + timedelta(seconds=5)
    applied = took_so_far(held)

    assert (waiting, applied) == (timedelta(seconds=70), timedelta(seconds=75))


def test_those_who_hear_the_page_are_told_only_what_is_new(browser, connector):
    make_run(connector, status=SyncRun.Status.RUNNING, ended_at=None)

    same = look(browser, connector, "progress", said="running").content.decode()
    other = look(browser, connector, "progress", said="checking").content.decode()

    assert "hx-swap-oob" not in same
    assert "hx-swap-oob" in other


def test_a_sync_that_is_watched_can_be_stopped_until_it_is_over(browser, connector):
    run = make_run(connector, status=SyncRun.Status.RUNNING, ended_at=None)
    stop = reverse("connectors:stop", args=[run.key])

    page = look(browser, connector).content.decode()
    same = look(browser, connector, "progress", said="running", stops=run.key).content.decode()
    SyncRun.objects.filter(pk=run.pk).update(status=SyncRun.Status.DONE, ended_at=now())
    over = look(browser, connector, "progress", said="running", stops=run.key).content.decode()

    assert page.count(f'action="{stop}"') == 2
    assert f"said=running&amp;stops={run.key}" in page
    assert stop not in same
    assert 'hx-swap-oob="innerHTML:#live-acts"' in over
    assert 'hx-swap-oob="innerHTML:#live-chip"' in over
    assert stop not in over


def test_who_only_looks_is_offered_no_stop(connector, sign_in, cast):
    make_run(connector, status=SyncRun.Status.RUNNING, ended_at=None)

    page = look(sign_in(cast["read_only"]), connector).content.decode()

    assert "/stop/" not in page


def test_the_end_counts_what_was_found_and_leads_to_it(browser, connector):
    make_run(connector)
    make_account(connector.app, "Grace Kim")
    make_entitlement(connector.app, "Buyer")

    page = look(browser, connector).content.decode()

    accounts = reverse("connectors:accounts", args=[connector.app_id])
    assert "1 role<" in page
    assert f'<a href="{accounts}">1 account</a>' in page
    assert f'<a href="{accounts}?owner=none">1 account has no owner</a>' in page


@pytest.mark.parametrize("page", ["live", "connector"])
def test_a_kind_that_is_off_is_counted_only_where_something_of_it_is_left(page, browser, connector):
    make_run(connector)

    without = look(browser, connector, page).content.decode()
    make_entitlement(connector.app, "Europe", kind="account_group")
    left = look(browser, connector, page).content.decode()

    found = "?kind=account_group"
    assert found not in without
    assert found in left


CHANGEABLE = 3
"""Kinds that the driver could change; it may not, as the connector only reads."""


def test_a_kind_that_needs_a_scope_says_so_whether_it_is_read_or_not(browser, connector):
    make_run(connector)

    off = look(browser, connector, "connector").content.decode()
    Connector.objects.filter(pk=connector.pk).update(kinds=["user", "account_group"])
    on = look(browser, connector, "connector").content.decode()

    assert "needs <code>core.accounting.read</code>" in off
    assert "needs <code>core.accounting.read</code>" in on
    assert off.count(">Off<") == 1 + CHANGEABLE
    assert on.count(">Off<") == 3 + CHANGEABLE


def test_an_owner_who_may_not_see_the_app_gets_the_numbers_without_links(sign_in, db):
    grace = make_user("Grace Kim")
    connector = make_connector(grace, app=make_app("Coupa"), source=SOURCE, status="connected")
    make_run(connector)

    page = look(sign_in(grace), connector).content.decode()

    assert "0 accounts have no owner" in page
    assert "/applications/" not in page
