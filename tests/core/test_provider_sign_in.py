"""Signing in with the identity provider: who comes in, as whom, with which roles, and where they land."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now

from core.models import IdentityProvider, Organisation, Role, RoleHolding, TrailEvent, User
from core.sign_in import oidc
from tests.make import make_user
from tests.providing import BACK, START, come, is_in, make_provider, said, sent_off

ADA = "ada.lindgren@meridian.example"


def held(person: User) -> dict[str, str]:
    return dict(RoleHolding.objects.filter(user=person).values_list("role", "source"))


def trust(*domains: str) -> None:
    Organisation.current()
    Organisation.objects.update(trusted_domains=list(domains))


def test_a_known_person_signs_in_and_lands_where_they_wanted_to_go(provider, fake, trail):
    person, browser = make_user("Ada Lindgren", Role.SUPER, Role.BASIC), Client()

    reply = come(browser, fake, ADA, next="/settings/outbox/")

    assert reply.headers["Location"] == "/settings/outbox/"
    assert browser.session["_auth_user_id"] == person.pk
    assert trail() == ["core.provider_tied", "core.signed_in"]
    assert TrailEvent.objects.latest("pk").change["proof"] == "provider"


def test_the_way_there_carries_state_nonce_and_a_challenge(provider, fake):
    address = sent_off(Client())

    asked = dict(pair.split("=") for pair in address.partition("?")[2].split("&"))
    assert address.startswith(f"{fake.issuer}/authorize?")
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 43
    assert len(asked["nonce"]) >= 43
    assert "prompt" not in asked


def test_next_leads_to_pages_of_ours_only(provider, fake):
    make_user("Ada Lindgren", Role.BASIC)

    reply = come(Client(), fake, ADA, next="https://elsewhere.example/")

    assert reply.headers["Location"] == "/"


def test_the_sign_in_page_offers_the_provider_that_is_in_force(provider):
    make_user("Ada Lindgren", Role.SUPER)

    page = Client().get("/sign-in/?next=/settings/outbox/").content.decode()

    assert "Sign in with Meridian" in page
    assert f"{START}?next=/settings/outbox/" in page


def test_without_one_in_force_nothing_is_offered_and_nothing_answers(fake, db):
    make_user("Ada Lindgren", Role.SUPER)
    make_provider(fake, status=IdentityProvider.Status.TRIED)

    assert "Sign in with" not in Client().get("/sign-in/").content.decode()
    assert Client().get(START).status_code == 409


def test_letter_case_of_the_email_does_not_matter(provider, fake):
    person, browser = make_user("Ada Lindgren", Role.BASIC), Client()
    fake.person(ADA, email=ADA.upper())

    come(browser, fake, ADA)

    assert browser.session["_auth_user_id"] == person.pk


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_each_algorithm_with_a_public_key_is_believed(algorithm, provider, fake):
    make_user("Ada Lindgren", Role.BASIC)
    browser = Client()
    fake.new_key(algorithm)

    come(browser, fake, ADA)

    assert is_in(browser)


@pytest.mark.parametrize("without_id", [False, True])
def test_a_provider_that_changes_its_key_is_asked_for_the_new_one_once(without_id, provider, fake):
    make_user("Ada Lindgren", Role.BASIC)
    fake.new_key(without_id=without_id)
    come(Client(), fake, ADA)
    fake.new_key(without_id=without_id)
    fake.behave()
    browser = Client()

    come(browser, fake, ADA)

    assert is_in(browser)
    assert fake.asked().count("/keys") == 1


def test_discovery_and_keys_are_asked_for_once_for_several_people(provider, fake):
    make_user("Ada Lindgren", Role.BASIC)
    for _ in range(3):
        come(Client(), fake, ADA)

    asked = fake.asked()

    assert asked.count("/.well-known/openid-configuration") == 1
    assert asked.count("/keys") == 1


def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(provider, fake):
    make_user("Ada Lindgren", Role.BASIC)
    fake.misbehave(document={"token_endpoint_auth_methods_supported": ["client_secret_post"]})
    browser = Client()

    come(browser, fake, ADA)

    assert is_in(browser)


def test_an_email_that_stands_in_userinfo_alone_counts(provider, fake):
    make_user("Ada Lindgren", Role.BASIC)
    fake.misbehave(thin=True)
    browser = Client()

    come(browser, fake, ADA)

    assert is_in(browser)


def test_userinfo_about_somebody_else_is_not_believed(provider, fake):
    make_user("Ada Lindgren", Role.SUPER)
    fake.misbehave(thin=True, userinfo_sub="sub-of-another")
    browser = Client()

    reply = come(browser, fake, ADA)

    assert "userinfo is about somebody else" in said(browser, reply)
    assert not is_in(browser)


def test_somebody_unknown_is_told_whom_to_ask(provider, fake, trail):
    make_user("Ada Lindgren", Role.SUPER)
    browser = Client()

    reply = come(browser, fake, "new@meridian.example", next="/settings/outbox/")

    assert reply.headers["Location"] == "/sign-in/?next=%2Fsettings%2Foutbox%2F"
    assert "Ask a Super Administrator to invite you" in said(browser, reply)
    assert not is_in(browser)
    assert not User.objects.filter(email="new@meridian.example").exists()
    assert trail() == ["core.provider_refused"]


def test_where_allowed_somebody_new_of_a_trusted_domain_becomes_a_basic_user(fake, db, trail):
    make_user("Ada Lindgren", Role.SUPER)
    make_provider(fake, creates_people=True)
    trust("meridian.example")
    fake.person("new@meridian.example", name="Nadia\nNew")
    browser = Client()

    come(browser, fake, "new@meridian.example")

    person = User.objects.get(email="new@meridian.example")
    assert browser.session["_auth_user_id"] == person.pk
    assert person.name == "Nadia New"
    assert not person.has_usable_password()
    assert person.roles() == {Role.BASIC}
    assert trail() == ["core.person_from_provider", "core.provider_tied", "core.signed_in"]


@pytest.mark.parametrize("domains", [[], ["elsewhere.example"]])
def test_nobody_of_another_domain_is_let_in_unasked(domains, fake, db):
    make_user("Ada Lindgren", Role.SUPER)
    make_provider(fake, creates_people=True)
    trust(*domains)
    browser = Client()

    reply = come(browser, fake, "new@meridian.example")

    assert "not of a trusted domain" in said(browser, reply)
    assert User.objects.count() == 1


def test_a_deactivated_person_stays_out(provider, fake):
    make_user("Ada Lindgren", Role.SUPER)
    make_user("Peter Kovacs", Role.SUPER, status=User.Status.DEACTIVATED)
    browser = Client()

    reply = come(browser, fake, "peter.kovacs@meridian.example")

    assert "You were deactivated here" in said(browser, reply)
    assert not is_in(browser)
    refused = TrailEvent.objects.get(action="core.provider_refused")
    assert (refused.object_name, refused.severity) == ("Peter Kovacs", "error")


MAP = {"admins": "super", "auditors": "read_only", "connect": "connector"}


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        (["admins", "unheard-of", 7], {"super": "provider", "basic": "provider"}),
        ("connect", {"connector": "provider", "basic": "provider"}),
        (["auditors"], {"read_only": "provider"}),
        (["auditors", "connect"], {"read_only": "provider", "connector": "provider", "basic": "provider"}),
        ([], {"basic": "provider"}),
        (None, {"basic": "provider"}),
    ],
)
def test_roles_follow_the_claim(groups, roles, fake, db):
    make_provider(fake, role_claim="groups", role_map=MAP)
    person = make_user("Grace Kim")
    fake.person(person.email, groups=groups)

    come(Client(), fake, person.email)

    assert held(person) == roles


def test_roles_are_worked_out_anew_and_those_given_by_hand_stay(fake, db):
    make_provider(fake, role_claim="realm_access.roles", role_map=MAP)
    make_user("Ada Lindgren", Role.SUPER)
    person = make_user("Grace Kim", Role.CAMPAIGN, Role.BASIC)
    fake.person(person.email, realm_access={"roles": ["admins", "connect"]})
    come(Client(), fake, person.email)
    before = held(person)
    fake.person(person.email, realm_access={"roles": ["connect"]})

    come(Client(), fake, person.email)

    by_hand = {"campaign": "hand", "basic": "hand"}
    assert before == {**by_hand, "super": "provider", "connector": "provider"}
    assert held(person) == {**by_hand, "connector": "provider"}
    change = TrailEvent.objects.filter(action="core.roles_from_provider").latest("pk").change
    assert "Super Administrator" in change["before"]["roles"]
    assert "Super Administrator" not in change["after"]["roles"]


def test_the_last_super_administrator_stays_one_whatever_the_provider_says(fake, db):
    make_provider(fake, role_claim="groups", role_map=MAP)
    person = make_user("Grace Kim")
    fake.person(person.email, groups=["admins"])
    come(Client(), fake, person.email)
    fake.person(person.email, groups=[])

    come(Client(), fake, person.email)

    assert held(person) == {"super": "provider", "basic": "provider"}


def test_the_same_roles_again_are_no_event(fake, db, trail):
    make_provider(fake, role_claim="groups", role_map=MAP)
    person = make_user("Grace Kim")
    fake.person(person.email, groups=["connect"])
    come(Client(), fake, person.email)

    come(Client(), fake, person.email)

    assert trail() == ["core.provider_tied", "core.roles_from_provider", "core.signed_in", "core.signed_in"]


def test_proving_anew_asks_the_provider_to_ask_and_makes_the_sign_in_fresh(provider, fake, sign_in, trail):
    browser = sign_in(make_user("Ada Lindgren", Role.SUPER, Role.BASIC))
    age(browser)
    address = sent_off(browser, next="/settings/outbox/", again="1")

    reply = browser.get(fake.answer(address, ADA))

    assert "prompt=login" in address
    assert "max_age=0" in address
    assert reply.headers["Location"] == "/settings/outbox/"
    assert browser.session["proven_at"] > 0
    assert trail() == ["core.provider_tied", "core.proven_again"]


def test_proving_anew_is_for_the_very_person(provider, fake, sign_in):
    make_user("Grace Kim", Role.SUPER)
    person = make_user("Ada Lindgren", Role.SUPER)
    browser = sign_in(person)
    age(browser)

    reply = come(browser, fake, "grace.kim@meridian.example", again="1", next="/settings/outbox/")

    assert reply.headers["Location"].startswith("/sign-in/again/")
    assert "The provider says that you are grace.kim@meridian.example" in said(browser, reply)
    assert browser.session["_auth_user_id"] == person.pk
    assert browser.session["proven_at"] == 0


@pytest.mark.parametrize("auth_time", ["-3600", None])
def test_a_sign_in_of_before_does_not_prove_anything_anew(auth_time, provider, fake, sign_in):
    browser = sign_in(make_user("Ada Lindgren", Role.SUPER))
    age(browser)
    fake.misbehave(claims={"auth_time": auth_time})

    reply = come(browser, fake, ADA, again="1")

    assert "did not ask who you are anew" in said(browser, reply)
    assert browser.session["proven_at"] == 0


def test_whoever_is_signed_in_needs_no_provider(provider, sign_in):
    browser = sign_in(make_user("Ada Lindgren", Role.SUPER))

    reply = browser.get(f"{START}?next=/settings/outbox/")

    assert reply.headers["Location"] == "/settings/outbox/"


def test_an_answer_counts_once(provider, fake):
    make_user("Ada Lindgren", Role.SUPER)
    browser = Client()
    back = fake.answer(sent_off(browser), ADA)
    browser.get(back)
    browser.post("/sign-out/")

    reply = browser.get(back)

    assert "belongs to no sign-in of this browser" in said(browser, reply)
    assert not is_in(browser)


def test_an_answer_counts_only_in_the_browser_that_asked(provider, fake):
    make_user("Ada Lindgren", Role.SUPER)
    browser = Client()

    reply = browser.get(fake.answer(sent_off(Client()), ADA))

    assert "belongs to no sign-in of this browser" in said(browser, reply)
    assert not is_in(browser)


def test_an_answer_that_took_too_long_does_not_count(provider, fake, time_machine):
    make_user("Ada Lindgren", Role.SUPER)
    browser = Client()
    back = fake.answer(sent_off(browser), ADA)
    time_machine.move_to(now() + timedelta(minutes=16))

    reply = browser.get(back)

    assert "more than 15 minutes" in said(browser, reply)
    assert not is_in(browser)


def test_a_provider_taken_out_of_force_meanwhile_lets_nobody_in(provider, fake):
    make_user("Ada Lindgren", Role.SUPER)
    browser = Client()
    back = fake.answer(sent_off(browser), ADA)
    IdentityProvider.objects.update(status=IdentityProvider.Status.REPLACED)

    browser.get(back)

    assert not is_in(browser)


def test_several_tabs_may_be_under_way_at_once(provider, fake):
    make_user("Ada Lindgren", Role.BASIC)
    browser = Client()
    first, second = (sent_off(browser, next=page) for page in ("/settings/outbox/", "/downloads/"))
    fake.answer(second, ADA)

    reply = browser.get(fake.answer(first, ADA))

    assert reply.headers["Location"] == "/settings/outbox/"


def test_nothing_that_could_be_used_again_shows_when_printed(provider, fake):
    flow = oidc.new_flow(fresh=False)
    client = oidc.Client(fake.issuer, fake.client_id, fake.client_secret, "openid", BACK)

    printed = f"{flow!r} {client!r}"

    assert flow.nonce not in printed
    assert flow.verifier not in printed
    assert fake.client_secret not in printed


def age(browser: Client) -> None:
    """As if they had proved long ago who they are."""
    session = browser.session
    session["proven_at"] = 0
    session.save()
