"""Somebody asks that access be removed: who may, of what, with which reason, and by the number they saw."""

import pytest
from django.urls import reverse

from connectors.actions import removing
from connectors.actions.accounts import Chosen
from connectors.actions.removing import Asked
from connectors.models import ACCESS, Account, Connector, Entitlement, EntitlementOwner, ProvisionOrder
from connectors.queries.accounts import Wanted
from core.errors import Denied, NotPossible
from core.models import Role
from tests.make import make_user


@pytest.fixture
def app(connector, sync):
    sync()
    return connector.app


@pytest.fixture
def asked(app):
    """That these accounts lose this entitlement."""

    def of(*numbers, entitlement="role:1:member", everything=False):
        keys = list(Account.objects.filter(external_id__in=map(str, numbers)).values_list("pk", flat=True))
        things = list(Entitlement.objects.filter(external_id=entitlement).values_list("pk", flat=True))
        return Asked(Chosen(keys), [] if everything else things, everything)

    return of


def ask(app, asked, by, number):
    return removing.ask(app, asked, by=by, reason="Left the team", number=number)


def test_an_owner_of_the_app_asks_of_several_at_once(app, asked, app_owner, trail, world):
    made = ask(app, asked(3, 4), app_owner, 2)

    assert [order.status for order in made] == [ProvisionOrder.Status.WANTED] * 2
    assert {order.wanted_by for order in made} == {app_owner}
    assert {order.reason for order in made} == {"Left the team (asked by Rui Pires)"}
    assert trail().count("orders.wanted") == 2


def test_everything_takes_access_too(app, asked, app_owner):
    made = ask(app, asked(3, everything=True), app_owner, 4)

    verbs = sorted((order.verb, order.entitlement.external_id) for order in made)
    assert verbs == [
        ("disable", ACCESS),
        ("revoke", "group:7:member"),
        ("revoke", "role:1:member"),
        ("revoke", "role:2:member"),
    ]


def test_all_that_a_filter_finds_are_looked_up_again(app, app_owner):
    role = Entitlement.objects.get(external_id="role:2:member")
    everyone = Asked(Chosen(wanted=Wanted.of({"status": "enabled"})), [role.pk])

    made = ask(app, everyone, app_owner, 2)

    assert sorted(order.account.external_id for order in made) == ["3", "4"]


def test_who_owns_the_entitlement_asks_of_that_alone(app, asked):
    helper = make_user("Kim Sorensen", Role.BASIC)
    role = Entitlement.objects.get(external_id="role:1:member")
    EntitlementOwner.objects.create(thing=role, user=helper)

    assert len(ask(app, asked(3), helper, 1)) == 1
    with pytest.raises(Denied, match="an owner of the entitlement"):
        ask(app, asked(3, entitlement="role:2:member"), helper, 1)
    with pytest.raises(Denied):
        ask(app, asked(3, everything=True), helper, 4)


def test_a_manager_asks_of_their_own_people_alone(app, asked):
    boss, grace = make_user("Hugo Brandt", Role.BASIC), make_user("Grace Hopper", Role.BASIC)
    grace.managers.add(boss)
    Account.objects.filter(external_id="3").update(person=grace)

    assert len(ask(app, asked(3), boss, 1)) == 1
    with pytest.raises(Denied):
        ask(app, asked(3, 4), boss, 2)


@pytest.mark.parametrize("role", [Role.BASIC, Role.CONNECTOR, Role.APPLICATION, Role.READ_ONLY, Role.REQUEST])
def test_others_do_not_ask(role, app, asked):
    with pytest.raises(Denied):
        ask(app, asked(3), make_user("Somebody", role), 1)

    assert not ProvisionOrder.objects.exists()


def test_the_number_must_be_the_one_that_was_seen(app, asked, app_owner):
    with pytest.raises(NotPossible, match="It is 2 by now, and was 3"):
        ask(app, asked(3, 4), app_owner, 3)


def test_a_reason_is_a_must(app, asked, app_owner):
    with pytest.raises(NotPossible, match="reason"):
        removing.ask(app, asked(3), by=app_owner, reason=" ", number=1)


def test_who_would_hold_nothing_more_is_counted(app, asked):
    assert removing.left_with_nothing(app, asked(3, 4, 6)) == 1
    assert removing.left_with_nothing(app, asked(6, everything=True)) == 0


def test_from_the_list_to_the_orders(app, app_owner, sign_in):
    """Chosen, looked at with what would happen, then done with a reason."""
    browser = sign_in(app_owner)
    url = reverse("connectors:ask_removal", args=[app.pk])
    accounts = list(Account.objects.filter(external_id__in=("3", "6")).values_list("pk", flat=True))
    role = Entitlement.objects.get(external_id="role:1:member")
    assert url in browser.get(reverse("connectors:accounts", args=[app.pk])).content.decode()

    choose = browser.get(url, {"account": accounts}).content.decode()
    nothing = browser.post(url, {"account": accounts})
    typed = {"account": accounts, "what": "these", "entitlement": [role.pk]}
    look = browser.post(url, typed).content.decode()
    unsaid = browser.post(url, {**typed, "number": "2"})
    stale = browser.post(url, {**typed, "number": "5", "reason": "Left the team"})
    assert not ProvisionOrder.objects.exists()
    done = browser.post(url, {**typed, "number": "2", "reason": "Left the team"}, follow=True)

    assert "Buyer" in choose
    assert "held by 2" in choose
    assert nothing.status_code == 422
    assert "Remove 2 grants" in look
    assert "2: Through Coupa, at once." in look
    assert "1 account would hold nothing more and can still sign in." in " ".join(look.split())
    assert unsaid.status_code == 422
    assert "Give a reason" in unsaid.content.decode()
    assert stale.status_code == 409
    assert "Left the team" in stale.content.decode()
    assert ProvisionOrder.objects.count() == 2
    assert (
        "2 orders made. Each is carried out, read back, and proven by the next sync." in done.content.decode()
    )


def test_the_page_says_what_would_have_to_be_done_by_hand(app, connector, app_owner, sign_in):
    Connector.objects.filter(pk=connector.pk).update(settings={**connector.settings, "mode": "read"})
    account = Account.objects.get(external_id="3")
    url = reverse("connectors:ask_removal", args=[app.pk])

    look = sign_in(app_owner).post(url, {"account": [account.pk], "what": "all"}).content.decode()

    assert "4: Coupa only reads: somebody has to do it there." in look


@pytest.mark.parametrize(("held", "chosen"), [("role:1:member", 'name="entitlement"'), (ACCESS, "access")])
def test_from_the_holders_of_an_entitlement(held, chosen, app, app_owner, sign_in):
    browser = sign_in(app_owner)
    entitlement = Entitlement.objects.get(external_id=held)
    url = reverse("connectors:entitlement", args=[app.pk, entitlement.pk])

    now, past = (browser.get(url, {"tab": tab}).content.decode() for tab in ("now", "past"))

    assert "Ask for removal" in now
    assert chosen in now
    assert "Ask for removal" not in past


def test_what_was_chosen_on_the_way_is_ticked(app, app_owner, sign_in):
    account, role = Account.objects.get(external_id="3"), Entitlement.objects.get(external_id="role:1:member")
    url = reverse("connectors:ask_removal", args=[app.pk])
    browser = sign_in(app_owner)

    chosen = browser.get(url, {"account": [account.pk], "entitlement": [role.pk]}).content.decode()
    access = browser.get(url, {"account": [account.pk], "what": "access"}).content.decode()

    assert f'value="{role.pk}" checked' in chosen
    assert 'value="access" checked' in access


def test_who_may_not_ask_sees_no_button(app, sign_in):
    auditor = make_user("Vera Stein", Role.READ_ONLY)
    account = Account.objects.get(external_id="3")
    browser = sign_in(auditor)

    for url in (
        reverse("connectors:accounts", args=[app.pk]),
        reverse("connectors:account", args=[app.pk, account.pk]),
    ):
        assert "Ask for removal" not in browser.get(url).content.decode()
