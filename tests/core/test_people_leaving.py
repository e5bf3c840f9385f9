"""Deactivating people and letting them in again."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from core import panels
from core.actions import people
from core.errors import Denied, NotPossible
from core.models import Delegation, Role, TrailEvent, User
from core.panels import Panel
from tests.make import make_user


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


@pytest.fixture
def noor(db):
    return make_user("Noor Jansen", Role.BASIC)


def test_who_is_deactivated_is_signed_out_and_stays_out(ada, noor, sign_in, trail):
    theirs = sign_in(noor)
    assert theirs.get("/").status_code == 200

    reply = sign_in(ada).post(reverse("core:deactivate", args=[noor.pk]), {"reason": "Left in May"})

    assert reply.status_code == 302
    assert theirs.get("/").status_code == 302
    assert User.objects.get(pk=noor.pk).status == "deactivated"
    assert trail() == ["core.sessions_ended", "core.person_deactivated"]
    assert TrailEvent.objects.get(action="core.person_deactivated").change == {"reason": "Left in May"}


def test_who_comes_back_holds_the_roles_of_before_and_signs_in_anew(ada, noor, sign_in, trail):
    theirs = sign_in(noor)
    people.deactivate(noor, by=ada)

    sign_in(ada).post(reverse("core:reactivate", args=[noor.pk]))

    noor = User.objects.get(pk=noor.pk)
    assert noor.is_active
    assert noor.roles() == {"basic"}
    assert theirs.get("/").status_code == 302
    assert trail()[-1] == "core.person_reactivated"


def test_who_is_gone_stands_in_for_nobody(ada, noor, trail):
    other = make_user("Ella Brink")
    until = now() + timedelta(days=3)
    Delegation.objects.create(person=other, delegate=noor, starts_at=now(), ends_at=until)
    Delegation.objects.create(person=noor, delegate=ada, starts_at=now(), ends_at=until)

    people.deactivate(noor, by=ada)

    assert list(Delegation.objects.values_list("person__name", flat=True)) == ["Noor Jansen"]
    assert trail()[0] == "core.delegation_ended"


def test_the_page_says_first_what_they_leave_behind(ada, noor, sign_in, monkeypatch):
    make_user("Leo Marsh").managers.add(noor)
    Delegation.objects.create(
        person=make_user("Ella Brink"), delegate=noor, starts_at=now(), ends_at=now() + timedelta(days=3)
    )
    panel = Panel(
        1, "components/toast.html", lambda request, details: {"sentence": f"Owner: {details['person']}"}
    )
    monkeypatch.setitem(panels._slots, "person_leaves", [panel])

    page = " ".join(sign_in(ada).get(reverse("core:deactivate", args=[noor.pk])).content.decode().split())

    theirs = reverse("core:person", args=[noor.pk])
    assert f'Manager of <a href="{theirs}#h-reports">1 person</a>' in page
    assert "<bdi>Ella Brink</bdi></a>: that ends." in page
    assert "Owner: Noor Jansen" in page


def test_a_reason_too_long_is_sent_back(ada, noor, sign_in, trail):
    reply = sign_in(ada).post(reverse("core:deactivate", args=[noor.pk]), {"reason": "x" * 501})

    assert reply.status_code == 422
    assert "at most 500 letters" in reply.content.decode()
    assert trail() == []


def test_nobody_deactivates_themselves(ada, trail):
    make_user("Bo Berg", Role.SUPER)

    with pytest.raises(NotPossible, match="You cannot deactivate yourself"):
        people.deactivate(ada, by=ada)

    assert trail() == []


def test_a_second_time_is_refused_with_a_sentence(ada, noor, trail):
    people.deactivate(noor, by=ada)
    told = trail()

    with pytest.raises(NotPossible, match="deactivated already"):
        people.deactivate(noor, by=ada)
    people.reactivate(noor, by=ada)
    with pytest.raises(NotPossible, match="active already"):
        people.reactivate(noor, by=ada)

    assert trail() == [*told, "core.person_reactivated"]


def test_the_verbs_refuse_whoever_is_no_super_administrator(noor, trail):
    marcus = make_user("Marcus Adeyemi", Role.CONNECTOR)

    with pytest.raises(Denied):
        people.deactivate(noor, by=marcus)
    with pytest.raises(Denied):
        people.reactivate(noor, by=marcus)

    assert User.objects.get(pk=noor.pk).is_active
    assert trail() == []


def test_who_ends_their_own_sessions_stays_in_where_they_do_so(noor, sign_in, trail):
    here, there = sign_in(noor), sign_in(noor)
    profile = reverse("core:profile")
    end = reverse("core:end_sessions", args=[noor.pk])
    page = here.get(profile).content.decode()

    reply = here.post(end, follow=True)

    assert f'action="{end}"' in page
    assert reply.redirect_chain[-1][0] == profile
    assert "You are signed out everywhere else." in reply.content.decode()
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302
    assert trail() == ["core.sessions_ended"]


def test_sessions_end_by_hand(ada, noor, sign_in, trail):
    theirs = sign_in(noor)

    sign_in(ada).post(reverse("core:end_sessions", args=[noor.pk]))

    assert theirs.get("/").status_code == 302
    assert User.objects.get(pk=noor.pk).is_active
    assert trail() == ["core.sessions_ended"]
