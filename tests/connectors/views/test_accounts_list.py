"""The list of accounts: filters that combine, order, columns, and the file of exactly what is shown."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from connectors.models import Account
from connectors.queries.accounts import COLUMNS, ORDERS, Wanted, account_rows
from core.exports import on_offer
from core.models import Role
from tests.make import make_account, make_connected, make_entitlement, make_grant, make_user


@pytest.fixture
def admin(db):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


@pytest.fixture
def browser(admin, sign_in):
    browser = sign_in(admin)
    browser.get("/")  # the first page ever makes the row of the organisation
    return browser


@pytest.fixture
def app(admin):
    return make_connected(admin).app


@pytest.fixture
def url(app):
    return reverse("connectors:accounts", args=[app.pk])


@pytest.fixture
def accounts(app, cast):
    """Bert is disabled and holds something, Cleo's owner left, Dora is a robot, and so on."""
    make_account(app, "Anna", person=make_user("Anna"), matched_by=Account.Match.EMAIL)
    make_grant(make_account(app, "Bert", status=Account.Status.DISABLED), make_entitlement(app))
    make_account(app, "Cleo", person=cast["deactivated"], matched_by=Account.Match.BY_HAND)
    make_account(app, "Dora", marks=["support", "api"], email="", login="dora")
    make_account(app, "Emil", is_external=True, source="coupa:old.coupahost.com")
    make_account(app, "Fred", gone_at=now())
    make_account(app, "Gina", type=Account.Type.SERVICE, marks=["api"], matched_by="cleared")


def names(reply):
    return [row.name for row in reply.context["page"].rows]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "Anna Bert Cleo Dora Emil Gina"),
        ({"status": "disabled"}, "Bert"),
        ({"owner": "none"}, "Bert Dora Emil Gina"),
        ({"owner": "left"}, "Cleo"),
        ({"owner": "email"}, "Anna"),
        ({"owner": "hand"}, "Cleo"),
        ({"owner": "cleared"}, "Gina"),
        ({"type": "service"}, "Gina"),
        ({"type": "proposed"}, "Dora"),
        ({"mark": "api"}, "Dora Gina"),
        ({"external": "yes"}, "Emil"),
        ({"access": "disabled"}, "Bert"),
        ({"access": "some"}, "Bert"),
        ({"access": "none", "owner": "none"}, "Dora Emil Gina"),
        ({"seen": "gone"}, "Fred"),
        ({"seen": "unread"}, "Emil"),
        ({"source": "coupa:old.coupahost.com"}, "Emil"),
        ({"why": "nothing"}, "Dora"),
        ({"q": "a", "owner": "none", "mark": "support"}, "Dora"),
        ({"status": "nonsense", "owner": "nonsense"}, "Anna Bert Cleo Dora Emil Gina"),
    ],
)
def test_filters_combine_and_the_file_holds_the_same(asked, expected, browser, url, app, admin, accounts):
    found = names(browser.get(url, asked))

    offer = on_offer("connectors.accounts")
    assert offer is not None
    assert found == expected.split()
    assert [row[1] for row in offer.rows(admin, {"app": app.pk, **asked})] == found


@pytest.mark.parametrize("column", ORDERS)
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_column_sorts_and_its_pages_agree(column, sign, browser, url, app):
    for number in range(60):
        make_account(app, f"Person {number % 7}", employee_id=str(number % 3))

    first = browser.get(url, {"sort": sign + column})
    second = browser.get(url, {"sort": sign + column, "after": first.context["page"].after})

    rows = [*first.context["page"].rows, *second.context["page"].rows]
    values = [getattr(row, ORDERS[column]) for row in rows]
    assert len({row.pk for row in rows}) == 60
    assert values == sorted(values, reverse=bool(sign))


@pytest.mark.parametrize("everything", [False, True])
def test_the_list_asks_as_often_for_sixty_as_for_three(everything, browser, url, app):
    if everything:
        browser.post(reverse("connectors:columns", args=["accounts"]), {"column": list(COLUMNS)})
    counted = []
    for number in range(60):
        owner = make_user(f"Owner {number}") if number % 2 else None
        make_account(app, f"Person {number}", person=owner, marks=["api"])
        if number in (2, 59):
            with CaptureQueriesContext(connection) as queries:
                browser.get(url)
            counted.append(len(queries))

    assert counted[0] == counted[1]


def test_columns_are_kept_for_this_person_on_every_list(browser, url, app, sign_in, admin):
    make_account(app, "Anna", employee_id="0042")
    choose = reverse("connectors:columns", args=["accounts"])
    other = make_user("Kim Sorensen", Role.SUPER)

    reply = browser.post(choose, {"column": ["number", "unknown"], "next": f"{url}?owner=none"})

    assert reply.headers["Location"] == f"{url}?owner=none"
    assert browser.get(url).context["columns"] == ["number"]
    assert '<td class="r-nowrap" data-label="Employee number">0042</td>' in browser.get(url).content.decode()
    assert "status" in sign_in(other).get(url).context["columns"]
    browser.post(choose, {"reset": "1"})
    assert browser.get(url).context["columns"] == ("status", "type", "owner", "grants", "changed")


def test_the_file_has_the_columns_of_the_screen(browser, url, app, admin):
    make_account(app, "Anna", employee_id="0042", marks=["api"])
    offer = on_offer("connectors.accounts")
    assert offer is not None
    asked = {"app": app.pk, "columns": "number,marks"}

    assert offer.heads(admin, asked)[4:6] == ("Employee number", "Marks")
    assert next(iter(offer.rows(admin, asked)))[4:6] == ("0042", ["api"])
    assert 'name="columns" value="status,type,owner,grants,changed"' in browser.get(url).content.decode()


def test_what_an_address_asks_for_is_what_it_asks_for_again(app, accounts):
    wanted = Wanted(q="a", owner="none", mark="support")

    assert Wanted.of(wanted.asked) == wanted
    assert account_rows(app, wanted).count() == 1


def test_numbers_of_quick_filters_are_those_of_their_lists(browser, url, accounts):
    for label, number, there, is_on in browser.get(url).context["quick"]:
        assert not is_on
        assert browser.get(url + there).context["page"].total == number, label
