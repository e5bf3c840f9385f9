"""What a role may not see is blank, and the page says that it is hidden (row B30)."""

import pytest
from django.urls import reverse

from core.models import Role
from tests.make import make_account, make_app, make_connected, make_user

NOTE = "Some information is hidden:"


@pytest.fixture
def kim(db):
    """Has an account in an app of Tom's, and in one of nobody's."""
    kim, tom = make_user("Kim Sorensen"), make_user("Tom Okafor", Role.CAMPAIGN, Role.BASIC)
    mine = make_account(make_app("Coupa", tom), "Kim in Coupa", person=kim)
    make_account(make_app("Payroll"), "Kim in Payroll", person=kim)
    return {"kim": kim, "tom": tom, "mine": mine}


@pytest.mark.parametrize(("who", "is_told"), [("tom", True), ("super", False)])
def test_accounts_in_apps_one_may_not_see_are_hidden_and_that_is_said(who, is_told, kim, cast, sign_in):
    browser = sign_in(kim.get(who) or cast[who])
    person = browser.get(reverse("core:person", args=[kim["kim"].pk])).content.decode()
    account = reverse("connectors:account", args=[kim["mine"].app_id, kim["mine"].pk])
    account = browser.get(account).content.decode()

    assert ("Kim in Payroll" in person) != is_told
    assert "Payroll" not in (account if is_told else "")
    assert (NOTE in person) == is_told
    assert (NOTE in account) == is_told


def test_on_ones_own_page_nothing_of_ones_own_is_hidden(kim, sign_in):
    page = sign_in(kim["kim"]).get(reverse("core:person", args=[kim["kim"].pk])).content.decode()

    assert "Kim in Payroll" in page
    assert NOTE not in page


@pytest.mark.parametrize(("who", "is_told"), [("owner", True), ("super", False)])
def test_who_looks_after_a_connector_is_told_that_counts_are_all_they_see(who, is_told, cast, sign_in):
    owner = make_user("Grace Kim", Role.BASIC)
    connector = make_connected(owner)
    make_account(connector.app, "Ada in Coupa")
    reader = owner if who == "owner" else cast[who]

    page = sign_in(reader).get(reverse("connectors:connector", args=[connector.pk])).content.decode()

    assert "Ada in Coupa" not in page
    assert (NOTE in page) == is_told
