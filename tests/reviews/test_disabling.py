"""The account is disabled whose last role is taken away."""

import pytest
from django.urls import reverse
from django.utils.timezone import now

from connectors.models import ACCESS, CREDENTIAL, Account, ProvisionOrder
from core.errors import Denied, NotPossible
from core.models import Role, TrailEvent
from reviews import jobs
from reviews.actions import disabling, removals, removing
from reviews.models import Campaign, Removal
from tests.make import make_account, make_app, make_connected, make_entitlement, make_grant, make_user
from tests.reviews.making import make_running

pytestmark = pytest.mark.django_db
Order = ProvisionOrder.Status
WRITES = {"domain": "acme.coupahost.com", "client_id": "b1f9c2d07e4a", "mode": "read-write"}


@pytest.fixture
def app_owner(db):
    return make_user("Tom Okafor", Role.BASIC)


@pytest.fixture
def owner(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def nadia(app_owner):
    """Two roles, a group, and access."""
    app = make_app("Coupa", app_owner)
    make_connected(make_user("Connie Admin"), app=app, settings=WRITES)
    account = make_account(app, "Nadia Karim")
    held = [make_entitlement(app, "Buyer"), make_entitlement(app, "Payer")]
    held += [make_entitlement(app, "Plant", "group")]
    held += [make_entitlement(app, "Access", CREDENTIAL, external_id=ACCESS)]
    for entitlement in held:
        make_grant(account, entitlement)
    return account


@pytest.fixture
def campaign(nadia, owner, nudges):
    """Over the two roles; nothing is denied yet."""
    roles = list(nadia.grants.filter(entitlement__kind="role").order_by("pk"))
    return make_running(roles, make_user("Rui Costa"), owner)


def denied(campaign, *numbers):
    campaign.tasks.filter(line_no__in=numbers).update(status="denied")
    removals.open_for(list(campaign.tasks.filter(line_no__in=numbers)), None)
    rows = Removal.objects.select_related("task", "campaign", "app", "order", "disabling")
    return list(rows.order_by("pk"))


def text(reply):
    return " ".join(reply.content.decode().split())


def test_the_last_role_goes_and_the_account_is_disabled_as_well(campaign, app_owner, nadia, trail):
    first, second = denied(campaign, 1, 2)

    order = disabling.disable_too(first, by=app_owner)
    jobs.order_removals(campaign.pk)

    first.refresh_from_db()
    assert first.disabling == order
    assert (order.verb, order.status, order.wanted_by) == ("disable", Order.WANTED, app_owner)
    assert order.reason == "Denied in Coupa access, Q4, line 1: the account holds no role more."
    assert (first.confirmed_by, first.status) == (app_owner, Removal.Status.REMOVING)
    assert first.order.verb == "revoke"
    assert trail().count("removals.disabling") == 1
    assert TrailEvent.objects.get(action="removals.disabling").change["order"] == order.pk
    with pytest.raises(NotPossible, match="about to be"):
        disabling.disable_too(second, by=app_owner)


def test_an_account_that_keeps_a_role_is_not_disabled(campaign, app_owner, trail):
    first = denied(campaign, 1)[0]

    with pytest.raises(NotPossible, match="still holds a role"):
        disabling.disable_too(first, by=app_owner)

    assert not ProvisionOrder.objects.exists()
    assert trail() == ["removals.opened"]


def test_only_another_owner_of_the_app_has_an_account_disabled(campaign, app_owner, owner, nadia):
    first = denied(campaign, 1, 2)[0]

    with pytest.raises(Denied, match="Its owners: Tom Okafor"):
        disabling.disable_too(first, by=owner)
    Account.objects.filter(pk=nadia.pk).update(person=app_owner)
    with pytest.raises(Denied, match="about your own access"):
        disabling.disable_too(first, by=app_owner)

    assert not ProvisionOrder.objects.exists()


def test_nobody_is_disabled_for_a_campaign_that_was_cancelled_or_a_removal_that_is_over(campaign, app_owner):
    first = denied(campaign, 1, 2)[0]
    Campaign.objects.update(status="cancelled")
    with pytest.raises(NotPossible, match="was cancelled"):
        disabling.disable_too(first, by=app_owner)
    Campaign.objects.update(status="running")
    first.move(Removal.Status.EXCEPTED)

    with pytest.raises(NotPossible, match="nothing to be taken away"):
        disabling.disable_too(first, by=app_owner)

    assert not ProvisionOrder.objects.exists()


def test_an_exception_takes_the_order_to_disable_back(campaign, app_owner, owner):
    first = denied(campaign, 1, 2)[0]
    order = disabling.disable_too(first, by=app_owner)
    jobs.order_removals(campaign.pk)
    first.refresh_from_db()

    removing.except_([first], by=owner, reason="Needed until the year-end close")

    assert set(ProvisionOrder.objects.values_list("pk", "status")) == {
        (order.pk, "dropped"),
        (first.order_id, "dropped"),
    }


def kept(campaign, number, how, owner):
    """The access of a denied line stays after all: its denial is corrected, or it becomes an exception."""
    task = campaign.tasks.get(line_no=number)
    if how == "corrected":
        removing.drop_for(task, by=owner, reason="A wrong click")
    else:
        removing.except_(list(task.removals.all()), by=owner, reason="Needed for the year-end close")


@pytest.mark.parametrize("how", ["corrected", "excepted"])
def test_an_account_of_which_another_role_stays_after_all_is_not_disabled(campaign, app_owner, owner, how):
    first, second = denied(campaign, 1, 2)
    order = disabling.disable_too(first, by=app_owner)
    jobs.order_removals(campaign.pk)

    kept(campaign, 2, how, owner)

    order.refresh_from_db()
    first.refresh_from_db()
    second.refresh_from_db()
    assert order.status == Order.DROPPED
    assert first.order.status == Order.WANTED
    assert first.status == Removal.Status.REMOVING
    assert second.status == {"corrected": "dropped", "excepted": "excepted"}[how]
    told = TrailEvent.objects.get(action="orders.dropped", object_id=order.pk)
    assert "Olga Berg" in told.change["reason"]


@pytest.mark.parametrize("how", ["corrected", "excepted"])
@pytest.mark.parametrize("number", [1, 2])
def test_no_access_stays_of_an_account_that_was_disabled_for_it(
    campaign, app_owner, owner, nadia, how, number
):
    first = denied(campaign, 1, 2)[0]
    order = disabling.disable_too(first, by=app_owner)
    ProvisionOrder.objects.filter(pk=order.pk).update(status=Order.REMOVED)

    with pytest.raises(NotPossible, match=rf"account of line {number} was disabled.*owner of Coupa"):
        kept(campaign, number, how, owner)
    assert set(Removal.objects.values_list("status", flat=True)) == {"waiting"}

    ProvisionOrder.objects.filter(pk=order.pk).update(status=Order.PROVEN)
    nadia.grants.filter(entitlement__external_id=ACCESS).update(gone_at=now())
    with pytest.raises(NotPossible, match="was disabled"):
        kept(campaign, number, how, owner)

    nadia.grants.filter(entitlement__external_id=ACCESS).update(gone_at=None)
    kept(campaign, number, how, owner)
    assert order.pk not in ProvisionOrder.objects.undone().values_list("pk", flat=True)


def test_the_page_says_what_remains_and_offers_to_disable(campaign, app_owner, owner, sign_in):
    first = denied(campaign, 1, 2)[0]
    browser, url = sign_in(app_owner), reverse("reviews:removal", args=[first.key])

    shown, seen = text(browser.get(url)), text(sign_in(owner).get(url))
    listed = text(browser.get(reverse("reviews:my_removals")))
    done = text(browser.post(url, {"do": "disable"}, follow=True))

    assert "<bdi>Plant</bdi>" in shown
    assert "Nadia Karim would hold no role more and can still sign in." in shown
    assert "Confirm, and disable the account" in shown
    assert "would hold no role more" in seen
    assert "disable the account" not in seen
    assert listed.count("No role more, and can still sign in") == 2
    assert "An order was made that disables the account, too." in done
    assert "Account disabled" in done
    assert "can still sign in" not in done
