"""Who holds which role: by hand and by the provider, one and many, never without a Super Administrator."""

from collections.abc import Callable

import pytest
from django.urls import reverse

from core.actions import people, roles
from core.errors import Denied, NotPossible, StaleState
from core.models import Role, RoleHolding, TrailEvent, User
from core.queries.people import has_administrator
from tests.connectors.sync.test_races import at_once
from tests.make import make_user

BULK = reverse("core:people_roles")


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


@pytest.fixture
def noor(db):
    return make_user("Noor Jansen", Role.BASIC)


def held(person):
    return set(User.objects.get(pk=person.pk).roles())


def url(person):
    return reverse("core:person_roles", args=[person.pk])


def seen(person):
    return User.objects.get(pk=person.pk).changed_at.isoformat()


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ([], {"basic"}),
        (["basic"], {"basic"}),
        (["campaign", "connector"], {"campaign", "connector", "basic"}),
        (["read_only"], {"read_only"}),
        (["read_only", "basic"], {"read_only", "basic"}),
        (["read_only", "campaign"], {"read_only", "campaign", "basic"}),
    ],
)
def test_basic_user_comes_by_itself_but_to_who_only_reads(chosen, found, ada, noor, sign_in):
    reply = sign_in(ada).post(url(noor), {"roles": chosen, "changed_at": seen(noor)})

    assert reply.status_code == 302
    assert held(noor) == found


def test_a_change_is_told_with_both_sides_and_in_force_at_once(ada, noor, sign_in, trail):
    theirs = sign_in(noor)
    assert theirs.get(reverse("core:people")).status_code == 403

    sign_in(ada).post(url(noor), {"roles": ["campaign"], "changed_at": seen(noor)})

    assert theirs.get(reverse("core:people")).status_code == 200
    assert trail() == ["core.roles_changed"]
    assert TrailEvent.objects.get().change == {
        "before": {"roles": ["Basic User"]},
        "after": {"roles": ["Campaign Administrator", "Basic User"]},
    }


def test_roles_of_the_provider_are_shown_and_stay(ada, noor, sign_in):
    RoleHolding.objects.create(user=noor, role=Role.CONNECTOR, source=RoleHolding.Source.PROVIDER)
    browser = sign_in(ada)

    page = browser.get(url(noor)).content.decode()
    browser.post(url(noor), {"roles": ["campaign"], "changed_at": seen(noor)})

    assert "From the identity provider" in page
    assert held(noor) == {"connector", "campaign", "basic"}
    assert noor.holdings.get(role="connector").source == "provider"


def test_a_role_of_the_provider_that_is_ticked_is_given_by_hand_too(ada, noor, sign_in):
    RoleHolding.objects.create(user=noor, role=Role.CONNECTOR, source=RoleHolding.Source.PROVIDER)

    sign_in(ada).post(url(noor), {"roles": ["connector"], "changed_at": seen(noor)})
    again = roles.replace_roles([noor], [Role.CONNECTOR], by=ada)

    assert held(noor) == {"connector", "basic"}
    assert noor.holdings.get(role="connector").source == "hand"
    assert TrailEvent.objects.get().change == {"also_by_hand": ["Connector Administrator"]}
    assert again == []


def test_roles_that_did_not_change_keep_their_day(ada, noor):
    since = noor.holdings.get().since

    roles.replace_roles([noor], [Role.CAMPAIGN], by=ada)

    assert noor.holdings.get(role="basic").since == since


def test_of_two_who_change_the_slower_sees_both(ada, noor, sign_in):
    browser, before = sign_in(ada), seen(noor)
    browser.post(url(noor), {"roles": ["campaign"], "changed_at": before})

    reply = browser.post(url(noor), {"roles": ["helpdesk"], "changed_at": before})

    page = reply.content.decode()
    assert reply.status_code == 409
    assert "Saved now" in page
    assert held(noor) == {"campaign", "basic"}
    with pytest.raises(StaleState):
        roles.change_roles(noor, [], by=ada, seen=None)


def test_an_unknown_role_is_refused(ada, noor, sign_in):
    reply = sign_in(ada).post(url(noor), {"roles": ["god"], "changed_at": seen(noor)})

    assert reply.status_code == 422
    assert "Choose roles of the list only." in reply.content.decode()
    assert held(noor) == {"basic"}


def test_many_at_once_lose_what_was_given_by_hand_and_get_what_is_ticked(ada, noor, sign_in, trail):
    marcus = make_user("Marcus Adeyemi", Role.CONNECTOR, Role.BASIC)
    same = make_user("Hugo Brandt", Role.CAMPAIGN, Role.BASIC)
    keys = [person.pk for person in (noor, marcus, same)]
    browser = sign_in(ada)

    page = browser.get(BULK, {"people": keys}).content.decode()
    reply = browser.post(BULK, {"people": keys, "roles": ["campaign"]}, follow=True)

    assert "Replace the roles of 3 people?" in " ".join(page.split())
    assert all(person.name in page for person in (noor, marcus, same))
    assert "The roles of 2 people are changed, 1 had these roles already." in reply.content.decode()
    assert [held(person) for person in (noor, marcus, same)] == [{"campaign", "basic"}] * 3
    assert trail() == ["core.roles_changed"] * 2


@pytest.mark.parametrize("keys", [[], ["../.."], ["unknown"]])
def test_many_at_once_wants_somebody_ticked(keys, ada, sign_in, trail):
    reply = sign_in(ada).post(BULK, {"people": keys, "roles": ["super"]}, follow=True)

    assert "Tick at least one active person first." in reply.content.decode()
    assert trail() == []


def test_whoever_is_no_super_administrator_changes_no_roles_not_even_their_own(cast, sign_in, trail):
    for who in ("connector_admin", "application", "campaign", "request", "helpdesk", "read_only", "basic"):
        person = cast[who]
        before = held(person)

        one = sign_in(person).post(url(person), {"roles": ["super"], "changed_at": seen(person)})
        many = sign_in(person).post(BULK, {"people": [person.pk], "roles": ["super"]})

        assert (one.status_code, many.status_code) == (403, 403)
        assert held(person) == before
    assert trail() == []


def test_a_refusal_says_who_can_help(cast, sign_in):
    page = sign_in(cast["campaign"]).get(url(cast["campaign"])).content.decode()

    assert "Only a Super Administrator can change roles." in page
    assert "Your administrators:" in page
    assert "Ada Lindgren" in page


def test_a_copy_that_was_super_once_changes_nothing(ada, noor):
    make_user("Bo Berg", Role.SUPER)
    assert ada.is_super
    RoleHolding.objects.filter(user=ada, role=Role.SUPER).delete()

    with pytest.raises(Denied):
        roles.replace_roles([noor], [Role.SUPER], by=ada)


def test_role_changes_ask_to_sign_in_again(ada, noor, sign_in, trail):
    browser = sign_in(ada)
    session = browser.session
    session["proven_at"] = session["proven_at"] - 3600
    session.save()

    one = browser.post(url(noor), {"roles": ["campaign"], "changed_at": seen(noor)})
    many = browser.post(BULK, {"people": [noor.pk], "roles": ["campaign"]})

    for reply in (one, many):
        assert reply.headers["Location"].startswith(reverse("core:again"))
    assert held(noor) == {"basic"}
    assert trail() == []


def test_the_last_super_administrator_stays_one(ada, noor, sign_in, trail):
    make_user("Gus Gone", Role.SUPER, status=User.Status.DEACTIVATED)

    one = sign_in(ada).post(url(ada), {"roles": ["campaign"], "changed_at": seen(ada)})
    many = sign_in(ada).post(BULK, {"people": [noor.pk, ada.pk], "roles": ["campaign"]})

    for reply in (one, many):
        assert reply.status_code == 409
        assert "Make somebody else one first." in reply.content.decode()
    assert held(ada) == {"super", "basic"}
    assert held(noor) == {"basic"}
    assert trail() == []


def test_a_super_administrator_may_step_back_for_another(ada, noor):
    roles.replace_roles([noor], [Role.SUPER], by=ada)

    roles.replace_roles([ada], [], by=ada)

    assert held(ada) == {"basic"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["demote", "deactivate", "mixed"])
def test_two_super_administrators_who_remove_each_other_leave_one(way):
    ada, bo = make_user("Ada Lindgren", Role.SUPER), make_user("Bo Berg", Role.SUPER)

    def demote(person: User, by: User) -> Callable[[], object]:
        return lambda: roles.replace_roles([person], [], by=by)

    def leave(person: User, by: User) -> Callable[[], object]:
        return lambda: people.deactivate(person, by=by)

    first = leave if way == "deactivate" else demote
    second = demote if way == "demote" else leave
    outcomes = at_once(first(bo, ada), second(ada, bo))

    assert has_administrator()
    assert sorted(outcomes, key=str) == sorted([None, Denied], key=str)


@pytest.mark.django_db(transaction=True)
def test_three_who_step_back_at_once_leave_one():
    some = [make_user(f"Super {number}", Role.SUPER) for number in range(3)]

    def step_back(person: User) -> Callable[[], object]:
        return lambda: roles.replace_roles([person], [], by=person)

    outcomes = at_once(*(step_back(person) for person in some))

    assert User.objects.holding(Role.SUPER).count() == 1
    assert sorted(outcomes, key=str) == sorted([None, None, NotPossible], key=str)
