"""Taking the identity provider out of force: what stays, and that somebody can always let people in."""

import pytest

from core.models import IdentityProvider, Role, RoleHolding
from tests.make import PASSWORD, make_mail_server, make_user
from tests.providing import SETTINGS

Status = IdentityProvider.Status


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC, password=PASSWORD)


@pytest.fixture
def browser(ada, sign_in):
    return sign_in(ada)


def test_out_of_force_the_roles_it_gave_stay_as_if_given_by_hand(browser, ada, provider, trail):
    grace = make_user("Grace Kim")
    RoleHolding.objects.create(user=grace, role=Role.CAMPAIGN, source=RoleHolding.Source.PROVIDER)

    browser.post(f"{SETTINGS}{provider.pk}/out/")

    provider.refresh_from_db()
    assert (provider.status, provider.sealed) == (Status.REPLACED, "")
    assert RoleHolding.objects.get(user=grace).source == RoleHolding.Source.HAND
    assert trail() == ["core.provider_out_of_force"]


def test_it_stays_in_force_where_nobody_could_let_anybody_in_without_it(browser, ada, provider, trail):
    ada.set_unusable_password()
    ada.save()
    make_user("Grace Kim", Role.SUPER, password=PASSWORD, status="deactivated")
    make_user("Kim Sorensen", Role.BASIC, password=PASSWORD)
    browser.force_login(ada)

    reply = browser.post(f"{SETTINGS}{provider.pk}/out/")

    provider.refresh_from_db()
    assert reply.status_code == 409
    assert "No Super Administrator has a password" in reply.content.decode()
    assert provider.status == Status.IN_FORCE
    assert trail() == []


def test_without_a_password_anywhere_it_goes_out_of_force_while_letters_bring_links(browser, ada, provider):
    ada.set_unusable_password()
    ada.save()
    make_mail_server()
    browser.force_login(ada)

    reply = browser.post(f"{SETTINGS}{provider.pk}/out/")

    assert reply.status_code == 302


@pytest.mark.parametrize("mail", [True, False])
def test_before_it_goes_out_of_force_the_page_says_how_people_come_in_then(mail, browser, provider):
    if mail:
        make_mail_server()

    page = browser.get(SETTINGS).content.decode()

    assert ("a link by mail sets one" in page) == mail
    assert ("no letters go out now" in page) != mail


def test_what_is_out_of_force_already_cannot_be_taken_out_again(browser, provider):
    browser.post(f"{SETTINGS}{provider.pk}/out/")

    assert browser.post(f"{SETTINGS}{provider.pk}/out/").status_code == 409
