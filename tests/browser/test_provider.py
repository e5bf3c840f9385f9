"""The identity provider in a real browser: set up, tried, put in force, and the way in for everybody."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import choose_new_app
from tests.browser.world import EMAIL, Look, World, link_in
from tests.fakes.oidc import OidcProvider
from tests.providing import BACK, SETTINGS

pytestmark = pytest.mark.browser

GRACE = "grace@meridian.example"


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as everything:
        yield everything


@pytest.fixture
def fake(world):
    with OidcProvider(f"{world.url}{BACK}") as running:
        yield running


def save_draft(page: Page, fake: OidcProvider) -> None:
    page.get_by_label("Name", exact=True).fill("Meridian Login")
    page.get_by_label("Issuer").fill(fake.issuer)
    page.get_by_label("Client ID").fill(fake.client_id)
    page.get_by_label("Client secret").fill(fake.client_secret)
    page.get_by_role("button", name="Save draft").click()


def say_who(page: Page, email: str, *, answer: str = "Continue") -> None:
    """At the provider."""
    expect(page.get_by_role("heading", name="Pretend provider")).to_be_visible()
    page.get_by_label("Work e-mail").fill(email)
    page.get_by_role("button", name=answer).click()


def test_an_administrator_sets_the_provider_up_and_an_owner_comes_in_by_it_to_what_the_letter_names(
    world: World, fake: OidcProvider, page: Page, browser: Browser, accessible: Look
):
    world.first_administrator(page)
    world.make_person("Grace Kim", GRACE)
    page.goto(f"{world.url}{SETTINGS}")
    accessible(page)
    save_draft(page, fake)
    expect(page.get_by_text("To be tried")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Try it").click()
    say_who(page, GRACE)
    expect(page.get_by_text(f"The provider says that you are {GRACE}").first).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Try it again").click()
    say_who(page, EMAIL)
    page.get_by_text("What the provider said about").click()
    expect(page.get_by_text(f"sub-{EMAIL}")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Put in force").click()
    expect(page.get_by_text("In force", exact=True)).to_be_visible()
    accessible(page)
    page.goto(f"{world.url}/connectors/add/coupa/")
    choose_new_app(page, "Coupa")
    page.get_by_placeholder("Name or e-mail").press_sequentially("grace")
    page.get_by_text(GRACE).wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Hand over and leave").click()

    with browser.new_context() as other:
        grace = other.new_page()
        grace.goto(link_in(world.letters.to(GRACE, "Your help is needed")))
        accessible(grace)
        grace.get_by_role("link", name="Sign in with Meridian Login").click()
        say_who(grace, GRACE, answer="Refuse")
        expect(grace.get_by_text("The provider did not let you in, or you refused.")).to_be_visible()
        accessible(grace)
        grace.get_by_role("link", name="Sign in with Meridian Login").click()
        say_who(grace, GRACE)

        expect(grace.get_by_label("Domain")).to_be_visible()
        assert fake.client_secret not in grace.content()

    assert fake.client_secret not in page.content()
    assert fake.client_secret not in world.instance.said()
