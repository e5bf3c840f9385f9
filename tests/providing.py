"""A console that signs people in with the pretend identity provider."""

from typing import Any
from urllib.parse import urlencode

from django.test import Client

from core.models import IdentityProvider
from core.models.keys import place_of
from core.sealing import seal
from tests.fakes.oidc import OidcProvider

START, BACK = "/sign-in/with-provider/", "/sign-in/provider/back/"
SETTINGS = "/settings/identity-provider/"


def make_provider(fake: OidcProvider, **fields: Any) -> IdentityProvider:
    """The pretend one, in force unless told otherwise."""
    defaults = {
        "status": IdentityProvider.Status.IN_FORCE,
        "label": "Meridian",
        "issuer": fake.issuer,
        "client_id": fake.client_id,
    }
    row = IdentityProvider(**{**defaults, **fields})
    row.sealed = seal(fake.client_secret, place=place_of(row, "sealed"))
    row.save()
    return row


def sent_off(browser: Client, start: str = START, **query: str) -> str:
    """The address at the provider that the browser is sent to."""
    reply = browser.get(f"{start}?{urlencode(query)}")
    assert reply.status_code == 302, reply.content
    return reply.headers["Location"]


def come(browser: Client, fake: OidcProvider, email: str, start: str = START, **query: str) -> Any:
    """The whole way to the provider and back, as this person; the console's answer at the end."""
    return browser.get(fake.answer(sent_off(browser, start, **query), email))


def said(browser: Client, reply: Any) -> str:
    """The text of the page that this answer leads to."""
    return browser.get(reply.headers["Location"]).content.decode()


def is_in(browser: Client) -> bool:
    """Whether somebody is signed in there."""
    return "_auth_user_id" in browser.session
