"""The wizard with files: chosen, refused at their field, replaced, and named where they are in force."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.timezone import now

from connectors import jobs, queries
from connectors.forms import setting_up
from connectors.models import Connector, Grant, SettingsCandidate, SyncRun
from core.models import Role
from tests.make import PASSWORD, make_connector, make_user

PEOPLE = b"User ID,Email,Name\n1,ada@x.example,Ada\n2,bo@x.example,Bo\n"
ACCESS = b"User ID,Resource Type,Resource Name,Entitlement\n1,Role,Buyer,Member\n2,Team,Red,Lead\n"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def grace(db):
    return make_user("Grace Kim", Role.CONNECTOR)


@pytest.fixture
def browser(grace, sign_in, nudges):
    return sign_in(grace)


@pytest.fixture
def begun(grace):
    return make_connector(grace, name="Payroll", driver="file")


@pytest.fixture
def connected(browser, begun):
    browser.post(url_of(begun), chosen(access=ACCESS))
    jobs.check_settings(SettingsCandidate.objects.get(connector=begun).pk)
    jobs.run_sync(str(SyncRun.objects.get(connector=begun).pk))
    begun.refresh_from_db()
    return begun


def url_of(connector):
    return reverse("connectors:settings", args=[connector.pk])


def page_of(browser, name, connector):
    return text(browser.get(reverse(f"connectors:{name}", args=[connector.pk])))


def text(reply):
    """The page in one line, blanks as a browser shows them."""
    return " ".join(re.sub(r"<[^>]+>", " ", reply.content.decode()).split())


def chosen(accounts: bytes | None = PEOPLE, access: bytes | None = None, system: str = "Old payroll"):
    files = {"accounts": accounts, "access": access}
    sent = {
        name: SimpleUploadedFile(f"{name}.csv", content)
        for name, content in files.items()
        if content is not None
    }
    return {"system": system, **sent}


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("role", "Roles"), ("cost centre", "Cost centres"), ("policy", "Policies"), ("key", "Keys"),
     ("teams", "Teams"), ("100%25", "100%"), ("%75ser", "Users"), ("", "")],
)  # fmt: skip
def test_a_kind_without_a_name_is_shown_in_words(kind, shown):
    assert queries.plain(kind) == shown


def test_the_access_file_can_be_taken_away_and_nobody_loses_access_by_it(browser, connected):
    held = Grant.objects.here().count()

    form = browser.get(url_of(connected)).content.decode()
    browser.post(url_of(connected), {"system": "Old payroll", "access_none": "on"})
    jobs.check_settings(SettingsCandidate.objects.get(connector=connected).pk)
    jobs.run_sync(str(SyncRun.objects.latest("pk").pk))

    connected.refresh_from_db()
    assert 'name="access_none"' in form
    assert 'name="accounts_none"' not in form
    assert connected.settings["access"] == ""
    assert connected.settings["accounts"].endswith("accounts.csv")
    assert SyncRun.objects.latest("pk").status == "done"
    assert Grant.objects.here().count() == held > 0


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({**chosen(None, ACCESS), "access_none": "on"}, "not both"),
        ({"system": "", "access_none": "on"}, "Enter the name of the system"),
    ],
)
def test_a_refused_form_still_knows_that_the_file_is_to_go(sent, said, browser, connected):
    reply = browser.post(url_of(connected), sent)

    assert reply.status_code == 422
    assert said in text(reply)
    assert 'name="access_none" checked' in " ".join(reply.content.decode().split())
    assert connected.settings["access"].endswith("access.csv")


def test_the_accounts_file_cannot_be_taken_away(browser, connected):
    browser.post(url_of(connected), {"system": "Old payroll", "accounts_none": "on"})

    assert SettingsCandidate.objects.get(connector=connected).settings["accounts"].endswith("accounts.csv")


@pytest.mark.parametrize("words", ["csv", "Excel", "FILE", "spreadsheet", "xlsx"])
def test_the_catalogue_finds_files_by_what_people_type(words, browser):
    reply = browser.get("/connectors/add/", {"q": words})

    assert "/connectors/add/file/" in reply.content.decode()


def test_the_form_sends_files_and_offers_those_it_takes(browser, begun):
    page = browser.get(url_of(begun)).content.decode()

    assert 'enctype="multipart/form-data"' in page
    assert page.count('type="file"') == 2
    assert 'accept=".csv,.xlsx"' in page
    assert "The files, step by step" in page
    assert "r-scopesets" not in page
    assert "{scopes}" not in page


def test_chosen_files_lead_to_the_live_page_while_a_worker_checks(browser, begun):
    reply = browser.post(url_of(begun), chosen())

    candidate = SettingsCandidate.objects.get(connector=begun)
    assert reply.headers["Location"] == reverse("connectors:live", args=[begun.pk])
    assert candidate.settings["accounts"].endswith("/accounts.csv")


@pytest.mark.parametrize(
    ("sent", "field", "sentence"),
    [
        (chosen(None), "accounts", "Choose the file with the accounts."),
        (chosen(b""), "accounts", "accounts.csv is empty."),
        (chosen(b"Email\na@x.example\n"), "accounts", "lacks User ID"),
        (chosen(access=b"User ID\n1\n"), "access", "lacks Resource Type, Resource Name and Entitlement"),
    ],
)
def test_a_bad_file_is_answered_at_its_field_with_what_was_typed(sent, field, sentence, browser, begun):
    reply = browser.post(url_of(begun), sent)

    assert reply.status_code == 422
    assert sentence in reply.context["form"].errors[field][0]
    assert reply.context["form"]["system"].value() == "Old payroll"
    assert "if you had chosen a file, choose it again" in text(reply)
    assert not SettingsCandidate.objects.exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(browser, begun, monkeypatch):
    monkeypatch.setattr(setting_up, "MOST_MEGABYTES", 0)

    reply = browser.post(url_of(begun), chosen())

    assert reply.status_code == 422
    assert reply.context["form"].errors["accounts"] == ["A file has at most 0 MB."]


def test_a_refused_file_is_named_with_what_is_wrong(browser, begun):
    browser.post(url_of(begun), chosen(b"User ID\n1\n1\n"))
    jobs.check_settings(SettingsCandidate.objects.get(connector=begun).pk)

    page = text(browser.get(url_of(begun)))

    assert "Line 3 of accounts.csv has the User ID “1” of line 2 again" in page
    assert "Handed in: accounts.csv . Choose another to replace it" in page


def test_an_owner_sees_the_files_in_force_and_may_replace_them(browser, connected):
    page = page_of(browser, "connector", connected)

    assert "accounts.csv" in page
    assert "Replace a file" in page
    assert "accounts.csv: 2 accounts." in page
    assert connected.settings["accounts"][:64] not in page


def test_the_list_of_connectors_leads_to_where_a_file_is_replaced(browser, connected):
    page = browser.get(reverse("connectors:index"))

    assert "Replace a file of Payroll" in text(page)
    assert f'href="{url_of(connected)}"' in page.content.decode()


def test_the_wizard_says_that_files_come_next(browser, begun):
    page = page_of(browser, "settings", begun)

    assert "Settings The files" in page
    assert "credentials" not in page


def test_a_file_left_behind_by_a_sign_in_in_between_is_asked_for_again(connected, grace, sign_in):
    grace.set_password(PASSWORD)
    grace.save(update_fields=["password"])
    late = sign_in(grace)
    with time_machine.travel(now() + timedelta(minutes=11)):
        asked = late.post(url_of(connected), chosen(PEOPLE + b"3,,Cy\n"))
        held = late.get(asked.headers["Location"]).context["held"]
        reply = late.post("/sign-in/again/", {"held": held, "password": PASSWORD}, follow=True)

    assert reply.status_code == 422
    assert "left behind" in reply.context["form"].errors["accounts"][0]
    assert reply.context["form"]["system"].value() == "Old payroll"
    assert SettingsCandidate.objects.get(connector=connected).status == SettingsCandidate.Status.PROMOTED


def test_replacing_a_file_keeps_the_rest_and_starts_a_run(browser, connected):
    again = PEOPLE + b"3,cy@x.example,Cy\n"

    browser.post(url_of(connected), chosen(again))
    jobs.check_settings(SettingsCandidate.objects.get(connector=connected).pk)

    before, connector = connected.settings, Connector.objects.get()
    assert connector.settings["access"] == before["access"]
    assert connector.settings["accounts"] != before["accounts"]
    assert connector.status == Connector.Status.SYNCING


def test_kinds_that_the_file_names_stand_on_the_pages_by_their_names(browser, connected):
    run = SyncRun.objects.get()
    pages = {
        "connector": page_of(browser, "connector", connected),
        "live": page_of(browser, "live", connected),
        "run": text(browser.get(reverse("connectors:run", args=[run.key]))),
    }

    assert "1 roles 1 teams 2 grants" in pages["connector"]
    assert "Resource types named in the file Yes No 2" in pages["connector"]
    assert "1 role, 1 team, 2 accounts" in pages["live"].lower().replace(" ,", ",")
    assert "Role" in pages["run"]
    assert "Team" in pages["run"]
    assert all("Resource types named in the file" not in pages[name] for name in ("live", "run"))


def test_before_anything_was_read_the_kinds_are_announced(browser, begun):
    browser.post(url_of(begun), chosen(access=ACCESS))
    jobs.check_settings(SettingsCandidate.objects.get(connector=begun).pk)

    assert "Resource types named in the file" in page_of(browser, "live", begun)
