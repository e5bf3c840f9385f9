"""A second factor in a real browser: set up and asked for. And a settings form that was sent too late."""

import base64
import re
import time

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import follow
from tests.browser.world import EMAIL, Look, World
from tests.make import PASSWORD

pytestmark = pytest.mark.browser

AGE = """
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
for row in Session.objects.all():
    session = SessionStore(row.pk)
    if "proven_at" in session:
        session["proven_at"] -= 660
        session.save()
"""
"""Sign-ins become eleven minutes older."""


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as everything:
        yield everything


def code(secret: str, *, steps: int = 0) -> str:
    """What the app shows so many steps from now."""
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)
    return totp.generate(int(time.time()) + steps * 30).decode()


def set_up(page: Page, accessible: Look) -> str:
    """The shared secret."""
    follow(page.get_by_role("button", name="Set up a second factor"))
    accessible(page)
    secret = page.locator(".r-copy code").inner_text().replace(" ", "")
    page.get_by_label("Code").fill(code(secret))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text(re.compile(r"^[a-z2-7]{4}(-[a-z2-7]{4}){5}$"))).to_have_count(10)
    accessible(page)
    page.get_by_role("link", name="I have kept them").click()
    return secret


def sign_in(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_second_factor_is_set_up_and_asked_for_on_the_way_to_where_one_was_going(
    world: World, page: Page, browser: Browser, accessible: Look
):
    world.first_administrator(page)
    page.goto(f"{world.url}/profile/second-factor/")
    accessible(page)
    secret = set_up(page, accessible)

    with browser.new_context() as other:
        elsewhere = other.new_page()
        sign_in(elsewhere, f"{world.url}/settings/sign-in/")
        expect(elsewhere.get_by_role("heading", name="Your second factor")).to_be_visible()
        accessible(elsewhere)
        elsewhere.get_by_label("Code").fill(code(secret, steps=1))
        elsewhere.get_by_role("button", name="Sign in").click()

        expect(elsewhere.get_by_role("heading", name="Sign-in", exact=True)).to_be_visible()
        accessible(elsewhere)


def test_settings_sent_too_late_are_saved_after_the_password(world: World, page: Page, accessible: Look):
    world.first_administrator(page)
    page.goto(f"{world.url}/settings/sign-in/")
    page.get_by_label("Or when they were away for").fill("200")
    world.instance.manage("shell", "-v", "0", "-c", AGE)

    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Sign in again")).to_be_visible()
    accessible(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()

    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Or when they were away for")).to_have_value("200")
