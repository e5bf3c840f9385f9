"""An order that takes the last role: what remains, and the account disabled as well."""

import pytest
from django.urls import reverse

from connectors.actions import orders, removing
from connectors.models import ACCESS, Account, ProvisionOrder
from connectors.queries.remaining import remaining
from core.errors import Denied, NotPossible

Status = ProvisionOrder.Status


@pytest.fixture
def last(want):
    """Two orders take both roles of Person 3, who stays in a group."""
    want(3, "role:2:member")
    return want(3)


def test_what_remains_leaves_out_all_that_is_on_its_way_out(want):
    want(3)
    three, five = (Account.objects.get(external_id=number) for number in ("3", "5"))

    found = remaining([three.pk, five.pk], [(five.pk, entitlement_of(five, "role:1:member"))])

    assert [grant.entitlement.external_id for grant in found[three.pk].stays] == [
        "group:7:member",
        "role:2:member",
    ]
    assert not found[three.pk].is_bare
    assert found[five.pk].is_bare
    assert found[five.pk].sentence == "Person 5 would hold no role more and can still sign in."


def test_who_holds_nothing_more_is_said_to(want):
    four = Account.objects.get(external_id=want(4).account.external_id)
    want(4, "role:2:member")

    assert remaining([four.pk])[four.pk].sentence == "Person 4 would hold nothing more and can still sign in."


def test_the_account_is_disabled_as_well(last, app_owner, trail):
    order = removing.disable_too(last, by=app_owner)

    assert (order.verb, order.entitlement.external_id) == ("disable", ACCESS)
    assert (order.status, order.wanted_by, order.grant is None) == (Status.WANTED, app_owner, False)
    assert order.reason.endswith("The account holds no role more (asked by Rui Pires).")
    assert trail()[-1] == "orders.wanted"
    with pytest.raises(NotPossible, match="about to be"):
        removing.disable_too(last, by=app_owner)


def test_where_a_role_stays_or_nothing_is_taken_it_is_refused(want, app_owner):
    order = want(3)
    with pytest.raises(NotPossible, match="still holds a role"):
        removing.disable_too(order, by=app_owner)
    only = want(5)
    orders.drop(only, by=None, reason="Needed")

    with pytest.raises(NotPossible):
        removing.disable_too(only, by=app_owner)

    assert not ProvisionOrder.objects.filter(verb="disable").exists()


def test_who_only_looks_after_the_connector_sees_what_remains_and_disables_nobody(
    last, owner, app_owner, sign_in
):
    url = reverse("connectors:order", args=[last.pk])
    seen, offered = (" ".join(sign_in(who).get(url).content.decode().split()) for who in (owner, app_owner))

    assert "Person 3 would hold no role more and can still sign in." in seen
    assert "Disable the account" not in seen
    assert "Disable the account" in offered
    with pytest.raises(Denied):
        removing.disable_too(last, by=owner)


def entitlement_of(account, external_id):
    return account.grants.get(entitlement__external_id=external_id).entitlement_id
