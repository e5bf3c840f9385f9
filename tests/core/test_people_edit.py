"""Changing what is known of a person: facts, managers; two at once; no rings."""

import re
from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine
from django.urls import reverse
from django.utils.timezone import now

from core.actions import people
from core.actions.people import Facts
from core.errors import Denied, NotPossible, StaleState
from core.models import IdentityProvider, Organisation, OutgoingMail, Role, TrailEvent, User
from core.queries.people import is_over
from tests.make import make_user


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


@pytest.fixture
def noor(db):
    return make_user("Noor Jansen", Role.BASIC, title="Buyer")


def url(person):
    return reverse("core:edit_person", args=[person.pk])


def typed(person, **changes):
    facts = {"name": person.name, "email": person.email, "title": person.title}
    return {**facts, "changed_at": person.changed_at.isoformat(), **changes}


def test_facts_and_managers_are_saved_searched_and_told(ada, noor, sign_in, trail):
    mia, leo = make_user("Mia Falk"), make_user("Leo Marsh")
    noor.managers.add(leo)
    new = typed(noor, name="Noor de Vries", title="Lead Buyer", employee_id="E-17", managers=[mia.pk])

    reply = sign_in(ada).post(url(noor), new)

    noor = User.objects.get(pk=noor.pk)
    event = TrailEvent.objects.get(action="core.person_changed")
    assert reply.headers["Location"] == reverse("core:person", args=[noor.pk])
    assert (noor.name, noor.title, noor.employee_id) == ("Noor de Vries", "Lead Buyer", "E-17")
    assert list(noor.managers.all()) == [mia]
    assert list(User.objects.search("vries lead")) == [noor]
    assert trail() == ["core.person_changed"]
    assert event.change["before"] == {
        "name": "Noor Jansen", "title": "Buyer", "employee_id": "", "managers": ["Leo Marsh"],
    }  # fmt: skip
    assert event.change["after"]["managers"] == ["Mia Falk"]


def test_saving_what_is_known_already_changes_and_tells_nothing(ada, noor, sign_in, trail):
    sign_in(ada).post(url(noor), typed(noor))

    assert User.objects.get(pk=noor.pk).changed_at == noor.changed_at
    assert trail() == []


def test_of_two_who_edit_the_slower_sees_both_values(ada, noor, sign_in):
    browser = sign_in(ada)
    stale = typed(noor, title="Chief Buyer")
    browser.post(url(noor), typed(noor, title="Lead Buyer"))

    refused = browser.post(url(noor), stale)
    again = {**stale, "changed_at": User.objects.get(pk=noor.pk).changed_at.isoformat()}
    accepted = browser.post(url(noor), again)

    page = refused.content.decode()
    assert refused.status_code == 409
    assert "Chief Buyer" in page
    assert "Lead Buyer" in page
    assert again["changed_at"] in page
    assert accepted.status_code == 302
    assert User.objects.get(pk=noor.pk).title == "Chief Buyer"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": " "}, "This field is required."),
        ({"email": "noor"}, "Enter a valid email address."),
        ({"email": "Gus.Gone@meridian.example"}, "is the e-mail of Gus Gone, deactivated."),
        ({"title": "x" * 201}, "at most 200 characters"),
        ({"managers": ["unknown"]}, "One of the people chosen is deactivated or unknown"),
        ({"managers": ["../.."]}, "One of the people chosen is"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_typed_is_lost(changes, sentence, ada, noor, sign_in, trail):
    make_user("Gus Gone", status=User.Status.DEACTIVATED)

    reply = sign_in(ada).post(url(noor), typed(noor, department="Dept typed", **changes))

    page = reply.content.decode()
    assert reply.status_code == 422
    assert sentence in page
    assert "Dept typed" in page
    assert trail() == []


def test_nobody_is_their_own_manager_over_any_number_of_steps(ada, noor, sign_in, trail):
    chain = [noor, *(make_user(f"Person {number}") for number in range(4))]
    for boss, report in pairwise(chain):
        report.managers.add(boss)

    replies = [
        sign_in(ada).post(url(noor), typed(noor, managers=[person.pk])).content.decode() for person in chain
    ]

    assert "Noor Jansen cannot be their own manager." in replies[0]
    for number in range(4):
        assert f"Person {number} reports to Noor Jansen, directly or over others" in replies[number + 1]
    assert noor.managers.count() == 0
    assert trail() == []


def test_a_ring_that_is_there_already_ends_the_search(noor):
    mia, leo = make_user("Mia Falk"), make_user("Leo Marsh")
    mia.managers.add(leo)
    leo.managers.add(mia)

    assert is_over(leo, mia)
    assert not is_over(noor, mia)


def test_a_manager_who_is_gone_may_stay_but_not_come(ada, noor, sign_in):
    gone, other = (make_user(name, status=User.Status.DEACTIVATED) for name in ("Gus Gone", "Olga Out"))
    noor.managers.add(gone)
    browser = sign_in(ada)

    stays = browser.post(url(noor), typed(noor, title="Lead", managers=[gone.pk]))
    noor = User.objects.get(pk=noor.pk)
    comes = browser.post(url(noor), typed(noor, managers=[gone.pk, other.pk]))

    assert (stays.status_code, comes.status_code) == (302, 422)
    assert list(noor.managers.all()) == [gone]


def test_managers_are_found_and_chosen_without_script(ada, noor, sign_in, trail):
    mia, leo = make_user("Mia Falk"), make_user("Leo Marsh")
    search = typed(noor, title="Typed", managers=[leo.pk], managers_words="falk", managers_find="1")

    page = sign_in(ada).post(url(noor), search)

    text = page.content.decode()
    assert page.status_code == 200
    assert f'value="{mia.pk}"' in text
    assert f'value="{leo.pk}" checked' in text
    assert "Typed" in text
    assert trail() == []


def test_the_verb_refuses_whoever_is_no_super_administrator_now(ada, noor, trail):
    ada.roles()
    ada.holdings.all().delete()

    with pytest.raises(Denied):
        people.edit(noor, Facts("New", noor.email), [], by=ada, seen=noor.changed_at)

    assert trail() == []


def test_the_verb_wants_to_know_what_was_seen(ada, noor):
    with pytest.raises(StaleState):
        people.edit(noor, Facts("New", noor.email), [], by=ada, seen=None)


def test_the_old_address_hears_that_the_e_mail_changed(ada, noor, sign_in, nudges):
    old = noor.email

    sign_in(ada).post(url(noor), typed(noor, email="noor@elsewhere.example"))

    letter = OutgoingMail.objects.get()
    assert (letter.letter, letter.to, letter.recipient) == ("email_changed", old, noor)
    assert "Ada Lindgren changed the e-mail" in letter.text
    assert "noor@elsewhere.example" not in letter.text + letter.html


def test_the_old_address_hears_of_no_other_change(ada, noor, sign_in):
    sign_in(ada).post(url(noor), typed(noor, title="Lead Buyer"))

    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    "name", ["edit_person", "mail_password_link", "reactivate", "invite", "invite_again"]
)
def test_what_leads_to_the_account_of_another_wants_a_fresh_sign_in(name, ada, noor, sign_in, nudges, trail):
    if name == "reactivate":
        User.objects.filter(pk=noor.pk).update(status=User.Status.DEACTIVATED)
    address = reverse(f"core:{name}", args=[] if name == "invite" else [noor.pk])
    sent = typed(noor, email="evil@elsewhere.example", name="Noor Jansen")
    browser = sign_in(ada)

    with time_machine.travel(now() + timedelta(minutes=40), tick=False):
        reply = browser.post(address, sent)

    assert reply.headers["Location"].startswith(reverse("core:again"))
    assert not OutgoingMail.objects.exists()
    assert trail() == []


@pytest.mark.parametrize("who", ["super", "basic"])
def test_a_password_link_goes_out_by_hand(who, cast, sign_in, nudges, trail, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:2525"
    noor = make_user("Noor Jansen", Role.BASIC)
    noor.managers.add(cast["basic"])

    reply = sign_in(cast[who]).post(reverse("core:mail_password_link", args=[noor.pk]))

    letters = list(noor.letters.values_list("letter", flat=True))
    assert reply.status_code == (302 if who == "super" else 403)
    assert letters == (["password_link"] if who == "super" else [])
    assert trail() == (["core.password_link_mailed"] if who == "super" else [])


def test_where_no_mail_goes_out_the_password_link_is_shown_once_to_pass_on(ada, noor, sign_in, client, trail):
    browser, address = sign_in(ada), reverse("core:mail_password_link", args=[noor.pk])

    page = browser.post(address).content.decode()
    (link,) = set(re.findall(r"http://testserver(/password/[^\s\"<]+)", page))

    assert "waits in the outbox" in page
    assert client.get(link).status_code == 200
    assert trail() == ["core.password_link_mailed", "core.password_link_made"]
    assert link not in browser.get(reverse("core:person", args=[noor.pk])).content.decode()


def test_a_dropped_letter_is_not_said_to_come(ada, noor, sign_in, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:2525"
    Organisation.current()
    Organisation.objects.update(drops_letters=True)

    page = sign_in(ada).post(reverse("core:mail_password_link", args=[noor.pk])).content.decode()

    assert "Letters are dropped now (maintenance): they get none." in page


def test_after_the_e_mail_was_corrected_a_new_link_goes_out_at_once(ada, noor, nudges):
    old = noor.email

    people.mail_password_link(noor, by=ada)
    User.objects.filter(pk=noor.pk).update(email="noor@meridian.example")
    people.mail_password_link(User.objects.get(pk=noor.pk), by=ada)

    assert set(noor.letters.values_list("to", flat=True)) == {old, "noor@meridian.example"}


@pytest.mark.parametrize("who", ["connector_admin", "read_only", "basic"])
def test_only_a_super_administrator_gets_a_link_to_pass_on(who, cast, noor, trail):
    with pytest.raises(Denied):
        people.password_link_to_hand_over(noor, by=cast[who])

    assert trail() == []


def test_no_password_link_goes_to_whom_is_gone_or_needs_none(ada, noor, trail):
    gone = make_user("Gus Gone", status=User.Status.DEACTIVATED)
    Organisation.current()

    with pytest.raises(NotPossible, match="Reactivate them first"):
        people.mail_password_link(gone, by=ada)
    there = {"label": "Acme ID", "issuer": "https://id.example", "client_id": "c"}
    IdentityProvider.objects.create(status=IdentityProvider.Status.IN_FORCE, **there)
    Organisation.objects.update(passwords_for=Organisation.Passwords.SUPER)
    with pytest.raises(NotPossible, match="only Super Administrators use a password"):
        people.mail_password_link(noor, by=ada)

    assert trail() == []
