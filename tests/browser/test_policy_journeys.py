"""How a policy is built and tried, in a real browser."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.world import Look, World

pytestmark = pytest.mark.browser


def test_a_policy_is_built_saved_and_tried(
    company: World, administrator: BrowserContext, coupa: str, good: Look
):
    page = administrator.new_page()
    page.goto(f"{company.url}/policies/")
    good(page)
    page.get_by_role("link", name="Make a policy").click()
    page.get_by_label("Name", exact=True).fill("Grave risks")
    page.get_by_role("button", name="Insert a rule above").click()
    page.get_by_label("Name of the rule").first.fill("Grave")
    page.get_by_label("Where the").select_option("entitlement.risk")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_role("checkbox", name="Critical").check()
    page.get_by_label("or", exact=True).select_option("account.owner")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Owner of the account").first.select_option("missing")
    page.get_by_role("button", name="Add a step").first.click()
    page.get_by_label("Step 2", exact=True).select_option("people")
    step = page.get_by_role("group", name="Step 2 of rule 1")
    step.get_by_role("combobox", name="People", exact=True).press_sequentially("mara")
    page.get_by_role("option", name="Mara Ellison").click()
    step.get_by_text("If nobody can be asked, giving on, reasons, time").click()
    step.get_by_label("After").fill("7")
    step.get_by_label("days,").select_option("cancel")
    good(page)

    page.get_by_role("button", name="Make the policy").click()

    expect(page.get_by_role("heading", name="Grave risks", level=1)).to_be_visible()
    sentence = "If the risk is Critical, or the account has no owner: the manager"
    expect(page.get_by_text(sentence).first).to_be_visible()
    expect(page.get_by_text("Not decided after 7 days: the line is cancelled")).to_be_visible()
    good(page)
    page.get_by_label("An account that belongs to nobody").check()
    page.get_by_label("Entitlement", exact=True).fill("access")
    page.get_by_role("button", name="Try").click()
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Try").click()
    expect(
        page.get_by_text("The account belongs to nobody, so there is no manager to ask.").first
    ).to_be_visible()
    good(page)
