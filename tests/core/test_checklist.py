"""The set-up checklist: a step is done when its thing is there, and then it folds away."""

import pytest
from django.db import transaction
from django.test import override_settings
from django.utils.timezone import now

from core import panels
from core.models import IdentityProvider, MailServer, Organisation, Reporting, User
from core.panels import Panel
from core.queries.checklist import State, steps
from core.trail import record
from tests.make import make_connected, make_connector, make_user

ABROAD = "https://reeve.halden.example"


@pytest.fixture
def alone(monkeypatch):
    """No other room adds a step."""
    monkeypatch.setitem(panels._slots, "checklist", [])


def state(title: str) -> str:
    return next(step.state for step in steps(Organisation.current()) if step.title == title)


def sentence(title: str) -> str:
    return next(step.sentence for step in steps(Organisation.current()) if step.title == title)


def in_force_provider() -> IdentityProvider:
    return IdentityProvider.objects.create(
        status=IdentityProvider.Status.IN_FORCE, label="Halden ID", issuer="https://id.halden.example"
    )


def in_force_mail() -> MailServer:
    return MailServer.objects.create(
        status=MailServer.Status.IN_FORCE,
        host="mail.halden.example",
        port=587,
        security=MailServer.Security.STARTTLS,
        sender="Reeve <reeve@halden.example>",
    )


def set_up_all() -> None:
    """Everything that the ground floor asks for, save the address, which is a setting."""
    Organisation.current()
    Organisation.objects.update(looked_over_at=now())
    in_force_provider()
    in_force_mail()
    make_user("Somebody Else")


def test_a_new_console_has_everything_to_do(cast):
    User.objects.exclude(pk=cast["super"].pk).delete()

    with override_settings(PUBLIC_URL="http://127.0.0.1:8000"):
        found = {step.title: step.state for step in steps(Organisation.current())}

    assert set(found.values()) == {State.OPEN}


@pytest.mark.parametrize(
    ("url", "expected"),
    [("http://localhost:8000", "open"), ("http://[::1]:8000", "open"), (ABROAD, "done")],
)
def test_the_address_must_lead_here_from_elsewhere(url, expected, db):
    with override_settings(PUBLIC_URL=url):
        assert state("Address") == expected


def test_the_organisation_is_done_once_somebody_looked_it_over(cast, sign_in):
    before = state("Organisation and working days")
    present = Organisation.current()

    sign_in(cast["super"]).post(
        "/settings/organisation/",
        {"name": "Halden", "time_zone": "UTC", "changed_at": present.changed_at.isoformat()},
    )

    assert (before, state("Organisation and working days")) == ("open", "done")


def test_mail_is_done_once_a_server_is_in_force(db):
    before = state("Mail")

    in_force_mail()

    assert (before, state("Mail")) == ("open", "done")


@pytest.mark.parametrize("by", ["provider", "passwords"])
def test_sign_in_is_done_with_a_provider_in_force_or_rules_that_were_chosen(by, cast):
    before = state("Sign-in")

    if by == "provider":
        in_force_provider()
    else:
        with transaction.atomic():
            record("core.sign_in_settings_changed", Organisation.current(), by=cast["super"])

    assert (before, state("Sign-in")) == ("open", "done")


def test_people_are_counted_with_those_who_have_no_manager(db):
    boss, _, gone = make_user("Ada"), make_user("Kim"), make_user("Tom", status="deactivated")
    Reporting.objects.create(person=boss, manager=make_user("Nora"))
    Reporting.objects.create(person=gone, manager=boss)

    assert state("People") == "done"
    assert sentence("People").startswith("3 people, 2 without a manager.")


def test_coupa_is_done_once_it_was_read(cast, sign_in):
    browser, found = sign_in(cast["super"]), []

    for change in (lambda: None, lambda: make_connector(), lambda: make_connected()):
        change()
        rows = browser.get("/").context["checklist"].rows
        found.append(next((row["state"], row["url"]) for row in rows if row["title"] == "Coupa"))

    assert found == [
        ("open", "/connectors/add/coupa/"),
        ("open", "/connectors/"),
        ("done", "/connectors/"),
    ]


def test_the_first_review_says_what_it_waits_for_and_leads_to_the_one_that_needs_no_vendor(cast, sign_in):
    rows = sign_in(cast["super"]).get("/").context["checklist"].rows

    assert rows[-1]["title"] == "First access review"
    assert rows[-1]["state"] == "later"
    assert rows[-1]["url"] == "/campaigns/first/"


@pytest.mark.parametrize(
    ("who", "shown"), [("super", True), ("read_only", False), ("connector_admin", False)]
)
def test_the_checklist_is_for_super_administrators(who, shown, cast, sign_in):
    page = sign_in(cast[who]).get("/").content.decode()

    assert ("Set up Reeve" in page) == shown


def test_it_folds_away_once_all_is_done_and_what_cannot_be_done_yet_does_not_count(cast, sign_in, alone):
    waits = {"title": "First access review", "icon": "clock", "state": "later", "sentence": "Not yet."}
    panels.fill("checklist", Panel(1, "core/checklist.html", lambda request, details: waits))
    set_up_all()

    with override_settings(PUBLIC_URL=ABROAD, ALLOWED_HOSTS=["*"]):
        page = sign_in(cast["super"]).get("/").content.decode()

    assert "Reeve is set up" in page
    assert "5 of 5 steps done" in page
    assert "Set up Reeve" not in page
    assert "Nothing waits for you" in page
