"""Groups of people: made, renamed, filled and emptied by those who may."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.actions import groups
from core.errors import Denied, NotPossible
from core.models import Membership, PeopleGroup, Role, TrailEvent, User
from tests.connectors.sync.test_races import at_once
from tests.make import make_user

GROUPS = reverse("core:groups")


@pytest.fixture
def hugo(db):
    return make_user("Hugo Brandt", Role.CAMPAIGN, Role.BASIC)


@pytest.fixture
def group(db):
    return PeopleGroup.objects.create(name="Finance reviewers", description="Quarter close")


def url(name, group):
    return reverse(f"core:{name}", args=[group.pk])


def seen(group):
    return PeopleGroup.objects.get(pk=group.pk).changed_at.isoformat()


def inside(group):
    return set(group.memberships.values_list("person__name", flat=True))


def test_a_group_is_made_found_and_told(hugo, sign_in, trail):
    browser = sign_in(hugo)

    reply = browser.post(
        reverse("core:add_group"), {"name": "Zürich approvers", "description": "For one site"}
    )

    group = PeopleGroup.objects.get()
    assert reply.headers["Location"] == url("group", group)
    assert "Zürich approvers" in browser.get(GROUPS, {"q": "zurich SITE"}).content.decode()
    assert "No group fits" in browser.get(GROUPS, {"q": "paris"}).content.decode()
    assert trail() == ["core.group_made"]


def test_a_group_is_renamed_and_told_with_both_sides(hugo, group, sign_in, trail):
    typed = {"name": "Finance", "description": "Quarter close", "changed_at": seen(group)}

    sign_in(hugo).post(url("edit_group", group), typed)

    group.refresh_from_db()
    assert group.name == "Finance"
    assert group.search_text == "finance quarter close"
    assert trail() == ["core.group_changed"]
    assert TrailEvent.objects.get().change == {
        "before": {"name": "Finance reviewers", "description": "Quarter close"},
        "after": {"name": "Finance", "description": "Quarter close"},
    }


def test_of_two_who_rename_the_slower_sees_both_names(hugo, group, sign_in):
    browser, before = sign_in(hugo), seen(group)
    browser.post(url("edit_group", group), {"name": "First name", "changed_at": before})

    reply = browser.post(url("edit_group", group), {"name": "Second name", "changed_at": before})

    page = reply.content.decode()
    assert reply.status_code == 409
    assert "First name" in page
    assert "Second name" in page
    assert PeopleGroup.objects.get().name == "First name"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "This field is required."),
        ("x" * 201, "at most 200 characters"),
        ("FINANCE reviewers", "There is a group called &quot;FINANCE reviewers&quot; already."),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_typed_is_lost(
    name, sentence, hugo, group, sign_in, trail
):
    other = PeopleGroup.objects.create(name="Other")
    typed = {"name": name, "description": "Typed before"}

    new = sign_in(hugo).post(reverse("core:add_group"), typed)
    renamed = sign_in(hugo).post(url("edit_group", other), {**typed, "changed_at": seen(other)})

    for reply in (new, renamed):
        page = reply.content.decode()
        assert reply.status_code == 422
        assert sentence in page
        assert "Typed before" in page
    assert trail() == []


def test_people_join_once_and_leave(hugo, group, sign_in, trail):
    noor, mia = make_user("Noor Jansen"), make_user("Mia Falk")
    Membership.objects.create(group=group, person=mia)
    browser = sign_in(hugo)

    joined = browser.post(url("add_members", group), {"people": [noor.pk, mia.pk]}, follow=True)
    full = inside(group)
    browser.post(url("remove_member", group), {"person": mia.pk})

    assert "1 person joined." in joined.content.decode()
    assert full == {"Noor Jansen", "Mia Falk"}
    assert inside(group) == {"Noor Jansen"}
    assert trail() == ["core.group_joined", "core.group_left"]
    assert TrailEvent.objects.get(action="core.group_joined").change == {"people": ["Noor Jansen"]}


def test_a_group_may_be_emptied_and_stays(hugo, group, sign_in):
    noor = make_user("Noor Jansen")
    Membership.objects.create(group=group, person=noor)

    sign_in(hugo).post(url("remove_member", group), {"person": noor.pk})

    page = sign_in(hugo).get(url("group", group)).content.decode()
    assert "Nobody is in it" in page


def test_members_are_found_and_chosen_without_script(hugo, group, sign_in, trail):
    noor, mia = make_user("Noor Jansen"), make_user("Mia Falk")
    search = {"people": [mia.pk], "people_words": "jansen", "people_find": "1"}

    page = sign_in(hugo).post(url("add_members", group), search)

    text = page.content.decode()
    assert page.status_code == 200
    assert f'value="{noor.pk}"' in text
    assert f'value="{mia.pk}" checked' in text
    assert trail() == []


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ("", "Choose at least one person."),
        ("gone", "deactivated or unknown"),
        ("?", "deactivated or unknown"),
    ],
)
def test_who_cannot_join_is_refused_with_a_sentence(who, sentence, hugo, group, sign_in, trail):
    gone = make_user("Gus Gone", status=User.Status.DEACTIVATED)
    keys = {"": [], "gone": [gone.pk], "?": ["?"]}[who]

    reply = sign_in(hugo).post(url("add_members", group), {"people": keys})

    assert reply.status_code == 422
    assert sentence in reply.content.decode()
    assert trail() == []


def test_the_verbs_refuse_who_is_gone_and_who_is_not_in_it(hugo, group, trail):
    noor, gone = make_user("Noor Jansen"), make_user("Gus Gone", status=User.Status.DEACTIVATED)

    with pytest.raises(NotPossible, match="Gus Gone is deactivated"):
        groups.add_members(group, [noor, gone], by=hugo)
    with pytest.raises(NotPossible, match="Noor Jansen is not in Finance reviewers"):
        groups.remove_member(group, noor, by=hugo)

    assert inside(group) == set()
    assert trail() == []


def test_all_administrators_see_groups_and_only_two_kinds_change_them(cast, group, sign_in, trail):
    changers = {"super", "campaign"}
    for who in ("super", "campaign", "connector_admin", "application", "request", "helpdesk", "read_only"):
        page = sign_in(cast[who]).get(url("group", group))

        assert page.status_code == 200
        assert ("Add people" in page.content.decode()) == (who in changers)
        if who not in changers:
            with pytest.raises(Denied):
                groups.create("New", by=cast[who])
            with pytest.raises(Denied):
                groups.add_members(group, [cast["basic"]], by=cast[who])
    assert trail() == []


def test_a_group_that_is_not_there_is_not_found(hugo, sign_in):
    assert sign_in(hugo).get(reverse("core:group", args=["nothing"])).status_code == 404


def test_the_list_asks_as_often_for_many_groups_as_for_one(hugo, group, sign_in):
    browser = sign_in(hugo)
    browser.get(GROUPS)

    def queries():
        with CaptureQueriesContext(connection) as asked:
            browser.get(GROUPS)
        return len(asked)

    few = queries()
    for number in range(40):
        more = PeopleGroup.objects.create(name=f"Group {number}")
        Membership.objects.create(group=more, person=hugo)

    assert queries() == few


@pytest.mark.django_db(transaction=True)
def test_of_two_groups_with_one_name_one_is_made():
    hugo = make_user("Hugo Brandt", Role.CAMPAIGN)

    outcomes = at_once(*(lambda: groups.create("Approvers", by=hugo) for _ in range(3)))

    assert sorted(outcomes, key=str) == sorted([None, groups.TakenName, groups.TakenName], key=str)
    assert PeopleGroup.objects.count() == 1
