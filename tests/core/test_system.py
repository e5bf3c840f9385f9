"""The system page, and the maintenance switch."""

import pytest
from django.conf import settings
from django.test import override_settings

from core.actions.organisation import drop_letters
from core.errors import Denied
from core.models import Organisation, OutgoingMail, Pulse, TrailEvent
from core.sealing import key_ids
from tests.make import make_letter

PAGE = "/settings/system/"
SWITCH = f"{PAGE}letters/"


@pytest.mark.parametrize(
    ("who", "answer"), [("super", 302), ("read_only", 403), ("connector_admin", 403), ("basic", 403)]
)
def test_only_a_super_administrator_switches_letters_off(who, answer, cast, sign_in, trail):
    reply = sign_in(cast[who]).post(SWITCH, {"letters": "off"})

    allowed = who == "super"
    assert reply.status_code == answer
    assert Organisation.current().drops_letters == allowed
    assert trail() == (["core.letters_off"] if allowed else [])


def test_the_verb_refuses_whoever_comes_past_the_page(cast):
    with pytest.raises(Denied):
        drop_letters(by=cast["basic"], drops=True)


def test_letters_go_off_and_on_again_and_the_page_says_who_did_it(cast, sign_in, trail):
    browser = sign_in(cast["super"])

    browser.post(SWITCH, {"letters": "off"})
    off, since = browser.get(PAGE).content.decode(), Organisation.current().drops_letters_since
    browser.post(SWITCH, {"letters": "on"})
    on = browser.get(PAGE).content.decode()

    assert "Send letters again" in off
    assert since is not None
    assert "Drop letters?" in on
    assert all("<bdi>Ada Lindgren</bdi>" in page for page in (off, on))
    assert Organisation.current().drops_letters_since is None
    assert trail() == ["core.letters_off", "core.letters_on"]


@pytest.mark.parametrize("word", ["on", "", "maybe"])
def test_a_switch_that_changes_nothing_is_refused(word, cast, sign_in, trail):
    reply = sign_in(cast["super"]).post(SWITCH, {"letters": word})

    assert reply.status_code == 409
    assert trail() == []


def test_the_page_tells_what_runs_here(cast, sign_in):
    make_letter()
    make_letter(status=OutgoingMail.Status.SENT)
    Pulse.objects.create(name="sweepers")

    page = sign_in(cast["read_only"]).get(PAGE)

    system, text = page.context["system"], page.content.decode()
    assert (system.letters_waiting, system.events) == (1, TrailEvent.objects.count())
    assert system.size > 0
    assert f"Reeve {settings.VERSION}" in text
    assert "Last heard: sweepers" in text
    assert "Drop letters?" not in text


def test_of_keys_the_page_knows_ids_alone(cast, sign_in):
    page = sign_in(cast["super"]).get(PAGE).content.decode()

    assert all(key in page for key in key_ids())
    assert not any(key in page for key in settings.SEALING_KEYS)


@pytest.mark.parametrize(
    ("url", "warns"), [("http://127.0.0.1:8000", True), ("https://reeve.halden.example", False)]
)
def test_an_address_of_this_machine_alone_is_warned_of(url, warns, cast, sign_in):
    with override_settings(PUBLIC_URL=url):
        page = sign_in(cast["super"]).get(PAGE).content.decode()

    assert ("leads to this machine alone" in page) == warns
