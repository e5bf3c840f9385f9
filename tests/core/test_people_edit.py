"""Changing what is known of a person: facts, managers; two at once; no rings."""

from itertools import pairwise

import pytest
from django.urls import reverse

from core.actions import people
from core.actions.people import Facts
from core.errors import Denied, NotPossible, StaleState
from core.models import IdentityProvider, Organisation, Role, TrailEvent, User
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


@pytest.mark.parametrize("who", ["super", "basic"])
def test_a_password_link_goes_out_by_hand(who, cast, sign_in, nudges, trail):
    noor = make_user("Noor Jansen", Role.BASIC)
    noor.managers.add(cast["basic"])

    reply = sign_in(cast[who]).post(reverse("core:mail_password_link", args=[noor.pk]))

    letters = list(noor.letters.values_list("letter", flat=True))
    assert reply.status_code == (302 if who == "super" else 403)
    assert letters == (["password_link"] if who == "super" else [])
    assert trail() == (["core.password_link_mailed"] if who == "super" else [])


def test_no_password_link_goes_to_whom_is_gone_or_needs_none(ada, noor, trail):
    gone = make_user("Gus Gone", status=User.Status.DEACTIVATED)
    Organisation.current()

    with pytest.raises(NotPossible, match="Reactivate them first"):
        people.mail_password_link(gone, by=ada)
    there = {"label": "Acme ID", "issuer": "https://id.example", "client_id": "c"}
    IdentityProvider.objects.create(status=IdentityProvider.Status.IN_FORCE, **there)
    Organisation.objects.update(passwords_for=Organisation.Passwords.SUPER)
    with pytest.raises(NotPossible, match="Only Super Administrators sign in with a password"):
        people.mail_password_link(noor, by=ada)

    assert trail() == []
