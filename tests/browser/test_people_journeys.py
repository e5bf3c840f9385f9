"""How people come here, in a real browser: invited, by a file; and the mail and the trail this needs."""

import csv
import io
from collections.abc import Iterable

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from core.management.valkey import free_port
from tests.browser.steps import choose_new_app, follow
from tests.browser.world import EMAIL, Look, World, link_in
from tests.make import PASSWORD
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

GRACE, TOM = "grace.kim@meridian.example", "tom@meridian.example"
OTHER_PASSWORD = "an entirely different sentence"
A_JOB = 30_000  # milliseconds
SEALED_WITHIN = 40  # seconds


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as everything:
        yield everything


@pytest.fixture
def world_without_mail(tmp_path):
    with World(tmp_path, has_mail=False) as everything:
        yield everything


def type_password_twice(page: Page, password: str, button: str) -> None:
    for field in page.locator("input[type=password]").all():
        field.fill(password)
    page.get_by_role("button", name=button).click()


def invite_from_people(world: World, page: Page, accessible: Look) -> None:
    """Tom, with a line to him."""
    page.goto(f"{world.url}/people/invite/")
    accessible(page)
    page.get_by_label("E-mail").fill(TOM)
    page.get_by_label("A line to them").fill("You know the travel accounts.")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_label("A line to them")).to_have_value("You know the travel accounts.")
    page.get_by_label("Name").fill("Tom Beck")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text(f"Tom Beck is invited: we wrote to {TOM}.")).to_be_visible()
    accessible(page)


def invite_from_wizard(world: World, page: Page, accessible: Look) -> None:
    """Grace, as an owner; whoever was chosen before her stays chosen."""
    page.goto(f"{world.url}/connectors/add/coupa/")
    choose_new_app(page, "Coupa")
    page.get_by_placeholder("Name or e-mail").press_sequentially(GRACE)
    page.get_by_text(f"Nobody here has this e-mail: invite {GRACE}").wait_for()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name")).to_have_value("Grace Kim")
    accessible(page)
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("heading", name="Who looks after this connector?")).to_be_visible()
    for name in ("Mara Ellison", "Grace Kim"):
        expect(page.get_by_label("Chosen people").get_by_text(name, exact=True)).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Hand over and leave").click()
    expect(page.get_by_role("heading", name="We asked Grace Kim to finish")).to_be_visible()


def test_who_is_invited_sets_a_password_lands_where_needed_once_and_can_forget_it(
    world: World, page: Page, browser: Browser, accessible: Look
):
    world.first_administrator(page)
    invite_from_people(world, page, accessible)
    invite_from_wizard(world, page, accessible)

    letter = world.letters.to(TOM, "invites you to Reeve")
    assert letter["Reply-To"] == EMAIL
    with browser.new_context() as other:
        tom = other.new_page()
        tom.goto(link_in(letter))
        expect(tom.get_by_text("You know the travel accounts.")).to_be_visible()
        accessible(tom)
        type_password_twice(tom, PASSWORD, "Set a password")
        expect(tom.get_by_role("heading", name="Waiting for you")).to_be_visible()
        accessible(tom)

    letter = world.letters.to(GRACE, "invites you to Reeve")
    assert letter["Reply-To"] == EMAIL
    with browser.new_context() as other:
        grace = other.new_page()
        grace.goto(link_in(letter))
        type_password_twice(grace, PASSWORD, "Set a password")
        expect(grace.get_by_label("Domain")).to_be_visible()
        accessible(grace)

    with browser.new_context() as other:
        late = other.new_page()
        late.goto(link_in(letter))
        expect(late.get_by_role("heading", name="This link works no longer")).to_be_visible()
        accessible(late)
        late.goto(link_in(world.letters.to(GRACE, "Your help is needed")))
        late.get_by_role("link", name="Password forgotten, or none yet?").click()
        late.get_by_label("E-mail").fill(GRACE)
        follow(late.get_by_role("button", name="Mail me a link"))
        accessible(late)
        late.goto(link_in(world.letters.to(GRACE, "assword")))
        accessible(late)
        type_password_twice(late, OTHER_PASSWORD, "Set password")
        expect(late.get_by_label("Domain")).to_be_visible()


def people_file(people: Iterable[tuple[str, str, str, str]]) -> bytes:
    """Name, e-mail, title, manager."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("name", "email", "title", "manager"), *people])
    return file.getvalue().encode()


def bring(world: World, page: Page, content: bytes) -> None:
    page.goto(f"{world.url}/people/imports/")
    file = FilePayload(name="people.csv", mimeType="text/csv", buffer=content)
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Read the file").click()
    expect(page.get_by_role("heading", name="Apply it")).to_be_visible(timeout=A_JOB)


def number(page: Page, what: str) -> Locator:
    """How many of something a file would change, or did."""
    return page.locator(".r-stats li").filter(has_text=what).locator(".r-stats__n")


def test_a_file_with_mistakes_is_applied_without_them_and_the_next_one_changes_and_deactivates(
    world: World, page: Page, accessible: Look
):
    world.first_administrator(page)
    names = ("Ana", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Hal")
    staff = [(f"{name} Stone", f"{name.lower()}@meridian.example", "Clerk", "") for name in names]
    wrong = [
        ("Ida Stone", "ida@meridian.example", "Clerk", "nobody@meridian.example"),
        ("Jo Stone", "jo.meridian.example", "Clerk", ""),
    ]
    page.goto(f"{world.url}/people/imports/")
    accessible(page)

    bring(world, page, people_file([*staff, *wrong]))

    mistakes = page.get_by_role("table", name="Lines with mistakes")
    expect(mistakes.get_by_role("row").nth(1)).to_contain_text("nobody@meridian.example")
    expect(mistakes.get_by_role("row").nth(1).get_by_role("cell").first).to_have_text("10")
    expect(mistakes.get_by_role("row").nth(2).get_by_role("cell").first).to_have_text("11")
    expect(number(page, "new")).to_have_text("8")
    accessible(page)
    page.get_by_label("Leave out the 2 lines with mistakes").check()
    page.get_by_role("button", name="Apply: 8 new").click()
    expect(page.get_by_text("Applied", exact=True).first).to_be_visible(timeout=A_JOB)
    accessible(page)
    page.goto(f"{world.url}/people/")
    expect(page.get_by_role("link", name="Hal Stone")).to_be_visible()
    expect(page.get_by_text("Ida Stone")).to_have_count(0)
    accessible(page)

    changed = [("Ana Stone", "ana@meridian.example", "Head of Clerks", ""), *staff[1:-1]]
    bring(world, page, people_file(changed))
    expect(number(page, "changed")).to_have_text("1")
    expect(page.get_by_role("table", name="Changed")).to_contain_text("Head of Clerks")
    expect(page.get_by_role("table", name="Active here, but in no line")).to_contain_text("Hal Stone")
    page.get_by_label("Deactivate the 1 person in no line of the file").check()
    page.get_by_role("button", name="Apply: 0 new, 1 changed").click()
    expect(page.get_by_text("1 deactivated")).to_be_visible(timeout=A_JOB)
    page.goto(f"{world.url}/people/?only=deactivated")
    page.get_by_role("link", name="Hal Stone").click()
    expect(page.get_by_text("Deactivated", exact=True).first).to_be_visible()
    accessible(page)


def save_mail_server(page: Page, port: int) -> None:
    page.get_by_label("Host").fill("127.0.0.1")
    page.get_by_label("Security").select_option("none")
    page.get_by_label("Port").fill(str(port))
    page.get_by_label("Sender").fill("Reeve <reeve@meridian.example>")
    page.get_by_role("button", name="Save and try it").click()


def reload_until(page: Page, there: Locator, *, seconds: float, what: str) -> None:
    def look() -> bool:
        page.reload()
        return there.first.is_visible()

    wait_until(look, seconds=seconds, what=what)


def test_a_mail_server_is_tried_before_it_is_in_force_then_lets_letters_go_and_the_trail_tells_it_sealed(
    world_without_mail: World, page: Page, accessible: Look
):
    world = world_without_mail
    world.first_administrator(page)
    page.goto(f"{world.url}/people/invite/")
    expect(page.get_by_text("the letter will wait in the outbox")).to_be_visible()
    accessible(page)
    page.get_by_label("E-mail").fill(GRACE)
    page.get_by_label("Name").fill("Grace Kim")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text(f"{world.url}/invitation/")).to_be_visible()
    accessible(page)
    page.goto(f"{world.url}/settings/mail/")
    expect(page.get_by_role("heading", name="Mail is not set up")).to_be_visible()
    accessible(page)

    save_mail_server(page, free_port())

    expect(page.get_by_text("Nothing answers at 127.0.0.1")).to_be_visible(timeout=A_JOB)
    expect(page.get_by_label("Sender")).to_have_value("Reeve <reeve@meridian.example>")
    accessible(page)
    assert world.letters.all == []
    save_mail_server(page, world.mail_port)
    expect(page.get_by_role("heading", name="127.0.0.1 is in force")).to_be_visible(timeout=A_JOB)
    assert world.letters.to(EMAIL, "test")["From"] == "Reeve <reeve@meridian.example>"
    world.letters.to(GRACE, "invites you to Reeve")
    accessible(page)
    page.get_by_role("button", name="Send a test to me").click()
    expect(page.get_by_text(f"The server took the test letter to {EMAIL}")).to_be_visible(timeout=A_JOB)

    follow(page.get_by_role("link", name="Trail").first)
    accessible(page)
    page.get_by_label("What").select_option(label="put a mail server in force")
    page.get_by_role("button", name="Find").click()
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    row.get_by_text("put a mail server in force").click()
    accessible(page)
    row.get_by_role("link", name="Digest and seal").click()
    sealed = page.get_by_text("Sealed", exact=True)
    reload_until(page, sealed, seconds=SEALED_WITHIN, what="the event is sealed")
    accessible(page)
    page.goto(f"{world.url}/trail/")
    follow(page.get_by_role("button", name="Check now"))
    intact = page.get_by_text("Chain intact")
    reload_until(page, intact, seconds=A_JOB / 1000, what="the trail was looked at")
    accessible(page)
