"""Auditors look at sign-in, identity provider and mail settings. Nothing there can be sent by them."""

import re

import pytest

from core.models import IdentityProvider, Organisation, Role
from tests.make import make_letter, make_mail_server, make_user

PROVIDER, SIGN_IN, MAIL = "/settings/identity-provider/", "/settings/sign-in/", "/settings/mail/"
CANARY = "mail-canary-71c0"


@pytest.fixture
def vera(db, sign_in, settings):
    """The browser of an auditor; everything there is to see is set."""
    settings.MAIL_URL = ""
    Organisation.current()
    Organisation.objects.update(allowed_networks=["127.0.0.0/8"], administrator_idle_minutes=45)
    for status in ("in_force", "tried"):
        IdentityProvider.objects.create(
            status=status,
            label=f"Meridian {status}",
            issuer="https://login.meridian.example",
            client_id="reeve",
            role_claim="groups",
            role_map={"auditors": "read_only"},
            claims={"email": "ada.lindgren@meridian.example"} if status == "tried" else {},
        )
    make_mail_server(CANARY, username="reeve-mail")
    make_letter(status="failed", bounced=True, to="gone@meridian.example")
    return sign_in(make_user("Vera Stein", Role.READ_ONLY))


def main_of(page: str) -> str:
    """The page without its frame."""
    return page.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize(
    ("address", "facts"),
    [
        (
            PROVIDER,
            (
                "Meridian in_force",
                "Meridian tried",
                "https://login.meridian.example",
                "gives Read-Only",
            ),
        ),
        (
            SIGN_IN,
            (
                "720 minutes",
                "after 45 such minutes",
                "127.0.0.0/8",
                "Everyone",
                "Up to each person",
                "allowed.",
            ),
        ),
        (MAIL, ("mail.meridian.example", "587", "reeve-mail", "STARTTLS", "gone@meridian.example")),
    ],
)
def test_an_auditor_sees_the_facts_and_nothing_that_could_be_sent(address, facts, vera):
    reply = vera.get(address)

    page = main_of(reply.content.decode())
    assert reply.status_code == 200
    assert [fact for fact in facts if fact not in page] == []
    assert re.findall(r"<(?:form|button|input|textarea|select)\b", page) == []
    assert CANARY not in page


def test_no_link_on_these_pages_leads_an_auditor_to_a_refusal(vera):
    pages = [main_of(vera.get(address).content.decode()) for address in (PROVIDER, SIGN_IN, MAIL)]

    links = {link for page in pages for link in re.findall(r'href="(/[^"#]*)"', page)}

    assert {link: vera.get(link).status_code for link in links} == dict.fromkeys(links, 200)
    assert {PROVIDER, SIGN_IN, MAIL} <= links


def test_the_outbox_stays_with_super_administrators(vera):
    page = vera.get(SIGN_IN).content.decode()

    assert "/settings/outbox/" not in page
    assert vera.get("/settings/outbox/").status_code == 403


@pytest.mark.parametrize("address", [PROVIDER, SIGN_IN, f"{MAIL}save/"])
def test_what_an_auditor_sends_is_refused_whatever_stands_in_it(address, vera):
    reply = vera.post(address, {"label": ""})

    assert reply.status_code == 403


def test_an_auditor_is_told_where_nothing_is_set(db, sign_in, settings):
    settings.MAIL_URL = ""
    browser = sign_in(make_user("Vera Stein", Role.READ_ONLY))

    provider, mail = (browser.get(address).content.decode() for address in (PROVIDER, MAIL))

    assert "None is in force: everybody signs in with a password." in provider
    assert "Mail is not set up" in mail


def test_an_auditor_sees_the_mail_server_of_the_environment(db, sign_in, settings):
    settings.MAIL_URL = f"smtp+tls://reeve:{CANARY}@mail.meridian.example:587"
    browser = sign_in(make_user("Vera Stein", Role.READ_ONLY))

    page = browser.get(MAIL).content.decode()

    assert "Set where Reeve is started" in page
    assert CANARY not in page
