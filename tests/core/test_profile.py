"""One's own page, and the time zone one sees times in."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from core.actions import people
from core.errors import Denied, NotPossible
from core.models import Membership, Organisation, PeopleGroup, Role, User
from tests.make import make_user

PROFILE = reverse("core:profile")


@pytest.fixture
def noor(db):
    return make_user("Noor Jansen", Role.BASIC, title="Buyer", employee_id="E-17")


def test_it_tells_what_is_known_of_oneself_and_who_can_correct_it(noor, sign_in):
    make_user("Ada Lindgren", Role.SUPER)
    noor.managers.add(make_user("Mia Falk"))
    Membership.objects.create(group=PeopleGroup.objects.create(name="Approvers"), person=noor)

    page = sign_in(noor).get(PROFILE).content.decode()

    for fact in ("Noor Jansen", noor.email, "Buyer", "E-17", "Mia Falk", "Approvers", "Basic User",
                 "Ada Lindgren", "Nobody stands in."):  # fmt: skip
        assert fact in page


def test_it_stands_in_the_profile_menu(noor, sign_in):
    assert f'href="{PROFILE}"' in sign_in(noor).get("/").content.decode()


def test_it_leads_to_password_and_second_factor(noor, sign_in):
    page = sign_in(noor).get(PROFILE).content.decode()

    assert reverse("core:change_password") in page
    assert reverse("core:second_factor") in page


def test_times_are_shown_in_ones_own_zone_and_to_others_in_the_organisations(noor, sign_in):
    Organisation.current()
    Organisation.objects.update(time_zone="Europe/Oslo")
    User.objects.filter(pk=noor.pk).update(created_at=datetime(2026, 1, 5, 23, 30, tzinfo=UTC))
    ada, url = make_user("Ada Lindgren", Role.SUPER), reverse("core:person", args=[noor.pk])
    theirs = sign_in(noor)
    before = theirs.get(url).content.decode()

    reply = theirs.post(reverse("core:time_zone"), {"time_zone": "America/New_York"})

    assert reply.headers["Location"] == PROFILE
    assert "6 Jan 2026</time>" in before
    assert "5 Jan 2026</time>" in theirs.get(url).content.decode()
    assert "6 Jan 2026</time>" in sign_in(ada).get(url).content.decode()


def test_the_organisations_zone_comes_back_by_choosing_none(noor, sign_in):
    User.objects.filter(pk=noor.pk).update(time_zone="Asia/Tokyo")

    sign_in(noor).post(reverse("core:time_zone"), {"time_zone": ""})

    assert User.objects.get(pk=noor.pk).time_zone == ""


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "x" * 300])
def test_a_zone_that_is_none_is_refused(zone, noor, sign_in):
    reply = sign_in(noor).post(reverse("core:time_zone"), {"time_zone": zone})

    assert reply.status_code == 422
    assert "not known here" in reply.content.decode()
    assert User.objects.get(pk=noor.pk).time_zone == ""


def test_the_verb_takes_only_known_zones_and_only_ones_own(noor):
    with pytest.raises(NotPossible):
        people.choose_time_zone(noor, "Mars/Olympus", by=noor)
    with pytest.raises(Denied):
        people.choose_time_zone(noor, "Asia/Tokyo", by=make_user("Ada Lindgren", Role.SUPER))

    assert User.objects.get(pk=noor.pk).time_zone == ""
