"""The orders of an app and of a connector, one order, and their file."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors.contract import BadCredentials
from connectors.models import Account, Connector, Entitlement, ProvisionOrder, Resource
from connectors.queries import queue
from connectors.queries.orders import kept_for
from core.errors import NotPossible
from core.exports import Offer, on_offer
from core.models import Role
from tests.make import make_user

Status = ProvisionOrder.Status
REFUSED = BadCredentials("Coupa refused the client ID and secret.")


def offered() -> Offer:
    offer = on_offer("connectors.orders")
    assert offer is not None
    return offer


def read(browser, name, *args, **asked):
    reply = browser.get(reverse(f"connectors:{name}", args=args), asked)
    assert reply.status_code == 200
    return " ".join(reply.content.decode().split())


def test_without_an_order_the_page_says_what_would_stand_there(connector, owner, app_owner, sign_in):
    assert "No order yet" in read(sign_in(app_owner), "app_orders", connector.app_id)
    assert "No order yet" in read(sign_in(owner), "orders", connector.pk)


def test_orders_are_found_by_state_and_by_words(want, work, connector, owner, app_owner, sign_in):
    work(want(3))
    want(4)
    for browser, name, key in (
        (sign_in(app_owner), "app_orders", connector.app_id),
        (sign_in(owner), "orders", connector.pk),
    ):
        everything = read(browser, name, key)
        done = read(browser, name, key, status="removed")
        found = read(browser, name, key, q="person 4")
        nothing = read(browser, name, key, q="nobody")

        assert "Person 3" in everything
        assert "Person 4" in everything
        assert "Being proven 1" in everything
        assert "Person 3" in done
        assert "Person 4" not in done
        assert "Person 4" in found
        assert "Person 3" not in found
        assert "No order fits" in nothing


def test_a_page_of_orders_asks_no_question_for_each(want, connector, app_owner, sign_in):
    browser = sign_in(app_owner)
    url = reverse("connectors:app_orders", args=[connector.app_id])
    want(1)
    with CaptureQueriesContext(
        connection,
    ) as one:
        browser.get(url)
    for number in range(2, 12):
        want(number)

    with CaptureQueriesContext(connection) as many:
        browser.get(url)

    assert len(many) == len(one)


def test_what_people_have_to_do_stands_on_the_page_of_a_connector_that_only_reads(
    want, connector, owner, app_owner, sign_in
):
    Connector.objects.filter(pk=connector.pk).update(settings={**connector.settings, "mode": "read"})
    order = want(3)

    page = read(sign_in(app_owner), "order", order.pk)

    assert "Take the role Buyer from Person 3 (login3, person3@meridian.example, id 3)." in page
    assert "Coupa only reads: somebody has to do it there." in page
    assert "Done by hand" in page
    assert "Try again" not in page
    admin = make_user("Marcus Adeyemi", Role.CONNECTOR)
    assert "Person 3" in read(sign_in(admin), "orders", connector.pk)


def test_the_page_tells_the_whole_story(want, work, sync, world, connector, app_owner, sign_in):
    order = work(want(3))
    run = sync()

    page = read(sign_in(make_user("Ada Lindgren", Role.SUPER)), "order", order.pk)

    assert "Remove role Buyer of Person 3" in page
    assert "Proven gone" in page
    assert "3 holds it no more." in page
    assert "PUT /api/users clear" in page
    assert reverse("connectors:run", args=[run.key]) in page
    assert "proved the order" in page
    without = read(sign_in(app_owner), "order", order.pk)
    assert f"sync {run.pk}" in without
    assert reverse("connectors:run", args=[run.key]) not in without


def test_a_failed_order_is_settled_from_its_page(want, work, habits, owner, sign_in):
    habits.troubles = [REFUSED]
    order = work(want(3))
    browser = sign_in(owner)

    page = read(browser, "order", order.pk)
    unsaid = browser.post(reverse("connectors:order_drop", args=[order.pk]), {"reason": ""})
    browser.post(reverse("connectors:order_retry", args=[order.pk]))

    assert "Coupa refused the client ID and secret." in page
    assert unsaid.status_code == 422
    assert "Say what was done, or why" in unsaid.content.decode()
    order.refresh_from_db()
    assert order.status == Status.WANTED


def test_what_came_back_is_said_and_offered_to_be_removed_again(want, work, sync, world, app_owner, sign_in):
    order = work(want(3))
    sync()
    world.give("role:1:member", 3)
    sync()
    browser = sign_in(app_owner)

    page = read(browser, "order", order.pk)
    browser.post(reverse("connectors:order_again", args=[order.pk]))

    assert "It is there again" in page
    assert "Remove again" in page
    assert ProvisionOrder.objects.filter(status=Status.WANTED).count() == 1


def test_about_ones_own_access_nothing_is_offered(want, work, habits, app_owner, sign_in):
    habits.troubles = [REFUSED]
    order = work(want(3))
    Account.objects.filter(pk=order.account_id).update(person=app_owner)

    page = read(sign_in(app_owner), "order", order.pk)

    assert "This is about your own access" in page
    assert "Done by hand" not in page


def test_what_is_kept_to_be_given_back_is_named(want, connector):
    order = want(3)
    order.journal = {"v": 1, "user": "3", "kind": "role", "stage": "emptying", "held": [2, 99]}
    assert Resource.objects.filter(external_id="role:2").exists()

    assert kept_for(order) == ["Approver", "role:99"]


def test_all_failed_are_tried_again_from_the_list(want, work, habits, connector, owner, sign_in):
    habits.troubles = [REFUSED]
    order = work(want(3))
    browser = sign_in(owner)

    assert "Try all failed again" in read(browser, "orders", connector.pk)
    browser.post(reverse("connectors:retry_orders", args=[connector.pk]))

    order.refresh_from_db()
    assert order.status == Status.WANTED


def test_the_file_holds_what_the_page_shows(want, work, sync, connector, owner, app_owner):
    order = work(want(3))
    want(4)
    sync()
    offer = offered()

    of_app = list(offer.rows(app_owner, {"app": connector.app_id, "status": "proven"}))
    of_connector = list(offer.rows(owner, {"connector": connector.pk}))

    assert len(of_app) == 1
    line = dict(zip(offer.columns, of_app[0], strict=True))
    assert line["Order"] == order.pk
    assert line["Entitlement id there"] == "role:1:member"
    assert line["Read back"] == "3 holds it no more."
    assert len(of_connector) == 2


def test_a_person_who_sees_neither_gets_no_file(connector):
    offer = offered()
    kim = make_user("Kim Sorensen", Role.BASIC)

    for asked in ({"app": connector.app_id}, {"connector": connector.pk}, {}):
        with pytest.raises(NotPossible):
            list(offer.rows(kim, asked))


def test_the_name_of_a_thing_is_never_markup(want, connector, app_owner, sign_in):
    Entitlement.objects.filter(external_id="role:1:member").update(name="<script>alert(1)</script>")
    order = want(3)

    assert "<script>alert" not in read(sign_in(app_owner), "order", order.pk)
    assert queue.waiting() == [order.pk]


def test_the_home_page_tells_the_owners_of_the_app_what_waits_for_them(
    want, work, habits, app_owner, owner, sign_in
):
    home = reverse("core:home")
    assert "by hand in" not in sign_in(app_owner).get(home).content.decode()
    habits.troubles = [REFUSED]
    work(want(3))
    failed = sign_in(app_owner).get(home).content.decode()
    habits.keeps = {"role:1:member"}
    work(want(4))
    by_hand = sign_in(app_owner).get(home).content.decode()

    assert "1 change could not be made in" in failed
    assert "1 change to be made by hand in" in by_hand
    assert "by hand in" not in sign_in(owner).get(home).content.decode()
