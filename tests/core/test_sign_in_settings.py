"""What Super Administrators decide about signing in, and how nobody shuts themselves out."""

import re

import pytest
import time_machine
from django.core.management import CommandError, call_command

from core.actions.signing_in import FOR_SUPER, WRONG
from core.models import IdentityProvider, Organisation, OutgoingMail, Role, SecondFactor, TrailEvent
from tests.make import PASSWORD, make_user
from tests.permissions.sign_in import settings_typed

PAGE = "/settings/sign-in/"


@pytest.fixture
def provider(db):
    return IdentityProvider.objects.create(
        status="in_force", label="Meridian ID", issuer="https://id.example"
    )


@pytest.fixture
def browser(cast, sign_in):
    return sign_in(cast["super"])


def error(reply):
    """What the form says is wrong."""
    return " ".join(re.sub(r"<[^>]+>", "", part) for part in re.findall(r"(?s)<li>.*?</li>", _form(reply)))


def _form(reply):
    return reply.content.decode().split('<form class="r-form"')[1]


def test_what_is_saved_is_in_force_and_told_with_before_and_after(browser):
    reply = browser.post(PAGE, settings_typed(session_minutes=600, idle_minutes=90), follow=True)

    organisation, event = Organisation.current(), TrailEvent.objects.get()
    assert "Saved." in reply.content.decode()
    assert (organisation.session_minutes, organisation.idle_minutes) == (600, 90)
    assert event.action == "core.sign_in_settings_changed"
    assert event.change == {
        "session_minutes": {"before": 720, "after": 600},
        "idle_minutes": {"before": 240, "after": 90},
    }


def test_saving_what_is_in_force_already_is_not_told(browser, trail):
    browser.post(PAGE, settings_typed())

    assert trail() == []


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("session_minutes", 44, "greater than or equal to 45"),
        ("session_minutes", 1201, "less than or equal to 1200"),
        ("idle_minutes", 4, "greater than or equal to 5"),
        ("idle_minutes", 721, "longer than a session lasts"),
        ("administrator_idle_minutes", "soon", "whole number"),
        ("passwords_for", "nobody", "not one of the available choices"),
        ("allowed_networks", "127.0.0.1\nour office", 'Line 2: "our office" is no network.'),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(field, value, sentence, browser, trail):
    reply = browser.post(PAGE, settings_typed(**{field: value}))

    assert reply.status_code == 422
    assert sentence in error(reply).replace("&quot;", '"')
    assert str(value).splitlines()[-1] in _form(reply) or field == "passwords_for"
    assert trail() == []


def test_somebody_elses_faster_change_is_shown_beside_ones_own(browser):
    seen = settings_typed(session_minutes=600)
    browser.post(PAGE, settings_typed(session_minutes=300))

    reply = browser.post(PAGE, seen)
    again = browser.post(PAGE, {**seen, "changed_at": Organisation.current().changed_at.isoformat()})

    assert reply.status_code == 409
    assert "600" in reply.content.decode()
    assert "300" in reply.content.decode()
    assert again.status_code == 302
    assert Organisation.current().session_minutes == 600


def test_a_late_save_asks_for_the_password_and_then_saves(db, sign_in):
    ada = make_user("Ada Lindgren", Role.SUPER, password=PASSWORD)
    with time_machine.travel("2026-05-04 09:00", tick=False) as clock:
        browser = sign_in(ada)
        clock.shift(11 * 60)
        asked = browser.post(PAGE, settings_typed(session_minutes=600))
        held = browser.get(asked.headers["Location"]).context["held"]
        unchanged = Organisation.current().session_minutes

        reply = browser.post("/sign-in/again/", {"held": held, "password": PASSWORD}, follow=True)

    assert unchanged == 720
    assert reply.redirect_chain == [(PAGE, 307), (PAGE, 302)]
    assert Organisation.current().session_minutes == 600


def test_a_list_of_networks_that_shuts_out_the_saver_is_refused(browser):
    typed = settings_typed(allowed_networks="192.0.2.0/24")

    refused = browser.post(PAGE, typed, REMOTE_ADDR="198.51.100.7")
    saved = browser.post(PAGE, typed, REMOTE_ADDR="192.0.2.7")

    assert "You come from 198.51.100.7" in error(refused)
    assert saved.status_code == 302
    assert Organisation.current().allowed_networks == ["192.0.2.0/24"]


def test_networks_are_kept_as_networks_each_once(browser):
    typed = "127.0.0.1\n\n 127.0.0.1/32 \n2001:DB8::1/32\n192.0.2.7/24"

    browser.post(PAGE, settings_typed(allowed_networks=typed))

    assert Organisation.current().allowed_networks == ["127.0.0.1/32", "2001:db8::/32", "192.0.2.0/24"]


@pytest.mark.parametrize(
    ("networks", "says"), [([], "allowed, as everybody is"), (["127.0.0.0/8"], "allowed.")]
)
def test_the_page_says_from_where_one_comes(networks, says, browser):
    Organisation.current()
    Organisation.objects.update(allowed_networks=networks)

    page = " ".join(browser.get(PAGE).content.decode().split())

    assert f"You come from <code>127.0.0.1</code>: {says}" in page


def test_passwords_are_closed_to_others_only_while_a_provider_is_in_force(browser, trail):
    refused = browser.post(PAGE, settings_typed(passwords_for="super"))

    assert refused.status_code == 422
    assert "Possible once an identity provider is in force" in error(refused)
    assert trail() == []


def test_a_second_factor_is_demanded_only_by_who_has_one(browser, cast):
    wanted = {"second_factor_for_administrators": "on"}
    refused = browser.post(PAGE, settings_typed(**wanted))
    SecondFactor.objects.create(user=cast["super"], confirmed_at=cast["super"].created_at)

    saved = browser.post(PAGE, settings_typed(**wanted))

    assert "Set up a second factor of your own first" in error(refused)
    assert saved.status_code == 302
    assert Organisation.current().second_factor_for_administrators


def test_or_by_who_came_with_the_provider(browser):
    session = browser.session
    session["proof"] = "provider"
    session.save()

    reply = browser.post(PAGE, settings_typed(second_factor_for_administrators="on"))

    assert reply.status_code == 302


@pytest.fixture
def closed(provider):
    Organisation.current()
    Organisation.objects.update(passwords_for="super")


def tried(client, person, password=PASSWORD):
    return client.post("/sign-in/", {"email": person.email, "password": password})


def test_with_passwords_closed_super_administrators_alone_come_in_by_one(closed, client, db):
    ada = make_user("Ada Lindgren", Role.SUPER, password=PASSWORD)
    grace = make_user("Grace Kim", Role.BASIC, password=PASSWORD)

    right, wrong = tried(client, grace), tried(client, grace, "wrong geese")

    assert FOR_SUPER in right.content.decode()
    assert WRONG in wrong.content.decode(), "only who knows the password is told more"
    assert tried(client, ada).status_code == 302


def test_with_passwords_closed_no_link_is_mailed_to_others_and_the_pages_say_so(closed, client, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:1"
    ada, grace = make_user("Ada Lindgren", Role.SUPER), make_user("Grace Kim", Role.BASIC)

    pages = [client.get(page).content.decode() for page in ("/sign-in/", "/password/")]
    for person in (ada, grace):
        client.post("/password/", {"email": person.email})

    with pytest.raises(CommandError, match="only Super Administrators"):
        call_command("reset_link", grace.email)
    assert all("Passwords are for Super Administrators only." in page for page in pages)
    assert [mail.to for mail in OutgoingMail.objects.all()] == [ada.email]


def test_passwords_are_open_again_when_the_provider_is_gone(closed, provider, client):
    grace = make_user("Grace Kim", Role.BASIC, password=PASSWORD)
    make_user("Ada Lindgren", Role.SUPER)
    IdentityProvider.objects.update(status="replaced")

    assert tried(client, grace).status_code == 302
