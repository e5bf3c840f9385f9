"""Who came once from the identity provider is known by their subject; the e-mail alone opens nothing then."""

import pytest
from django.test import Client
from django.urls import reverse

from core.actions import arriving
from core.errors import Denied
from core.models import IdentityProvider, ProviderTie, Role, TrailEvent, User
from tests.make import make_user
from tests.providing import SETTINGS, come, is_in, make_provider, said

ADA = "ada.lindgren@meridian.example"
NEWCOMER = "sub-of-a-newcomer"


@pytest.fixture
def ada(provider, fake):
    """Known to the provider in force: she came before."""
    person = make_user("Ada Lindgren", Role.SUPER, Role.BASIC)
    come(Client(), fake, ADA)
    return person


def forget(person: User) -> str:
    return reverse("core:forget_tie", args=[person.pk])


def page_of(person: User) -> str:
    return reverse("core:person", args=[person.pk])


def test_the_first_arrival_ties_a_person_to_their_subject(ada, provider):
    tie = ProviderTie.objects.get()

    assert (tie.user, tie.issuer, tie.client_id) == (ada, provider.issuer, provider.client_id)
    assert tie.subject == f"sub-{ADA}"
    assert TrailEvent.objects.get(action="core.provider_tied").change["subject"] == tie.subject


def test_a_further_arrival_ties_nothing_anew(ada, fake):
    come(Client(), fake, ADA)

    assert ProviderTie.objects.count() == 1
    assert TrailEvent.objects.filter(action="core.provider_tied").count() == 1


def test_somebody_else_with_the_same_email_stays_out_and_is_told_who_can_help(ada, fake):
    fake.person(ADA, sub=NEWCOMER)
    browser = Client()

    page = said(browser, come(browser, fake, ADA))

    assert not is_in(browser)
    assert f"used to mean somebody else by {ADA}" in page
    assert "a Super Administrator can help" in page
    assert ProviderTie.objects.get().subject == f"sub-{ADA}"
    assert TrailEvent.objects.latest("pk").action == "core.provider_refused"


def test_whose_email_changed_at_the_provider_is_still_who_they_were(ada, fake):
    make_user("Grace Kim", Role.BASIC)
    fake.person(ADA, sub=f"sub-{ADA}", email="grace.kim@meridian.example")
    browser = Client()

    come(browser, fake, ADA)

    assert browser.session["_auth_user_id"] == ada.pk


def test_another_client_of_the_issuer_may_call_people_otherwise(ada, provider, fake):
    IdentityProvider.objects.update(status=IdentityProvider.Status.REPLACED)
    ProviderTie.objects.update(client_id="the-client-before")
    make_provider(fake)
    fake.person(ADA, sub="another-sub-for-this-client")
    browser = Client()

    come(browser, fake, ADA)

    assert browser.session["_auth_user_id"] == ada.pk
    assert ProviderTie.objects.count() == 2


def test_a_deactivated_person_is_tied_to_nobody(provider, fake):
    make_user("Peter Kovacs", Role.BASIC, status=User.Status.DEACTIVATED)

    come(Client(), fake, "peter.kovacs@meridian.example")

    assert not ProviderTie.objects.exists()


@pytest.mark.parametrize("subject", ["x" * 256, "  "])
def test_a_subject_that_could_not_be_kept_lets_nobody_in(subject, provider):
    claims = {"sub": subject, "email": ADA, "email_verified": True}
    make_user("Ada Lindgren", Role.SUPER)

    with pytest.raises(Denied, match=r"\(sub\)"):
        arriving.arrive(provider, claims)


def test_proving_anew_is_not_for_somebody_else_with_the_same_email(ada, fake, sign_in):
    browser = sign_in(ada)
    session = browser.session
    session["proven_at"] = 0
    session.save()
    fake.person(ADA, sub=NEWCOMER)

    page = said(browser, come(browser, fake, ADA, again="1"))

    assert "used to mean somebody else" in page
    assert browser.session["proven_at"] == 0


def test_a_try_by_somebody_else_with_the_same_email_fails(ada, provider, fake, sign_in):
    draft = make_provider(fake, status=IdentityProvider.Status.DRAFT)
    fake.person(ADA, sub=NEWCOMER)
    browser = sign_in(ada)

    page = said(browser, come(browser, fake, ADA, start=f"{SETTINGS}{draft.pk}/try/"))

    draft.refresh_from_db()
    assert "used to mean somebody else" in page
    assert draft.status == IdentityProvider.Status.DRAFT


def test_a_super_administrator_forgets_the_tie_and_the_next_to_come_is_known_anew(ada, fake, sign_in):
    keeper = make_user("Grace Kim", Role.SUPER)
    fake.person(ADA, sub=NEWCOMER)

    reply = sign_in(keeper).post(forget(ada), follow=True)
    event = TrailEvent.objects.get(action="core.provider_tie_forgotten")
    browser = Client()
    come(browser, fake, ADA)

    assert "is known as them" in reply.content.decode()
    assert (event.object_name, event.actor_name) == ("Ada Lindgren", "Grace Kim")
    assert event.change["before"]["known_as"][0]["subject"] == f"sub-{ADA}"
    assert browser.session["_auth_user_id"] == ada.pk
    assert ProviderTie.objects.get().subject == NEWCOMER


def test_what_is_forgotten_already_is_not_forgotten_again(ada, sign_in):
    browser = sign_in(ada)
    browser.post(forget(ada))

    assert browser.post(forget(ada)).status_code == 409


def test_forgetting_wants_a_fresh_sign_in(ada, sign_in):
    browser = sign_in(ada)
    session = browser.session
    session["proven_at"] = 0
    session.save()

    reply = browser.post(forget(ada))

    assert reply.headers["Location"].startswith("/sign-in/again/")
    assert ProviderTie.objects.exists()


def test_nobody_else_forgets_a_tie(ada, cast):
    for who in ("connector_admin", "read_only", "basic"):
        with pytest.raises(Denied):
            arriving.forget_tie(ada, by=cast[who])

    assert ProviderTie.objects.exists()


@pytest.mark.parametrize(("who", "has_button"), [("super", True), ("read_only", False)])
def test_the_page_of_a_person_tells_how_the_provider_knows_them(who, has_button, ada, sign_in):
    reader = make_user("Vera Stein", Role(who))

    page = sign_in(reader).get(page_of(ada)).content.decode()

    assert f"sub-{ADA}" in page
    assert (forget(ada) in page) == has_button


def test_who_never_came_from_a_provider_has_no_such_card(ada, sign_in):
    other = make_user("Grace Kim", Role.BASIC)

    page = sign_in(ada).get(page_of(other)).content.decode()

    assert "Known as" not in page


def test_a_manager_does_not_see_how_the_provider_knows_somebody(ada, sign_in):
    manager = make_user("Tom Okafor", Role.BASIC)
    ada.managers.add(manager)

    page = sign_in(manager).get(page_of(ada)).content.decode()

    assert "Known as" not in page
