"""Codes of a second factor, as tests set them up and type them."""

import base64
import re

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.utils.timezone import now

from core.actions import second_factor
from core.models import SecondFactor
from tests.make import PASSWORD

PAGE = "/profile/second-factor/"
CODE = "/sign-in/code/"


def code_of(person, *, steps=0):
    """What the app of this person shows so many steps from now."""
    factor = SecondFactor.objects.get(user=person)
    key = base64.b32decode(second_factor.shared_secret(factor))
    return TOTP(key, 6, SHA1(), 30).generate(int(now().timestamp()) + steps * 30).decode()


def set_up(browser, person):
    """The recovery codes."""
    browser.post(f"{PAGE}begin/")
    page = browser.post(f"{PAGE}confirm/", {"code": code_of(person)}).content.decode()
    return re.findall(r"<code>([a-z2-7-]{29})</code>", page)


def with_password(client, person, **more):
    return client.post("/sign-in/", {"email": person.email, "password": PASSWORD, **more})
