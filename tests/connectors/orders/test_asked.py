"""What others than the owners of an app ask to have removed waits for one of these."""

import pytest
from django.urls import reverse

from connectors import jobs
from connectors.actions import confirming, orders, removing
from connectors.actions.accounts import Chosen
from connectors.actions.removing import Asked
from connectors.models import ACCESS, Account, App, Connector, Entitlement, ProvisionOrder
from core.errors import Denied, NotPossible
from core.models import OutgoingMail, Role, TrailEvent
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user

Status = ProvisionOrder.Status


@pytest.fixture
def app(connector, sync):
    sync()
    return connector.app


@pytest.fixture
def boss(db):
    return make_user("Hugo Brandt", Role.BASIC)


@pytest.fixture
def grace(app, boss):
    """Account 3 is hers, and she reports to Hugo."""
    grace = make_user("Grace Hopper", Role.BASIC)
    grace.managers.add(boss)
    Account.objects.filter(app=app, external_id="3").update(person=grace)
    return grace


@pytest.fixture
def asked(app, boss, grace):
    """Hugo has asked that Grace lose a role."""
    return ask(app, boss)[0]


def ask(app, by, *, number="3", role="role:1:member"):
    account = Account.objects.get(app=app, external_id=number)
    things = [Entitlement.objects.get(app=app, external_id=role).pk]
    return removing.ask(app, Asked(Chosen([account.pk]), things), by=by, reason="Moved to sales", number=1)


def seen(reply):
    return " ".join(reply.content.decode().split())


@pytest.mark.parametrize("who", ["manager", "herself", "helpdesk"])
def test_who_does_not_own_the_app_asks_and_waits(who, app, boss, grace, nudges, trail):
    by = {"manager": boss, "herself": grace}.get(who) or make_user("Hella Desk", Role.HELPDESK)

    order = ask(app, by)[0]

    assert (order.status, order.wanted_by) == (Status.ASKED, by)
    assert trail()[-1] == "orders.asked"
    assert orders.claim(order.pk) is None
    assert not Connector.objects.filter(orders__status=Status.WANTED).exists()


@pytest.mark.parametrize("who", ["owner of the app", "super", "manager where the app says at once"])
def test_the_word_of_an_owner_or_of_the_app_is_enough(who, app, app_owner, boss, grace):
    by = {"owner of the app": app_owner, "super": make_user("Ada Lindgren", Role.SUPER)}.get(who, boss)
    if by == boss:
        App.objects.filter(pk=app.pk).update(when_asked=App.WhenAsked.AT_ONCE)
        app.refresh_from_db()

    assert ask(app, by)[0].status == Status.WANTED


def test_owners_are_written_to_once_and_confirm(app, app_owner, asked, work, trail):
    jobs.tell_of_orders(app.pk)
    jobs.tell_of_orders(app.pk)
    letter = OutgoingMail.objects.get(letter="order_asked")
    assert (letter.recipient, letter.subject) == (app_owner, "1 removal asked for in Coupa")
    assert "Moved to sales (asked by Hugo Brandt)" in letter.text

    confirming.confirm(asked, by=app_owner)

    assert (asked.status, asked.confirmed_by) == (Status.WANTED, app_owner)
    assert trail()[-1] == "orders.confirmed"
    assert work(asked).status == Status.REMOVED
    with pytest.raises(NotPossible, match="It does not wait for an owner"):
        confirming.confirm(asked, by=app_owner)


def test_where_nothing_can_carry_it_out_it_is_left_to_people_once_confirmed(app, connector, app_owner, asked):
    Connector.objects.filter(pk=connector.pk).update(settings={**connector.settings, "mode": "read"})

    confirming.confirm(asked, by=app_owner)

    assert (asked.status, asked.connector) == (Status.MANUAL, None)
    assert "only reads" in asked.problem


def test_a_refusal_has_a_reason_and_tells_whoever_asked(app_owner, boss, asked, trail):
    with pytest.raises(NotPossible, match="Say why"):
        confirming.refuse(asked, by=app_owner, reason=" ")

    confirming.refuse(asked, by=app_owner, reason="She covers for Tom until May")

    letter = OutgoingMail.objects.get(letter="order_refused")
    assert (asked.status, asked.confirmed_by) == (Status.DROPPED, app_owner)
    assert letter.recipient == boss
    assert "She covers for Tom until May" in letter.text
    assert TrailEvent.objects.latest("pk").change["reason"] == "She covers for Tom until May"
    assert trail()[-1] == "orders.refused"


@pytest.mark.parametrize("who", ["owner of the connector", "manager", "helpdesk", "auditor"])
def test_nobody_else_confirms_or_refuses(who, owner, boss, asked):
    by = {"owner of the connector": owner, "manager": boss}.get(who) or make_user(
        "Somebody", Role.HELPDESK if who == "helpdesk" else Role.READ_ONLY
    )

    with pytest.raises(Denied, match="Only the owners of Coupa and Super Administrators"):
        confirming.confirm(asked, by=by)
    with pytest.raises(Denied):
        confirming.refuse(asked, by=by, reason="No")

    asked.refresh_from_db()
    assert asked.status == Status.ASKED


def test_who_looks_after_the_connector_does_not_pass_the_owner_by(owner, asked):
    with pytest.raises(NotPossible, match="An owner of Coupa has to confirm it first"):
        orders.retry(asked, by=owner)
    with pytest.raises(NotPossible, match="has to confirm it first"):
        orders.by_hand(asked, by=owner, reason="Quicker so")
    with pytest.raises(NotPossible, match="has to confirm it first"):
        orders.drop(asked, by=owner, reason="Not needed")


def test_nobody_confirms_or_refuses_what_is_about_their_own_access(app, app_owner, boss, asked):
    Account.objects.filter(external_id="3").update(person=app_owner)
    asked.refresh_from_db()

    with pytest.raises(Denied, match="your own access"):
        confirming.confirm(asked, by=app_owner)
    with pytest.raises(Denied, match="your own access"):
        confirming.refuse(asked, by=app_owner, reason="I need it")
    with pytest.raises(Denied, match="your own access"):
        confirming.confirm_all(app, by=app_owner)

    assert ProvisionOrder.objects.get().status == Status.ASKED


def test_all_is_confirmed_by_one_act_and_ones_own_left_out(app, app_owner, asked, monkeypatch):
    monkeypatch.setattr(confirming, "CHUNK", 1)
    desk = make_user("Hella Desk", Role.HELPDESK)
    for number in ("4", "5", "6"):
        ask(app, desk, number=number)
    Account.objects.filter(external_id="4").update(person=app_owner)

    done = confirming.confirm_all(app, by=app_owner)

    assert (done.number, done.own) == (3, 1)
    left = ProvisionOrder.objects.get(status=Status.ASKED)
    assert left.account.external_id == "4"
    assert ProvisionOrder.objects.filter(status=Status.WANTED, confirmed_by=app_owner).count() == 3


def test_a_review_that_takes_the_same_need_not_wait(app, asked, app_owner):
    same = orders.want(
        asked.account, asked.entitlement, verb="revoke", grant=asked.grant, reason="Denied.", by=app_owner
    )

    assert (same.pk, same.status, same.confirmed_by) == (asked.pk, Status.WANTED, app_owner)


def test_asked_twice_it_still_waits_once(app, boss, grace, asked):
    assert ask(app, grace)[0].pk == asked.pk
    assert ProvisionOrder.objects.get().status == Status.ASKED


def test_a_run_that_no_longer_sees_it_proves_what_nobody_confirmed(asked, world, sync):
    world.take("role:1:member", 3)

    sync()

    asked.refresh_from_db()
    assert asked.status == Status.PROVEN


def test_a_manager_who_does_not_see_the_app_asks_from_the_page_of_their_own_people(
    app, boss, grace, app_owner, sign_in
):
    browser = sign_in(boss)
    account, other = (Account.objects.get(app=app, external_id=number) for number in ("3", "4"))
    url = reverse("connectors:ask_removal", args=[app.pk])
    role = Entitlement.objects.get(external_id="role:1:member")
    assert url in seen(browser.get(reverse("core:person", args=[grace.pk])))

    choose = browser.get(url, {"account": account.pk})
    typed = {"account": account.pk, "what": "these", "entitlement": role.pk}
    look = seen(browser.post(url, typed))
    done = browser.post(url, {**typed, "number": "1", "reason": "Moved to sales"})
    hidden = [
        browser.get(url, {"account": [account.pk, other.pk]}).status_code,
        browser.get(url, {"all": "1", "account": account.pk}).status_code,
        browser.get(url).status_code,
    ]

    assert "Buyer" in seen(choose)
    assert reverse("connectors:app_orders", args=[app.pk]) not in seen(choose)
    assert "Nothing happens before an owner of <bdi>Coupa</bdi> has confirmed it." in look
    assert "Ask to remove 1 grant" in look
    assert done.headers["Location"] == reverse("core:person", args=[grace.pk])
    assert hidden == [404, 404, 404]
    assert ProvisionOrder.objects.get().status == Status.ASKED


def test_one_drops_ones_own_access_and_sees_nobody_elses(app, grace, sign_in):
    browser, url = sign_in(grace), reverse("connectors:ask_removal", args=[app.pk])
    account, other = (Account.objects.get(app=app, external_id=number) for number in ("3", "4"))

    replies = [browser.get(url, {"account": each.pk}).status_code for each in (account, other)]

    assert replies == [200, 404]
    assert url in seen(browser.get(reverse("core:person", args=[grace.pk])))


def test_a_stranger_sees_no_app_and_asks_nothing(app, grace, sign_in):
    account = Account.objects.get(app=app, external_id="3")
    browser = sign_in(make_user("Kim Sorensen", Role.BASIC))

    reply = browser.post(
        reverse("connectors:ask_removal", args=[app.pk]),
        {"account": account.pk, "what": "all", "number": "4", "reason": "Envy"},
    )

    assert reply.status_code == 404
    assert not ProvisionOrder.objects.exists()


def test_owners_confirm_and_refuse_on_the_pages(app, app_owner, owner, boss, asked, sign_in):
    browser, url = sign_in(app_owner), reverse("connectors:order", args=[asked.pk])
    listed = reverse("connectors:app_orders", args=[app.pk])
    assert "1 removal asked for in <bdi>Coupa</bdi>" in seen(browser.get("/"))
    assert "Confirm all 1" in seen(browser.get(listed))
    assert "An owner of the app has to confirm it" in seen(sign_in(owner).get(url))
    assert "Refuse this removal?" not in seen(sign_in(owner).get(url))
    assert "Refuse this removal?" in seen(browser.get(url))

    unsaid = browser.post(reverse("connectors:order_refuse", args=[asked.pk]), {"reason": ""})
    refused = browser.post(
        reverse("connectors:order_refuse", args=[asked.pk]), {"reason": "Still needed"}, follow=True
    )
    again = ask(app, boss)[0]
    done = browser.post(reverse("connectors:confirm_orders", args=[app.pk]), follow=True)

    assert unsaid.status_code == 422
    assert "Nothing was done" in seen(refused)
    assert "Still needed" in seen(refused)
    assert "1 order confirmed." in seen(done)
    again.refresh_from_db()
    assert again.status == Status.WANTED
    assert "Confirmed" in seen(browser.get(reverse("connectors:order", args=[again.pk])))


def test_when_it_is_removed_is_a_setting_of_the_app(app, sign_in):
    browser, url = (
        sign_in(make_user("Ada Lindgren", Role.SUPER)),
        reverse("connectors:app_settings", args=[app.pk]),
    )
    app.refresh_from_db()
    typed = {"name": app.name, "changed_at": app.changed_at.isoformat(), "annotations": ""}

    wrong = browser.post(url, {**typed, "when_asked": "never"})
    browser.post(url, {**typed, "when_asked": "at_once"})

    assert wrong.status_code == 422
    app.refresh_from_db()
    assert app.when_asked == App.WhenAsked.AT_ONCE
    assert TrailEvent.objects.filter(action="apps.changed").latest("pk").change["after"] == {
        "when_asked": "at_once"
    }


def test_the_helpdesk_reaches_accounts_in_any_app_but_not_the_app(db, sign_in):
    account = make_account(make_app("Payroll"), "Kim in Payroll", person=make_user("Kim Sorensen"))
    make_grant(account, make_entitlement(account.app, "Payer"))
    browser = sign_in(make_user("Hella Desk", Role.HELPDESK))
    url = reverse("connectors:ask_removal", args=[account.app_id])

    person = seen(browser.get(reverse("core:person", args=[account.person_id])))

    assert url in person
    assert "Payer" in seen(browser.get(url, {"account": account.pk}))
    assert browser.get(reverse("connectors:application", args=[account.app_id])).status_code == 404


def test_what_is_ticked_on_the_page_of_an_account_is_looked_at_at_once(app, app_owner, sign_in):
    """Access is among what can be ticked there."""
    browser, account = sign_in(app_owner), Account.objects.get(app=app, external_id="3")
    page = seen(browser.get(reverse("connectors:account", args=[app.pk, account.pk])))
    things = Entitlement.objects.filter(external_id__in=("role:2:member", ACCESS))
    assert all(f'name="entitlement" value="{each.pk}"' in page for each in things)
    url = reverse("connectors:ask_removal", args=[app.pk])

    nothing = browser.post(url, {"account": account.pk})
    look = browser.post(url, {"account": account.pk, "entitlement": [each.pk for each in things]})

    assert nothing.status_code == 422
    assert "Discovered on" in page
    assert "Remove 2 grants" in seen(look)
    assert not ProvisionOrder.objects.exists()
