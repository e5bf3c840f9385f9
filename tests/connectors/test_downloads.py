"""The lists of this room as files."""

import pytest

from core.errors import NotPossible
from core.exports import on_offer
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user


def rows(name, user, **asked):
    offer = on_offer(name)
    assert offer is not None
    return list(offer.rows(user, asked))


def test_a_file_of_accounts_holds_what_the_page_shows_and_nothing_else(cast):
    grace = make_user("Grace Kim")
    app = make_app("Coupa")
    make_account(app, "Grace Kim", person=grace, matched_by="email")
    make_account(app, "Invoice robot")
    make_account(make_app("Ariba"), "Somebody else")

    found = rows("connectors.accounts", cast["read_only"], app=app.pk, owner="none")

    assert [row[1] for row in found] == ["Invoice robot"]
    graces = rows("connectors.accounts", cast["super"], app=app.pk, q="grace")
    assert [row[-2:] for row in graces] == [("Grace Kim", grace.email)]


def test_a_file_of_entitlements_counts_their_holders(cast):
    app = make_app("Coupa")
    buyer = make_entitlement(app, "Buyer")
    make_entitlement(app, "Travel", kind="group")
    make_grant(make_account(app), buyer)

    found = rows("connectors.entitlements", cast["super"], app=app.pk, kind="role")

    assert [(row[1], row[4], row[11]) for row in found] == [("Buyer", "role", 1)]


def test_a_file_of_holders_and_one_of_resources_say_what_their_pages_say(cast):
    app = make_app("Coupa")
    buyer = make_entitlement(app, "Buyer")
    make_grant(make_account(app, "Anna"), buyer)
    make_grant(make_account(app, "Bert"), buyer, gone_at=buyer.first_seen_at, gone_run=7)
    of_buyer = {"app": app.pk, "entitlement": buyer.pk}

    now = rows("connectors.holders", cast["super"], **of_buyer, tab="now")
    past = rows("connectors.holders", cast["super"], **of_buyer, tab="past")
    resources = rows("connectors.resources", cast["super"], app=app.pk, kind="role")

    assert [row[2] for row in now] == ["Anna"]
    assert [(row[2], row[10]) for row in past] == [("Bert", 7)]
    assert [(row[1], row[4], row[5]) for row in resources] == [("Buyer", ["member"], 1)]


def test_the_file_of_an_answer_has_a_row_for_each_of_its_rows(cast):
    app = make_app("Coupa")
    robot = make_account(app, "Invoice robot")
    make_grant(robot, make_entitlement(app, "Buyer"), gone_at=robot.changed_at, gone_run=2)

    accounts = rows("connectors.answers", cast["super"], question="no-owner")
    grants = rows("connectors.answers", cast["super"], question="past-grants")
    apps = rows("connectors.answers", cast["super"], question="few-owners")

    assert [row[:3] for row in accounts] == [("account", "Coupa", "Invoice robot")]
    assert [row[:5] for row in grants] == [("grant", "Coupa", "Invoice robot", robot.login, "Buyer")]
    assert [row[:2] for row in apps] == [("app", "Coupa")]


@pytest.mark.parametrize("kind", ["connectors.accounts", "connectors.entitlements"])
def test_no_file_is_made_of_an_app_one_may_not_see(kind, cast):
    app = make_app("Coupa")

    with pytest.raises(NotPossible, match="not there, or not for you"):
        rows(kind, cast["basic"], app=app.pk)


def test_an_unknown_question_has_no_file(cast):
    with pytest.raises(NotPossible, match="Nobody knows"):
        rows("connectors.answers", cast["super"], question="why")
