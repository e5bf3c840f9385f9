"""The pages for looking after a connector: what they take, refuse, and say."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from connectors import registry
from connectors.actions import deleting
from connectors.contract import Action, Capability
from connectors.models import Connector, ConnectorOwner, SyncRun
from core.models import Role
from tests.make import (
    make_account,
    make_app,
    make_connected,
    make_connector,
    make_entitlement,
    make_grant,
    make_user,
)

OWN_PAGES = ("rename", "schedule", "kinds", "attributes", "holders", "delete")
STALE = "Somebody else saved this meanwhile"


@pytest.fixture
def admin(db):
    return make_user("Ada Lindgren", Role.SUPER)


@pytest.fixture
def browser(admin, sign_in, nudges):
    return sign_in(admin)


@pytest.fixture
def connector(admin, nudges):
    return make_connected(admin)


def text(reply):
    return reply.content.decode()


def address(connector, page):
    return reverse(f"connectors:{page}", args=[connector.pk])


def typed(connector, page, **more):
    """What each page takes."""
    known: dict[str, dict[str, object]] = {
        "rename": {"name": "Another"},
        "schedule": {"schedule": "every", "preset": "360"},
        "kinds": {"kinds": ["user", "role"]},
        "attributes": {"mode": "ignore", "names": "phone\ncity"},
    }
    return {"changed_at": connector.changed_at.isoformat(), **known[page], **more}


@pytest.mark.parametrize("page", ["rename", "schedule", "kinds", "attributes"])
def test_a_form_drawn_before_another_saved_is_answered_with_both(page, connector, browser):
    sent = typed(connector, page)
    Connector.objects.update(changed_at=now() + timedelta(minutes=1))

    reply = browser.post(address(connector, page), sent)

    assert reply.status_code == 409
    assert STALE in text(reply)
    again = {**sent, "changed_at": Connector.objects.get().changed_at.isoformat()}
    assert browser.post(address(connector, page), again).status_code == 302


@pytest.mark.parametrize("page", ["rename", "schedule", "kinds", "attributes"])
def test_what_was_saved_is_what_the_form_begins_with(page, connector, browser):
    assert browser.post(address(connector, page), typed(connector, page)).status_code == 302

    form = browser.get(address(connector, page)).context["form"]
    shown = {
        "rename": ("name", "Another"),
        "schedule": ("preset", "360"),
        "kinds": ("kinds", ["user", "role"]),
        "attributes": ("seen", ["city", "phone"]),
    }
    name, value = shown[page]
    assert form[name].value() == value


@pytest.mark.parametrize(
    ("page", "wrong", "said"),
    [
        ("rename", {"name": " "}, "Enter a name."),
        ("rename", {"name": "n" * 201}, "at most 200 letters"),
        ("schedule", {"schedule": "weekly"}, "Choose one."),
        ("schedule", {"preset": ""}, "Choose how often."),
        ("schedule", {"preset": "other"}, "Enter a number."),
        ("schedule", {"preset": "other", "number": "20", "unit": "minutes"}, "At least 30 minutes"),
        ("schedule", {"preset": "other", "number": "99999999", "unit": "days"}, "At most 31 days"),
        ("schedule", {"schedule": "cron", "cron": "*/5 * * * *"}, "at least 30 minutes must lie"),
        ("schedule", {"zone": "Mars/Olympus"}, "is no time zone"),
        ("kinds", {"kinds": ["unheard"]}, "not known to the driver"),
        ("kinds", {"kinds": ["role"]}, "Accounts are read with everything else"),
        ("attributes", {"mode": "some"}, "Choose one of the three ways."),
        ("attributes", {"names": "email"}, "email: always kept"),
    ],
)
def test_bad_input_is_said_and_kept(page, wrong, said, connector, browser):
    before = Connector.objects.values().get()

    reply = browser.post(address(connector, page), typed(connector, page, **wrong))

    assert reply.status_code == 422
    assert said in text(reply)
    assert Connector.objects.values().get() == before
    for value in wrong.values():
        if isinstance(value, str) and value.strip() and value not in ("some", "weekly"):
            assert value in text(reply)


def test_a_connector_of_files_shows_no_schedule_and_has_no_form_for_one(admin, browser):
    files = make_connected(admin, driver="file", source="file:payroll", settings={"system": "Payroll"})

    page, form = browser.get(address(files, "connector")), browser.get(address(files, "schedule"))
    sent = browser.post(address(files, "schedule"), typed(files, "schedule"))

    assert "A file is read when it is handed in" in text(page)
    assert address(files, "schedule") not in text(page)
    assert (form.status_code, sent.status_code) == (409, 409)
    assert "A file is read when it is handed in" in text(form)


def test_another_interval_comes_back_as_it_was_typed(connector, browser):
    sent = typed(connector, "schedule", preset="other", number="3", unit="hours")

    browser.post(address(connector, "schedule"), sent)

    form = browser.get(address(connector, "schedule")).context["form"]
    assert Connector.objects.get().every == timedelta(hours=3)
    assert [form[name].value() for name in ("preset", "number", "unit")] == ["other", 3, "hours"]


def test_the_next_three_runs_are_told_before_anything_is_saved(connector, browser):
    sent = typed(connector, "schedule", schedule="cron", cron="0 6 * * *", zone="utc", look="1")

    reply = browser.post(address(connector, "schedule"), sent)

    following = reply.context["following"]
    assert [moment.hour for moment in following] == [6, 6, 6]
    assert text(reply).count("06:00</time>") == 3
    assert Connector.objects.get().schedule == "every"


def test_with_nothing_ticked_a_pause_is_offered(connector, browser):
    reply = browser.post(address(connector, "kinds"), typed(connector, "kinds", kinds=[]))

    assert reply.status_code == 422
    assert "Pause it instead?" in text(reply)
    assert f'action="{address(connector, "pause")}"' in text(reply)
    assert Connector.objects.get().kinds == []


def test_attributes_seen_so_far_are_offered(connector, browser):
    make_account(connector.app, profile={"city": "Lund", "phone": "1"})

    reply = browser.get(address(connector, "attributes"))

    assert reply.context["suggestions"] == ["city", "phone"]


def test_who_governs_the_app_filters_attributes_of_a_connector_they_do_not_own(connector, sign_in):
    ines = make_user("Ines Moreau", Role.APPLICATION)
    governed = make_connected(make_user("Grace Kim"), app=make_app("Ariba", ines))

    reply = sign_in(ines).post(address(governed, "attributes"), typed(governed, "attributes"))

    assert reply.status_code == 302
    assert address(governed, "attributes") in text(
        sign_in(ines).get(reverse("connectors:application", args=[governed.app_id]))
    )
    assert sign_in(ines).get(address(connector, "attributes")).status_code == 404


def test_holders_are_made_owners_and_stay_so_when_names_are_saved(connector, browser, admin):
    entitlement = make_entitlement(connector.app, "Coupa Admin")
    tom = make_user("Tom Okafor", Role.BASIC)
    make_grant(make_account(connector.app, person=tom), entitlement)

    browser.post(address(connector, "holders"), {"entitlement": entitlement.pk})
    page = browser.get(address(connector, "owners"))
    browser.post(address(connector, "owners"), {"owners": [admin.pk]})

    assert list(page.context["chosen"]) == [admin]
    assert "Holders of Coupa Admin" in text(page)
    assert set(connector.owners_now()) == {admin, tom}

    browser.post(address(connector, "remove_holders"), {"entitlement": entitlement.pk})

    assert list(connector.owners_now()) == [admin]


def test_an_entitlement_nobody_may_see_is_not_offered_and_not_taken(db, sign_in, nudges):
    grace = make_user("Grace Kim", Role.BASIC)
    connector = make_connected(grace)
    foreign = make_entitlement(make_app("Ariba"), "Secret")

    browser = sign_in(grace)
    reply = browser.post(address(connector, "holders"), {"entitlement": foreign.pk})

    assert reply.status_code == 404
    assert "Secret" not in text(browser.get(address(connector, "holders"), {"q": "secret"}))
    assert not ConnectorOwner.objects.exclude(entitlement=None).exists()


def test_the_entitlements_offered_cost_as_many_queries_for_sixty_as_for_three(connector, browser):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            browser.get(address(connector, "holders"))
        return len(queries)

    for number in range(3):
        made = make_entitlement(connector.app, f"Role {number}")
        ConnectorOwner.objects.create(connector=connector, entitlement=made)
        make_entitlement(connector.app, f"Other {number}")
    browser.get(address(connector, "holders"))
    few = asked()
    for number in range(3, 60):
        made = make_entitlement(connector.app, f"Role {number}")
        ConnectorOwner.objects.create(connector=connector, entitlement=made)
        make_entitlement(connector.app, f"Other {number}")

    assert asked() == few


@pytest.mark.parametrize("word", ["", "delete", "Cuopa"])
def test_a_slip_deletes_nothing(word, connector, browser):
    reply = browser.post(address(connector, "delete"), {"typed": word})

    assert reply.status_code == 422
    assert "Nothing is deleted yet." in text(reply)
    assert Connector.objects.get().deleted_at is None


@pytest.mark.parametrize("word", ["DELETE", "Coupa"])
def test_the_name_or_the_word_deletes(word, connector, browser):
    reply = browser.post(address(connector, "delete"), {"typed": word})

    assert reply.headers["Location"] == reverse("connectors:index")
    assert Connector.objects.get().deleted_at is not None


def test_a_deleted_connector_is_history_to_who_sees_everything(connector, browser, admin):
    make_entitlement(connector.app)
    make_account(connector.app)
    SyncRun.objects.update(complete=["user", "role"])
    deleting.delete(connector, by=admin)

    page = text(browser.get(address(connector, "connector")))
    app_page = text(browser.get(reverse("connectors:application", args=[connector.app_id])))
    rows = text(browser.get(reverse("connectors:entitlements", args=[connector.app_id])))

    assert "This connector was deleted" in page
    assert not any(address(connector, name) in page for name in (*OWN_PAGES, "settings", "sync"))
    assert "no longer read since" in app_page
    assert "Not read since" in rows
    assert "Not read since" in text(browser.get(reverse("connectors:accounts", args=[connector.app_id])))
    assert browser.get(address(connector, "rename")).status_code == 403


def test_the_page_of_a_connector_leads_to_all_that_can_be_changed(connector, browser):
    page = text(browser.get(address(connector, "connector")))

    for name in ("rename", "schedule", "kinds", "attributes", "delete", "owners"):
        assert f'href="{address(connector, name)}"' in page


def test_who_may_only_look_is_told_who_can_help(connector, admin, sign_in):
    page = text(sign_in(make_user("Vera Stein", Role.READ_ONLY)).get(address(connector, "connector")))

    assert "You may look at this connector." in page
    assert "Your administrators:" in page
    assert "Ada Lindgren" in page
    assert not any(f'href="{address(connector, name)}"' in page for name in OWN_PAGES)


def test_the_list_is_narrowed_by_type_and_owner(connector, browser):
    grace = make_user("Grace Kim", Role.BASIC)
    make_connector(grace, name="Hers", app=make_app("Hers"))

    def found(**asked):
        return [row.name for row in browser.get("/connectors/", asked).context["page"].rows]

    assert found(owner=grace.pk) == ["Hers"]
    assert found(driver="coupa") == ["Coupa", "Hers"]
    assert found(q="procurement") == ["Coupa", "Hers"]
    assert found(owner="nobody", driver="unheard") == ["Coupa", "Hers"]


def test_a_row_can_be_paused_and_says_when_it_was_updated(connector, browser):
    page = text(browser.get("/connectors/"))

    assert f'action="{address(connector, "pause")}"' in page
    assert "Updated on" in page


def test_actions_of_the_app_are_told_with_what_they_must_be_told(connector, browser, monkeypatch):
    spec = replace(
        registry.spec("coupa"), actions=(Action("enable_user", "Enables an account", ("user_id",)),)
    )
    monkeypatch.setattr(registry, "spec", lambda _: spec)

    page = text(browser.get(address(connector, "connector")))

    assert "<code>enable_user</code>" in page
    assert "Enables an account" in page
    assert "<code>user_id</code>" in page


def test_scopes_a_kind_needs_are_told_where_it_is_ticked_and_where_it_is_off(connector, browser, monkeypatch):
    more = Capability(
        "account_group",
        "Account groups",
        "coins",
        sync=True,
        by_default=False,
        scopes=("core.accounting.read",),
    )
    spec = registry.spec("coupa")
    spec = replace(spec, capabilities=(*spec.capabilities, more))
    monkeypatch.setattr(registry, "spec", lambda _: spec)

    form, page = browser.get(address(connector, "kinds")), browser.get(address(connector, "connector"))

    assert "<code>core.accounting.read</code>" in text(form)
    assert form.context["chosen"] == ["user", "group", "role", "license"]
    assert "needs <code>core.accounting.read</code>" in text(page)


def test_an_app_can_be_synced_from_its_page_by_who_looks_after_its_connector(connector, browser, sign_in):
    tom = make_user("Tom Okafor", Role.BASIC)
    owned = make_connected(app=make_app("Ariba", tom))

    mine = text(browser.get(reverse("connectors:application", args=[connector.app_id])))
    his = text(sign_in(tom).get(reverse("connectors:application", args=[owned.app_id])))

    assert f'action="{address(connector, "sync")}"' in mine
    assert "Sync now" not in his


def test_what_makes_nobody_an_owner_is_not_named_by_asking_to_remove_it(db, sign_in, nudges):
    grace = make_user("Grace Kim", Role.BASIC)
    connector = make_connected(grace)
    foreign = make_entitlement(make_app("Ariba"), "Secret")

    reply = sign_in(grace).post(address(connector, "remove_holders"), {"entitlement": foreign.pk})

    assert reply.status_code == 404
    assert "Secret" not in text(reply)
