"""Apps made, managed, described, owned and deleted by those who may."""

import pytest

from connectors.actions import app_owners, applications
from connectors.actions.applications import Facts
from connectors.models import App, AppOwner
from core.errors import Denied, NotPossible, StaleState
from core.models import OutgoingMail, Role, TrailEvent
from tests.make import (
    make_account,
    make_app,
    make_connector,
    make_entitlement,
    make_grant,
    make_user,
)


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER)


@pytest.fixture
def ines(db):
    return make_user("Ines Moreau", Role.APPLICATION)


@pytest.fixture
def tom(db):
    return make_user("Tom Okafor", Role.BASIC)


@pytest.fixture
def found(db):
    return make_app("Warehouse", status=App.Status.UNMANAGED, found_through='Okta app "wb"')


def letters():
    return sorted(OutgoingMail.objects.filter(letter="app_owner_named").values_list("to", flat=True))


def told(action):
    return TrailEvent.objects.filter(action=action).latest("pk").change


def test_a_new_app_is_managed_and_its_owners_are_written_to_but_not_its_maker(ines, tom, trail):
    app = applications.create(Facts("Treasury", "Cash"), [ines, tom], by=ines)

    assert (app.status, app.description) == ("managed", "Cash")
    assert list(app.owners_now()) == [ines, tom]
    assert letters() == [tom.email]
    assert trail() == ["apps.created", "apps.owners_named"]


def test_a_name_that_is_taken_wants_a_word_that_it_is_another(ines):
    make_app("Tréasury")

    with pytest.raises(applications.TakenName):
        applications.create(Facts("TREASURY"), [ines], by=ines)

    assert applications.create(Facts("TREASURY"), [ines], is_another=True, by=ines).pk


def test_the_name_of_a_deleted_app_is_free(ines):
    make_app("Treasury", status=App.Status.DELETED)

    assert applications.create(Facts("Treasury"), [ines], by=ines).pk


def test_found_apps_become_managed_all_at_once(ada, tom, found, trail):
    other = make_app("Travel", status=App.Status.UNMANAGED)

    applications.manage([found, other], [tom], by=ada)

    assert App.objects.managed().owned_by(tom).count() == 2
    assert trail() == ["apps.managed", "apps.managed", "apps.owners_named", "apps.owners_named"]
    assert letters() == [tom.email]  # one letter about both


def test_what_is_managed_is_not_managed_again_and_then_none_is(ada, tom, found):
    already = make_app("Payroll")

    with pytest.raises(NotPossible, match="Payroll: not unmanaged any more"):
        applications.manage([found, already], [tom], by=ada)

    found.refresh_from_db()
    assert found.status == "unmanaged"


@pytest.mark.parametrize("role", [Role.CONNECTOR, Role.APPLICATION, Role.BASIC])
def test_only_a_super_administrator_manages_found_apps(role, found):
    person = make_user("Kim", role)

    with pytest.raises(Denied):
        applications.manage([found], [person], by=person)


def test_settings_change_and_the_trail_says_what(ada, trail):
    app = make_app("Coupa")
    facts = Facts("Coupa Production", "Procure to pay", "coins", {"cost-centre": "4711"})

    applications.edit(app, facts, seen=app.changed_at, by=ada)

    app.refresh_from_db()
    assert (app.name, app.icon, app.annotations) == ("Coupa Production", "coins", {"cost-centre": "4711"})
    assert list(App.objects.search("production")) == [app]
    assert told("apps.changed")["before"]["name"] == "Coupa"
    assert trail() == ["apps.changed"]


def test_settings_that_change_nothing_leave_no_event(ada, trail):
    app = make_app("Coupa")

    applications.edit(app, Facts("Coupa"), seen=app.changed_at, by=ada)

    assert trail() == []


def test_settings_seen_before_another_change_are_stale(ada):
    app = make_app("Coupa")
    seen = app.changed_at
    applications.edit(app, Facts("Coupa 2"), seen=seen, by=ada)

    with pytest.raises(StaleState):
        applications.edit(app, Facts("Coupa 3"), seen=seen, by=ada)


@pytest.mark.parametrize(
    "notes", [{f"k{number}": "" for number in range(17)}, {"k": "x" * 4096}], ids=["many", "long"]
)
def test_annotations_are_few_and_small(ada, notes):
    app = make_app("Coupa")

    with pytest.raises(applications.TooMuch):
        applications.edit(app, Facts("Coupa", annotations=notes), seen=app.changed_at, by=ada)


def test_an_owner_without_the_role_governs_nothing(tom):
    app = make_app("Coupa", tom)

    with pytest.raises(Denied, match="Application Administrator"):
        applications.edit(app, Facts("Mine"), seen=app.changed_at, by=tom)
    with pytest.raises(Denied):
        app_owners.name_owners(app, [tom], [], seen=app.changed_at, by=tom)
    with pytest.raises(Denied):
        applications.delete(app, typed="Coupa", by=tom)


def test_owners_are_people_and_whoever_holds_an_entitlement(ines, tom, trail):
    app = make_app("Coupa", ines)
    admin = make_entitlement(app, "Administrator")
    make_grant(make_account(app, person=tom), admin)

    asked = app_owners.name_owners(app, [ines], [admin], seen=app.changed_at, by=ines)

    assert set(app.owners_now()) == {ines, tom}
    assert asked == []
    assert told("apps.owners_named")["after"] == ["Holders of Administrator", "Ines Moreau"]


def test_the_last_owner_may_go(ada, tom):
    app = make_app("Coupa", tom)

    app_owners.name_owners(app, [], [], seen=app.changed_at, by=ada)

    assert not AppOwner.objects.filter(app=app).exists()
    assert told("apps.owners_named")["before"] == ["Tom Okafor"]


def test_somebody_named_again_is_not_written_to_again(ada, tom):
    app = make_app("Coupa", tom)

    assert app_owners.name_owners(app, [tom, ada], [], seen=app.changed_at, by=ada) == []
    assert letters() == []


def test_nobody_deactivated_becomes_an_owner_but_one_who_is_stays(ada):
    gone = make_user("Peter Kovacs", status="deactivated")
    app, other = make_app("Coupa", gone), make_app("Travel")

    app_owners.name_owners(app, [gone, ada], [], seen=app.changed_at, by=ada)
    with pytest.raises(NotPossible, match="Peter Kovacs cannot own"):
        app_owners.name_owners(other, [gone], [], seen=other.changed_at, by=ada)

    assert AppOwner.objects.filter(app=app).count() == 2


def test_two_who_change_owners_at_once_do_not_undo_each_other(ada, tom):
    app = make_app("Coupa")
    seen = app.changed_at
    app_owners.name_owners(app, [tom], [], seen=seen, by=ada)

    with pytest.raises(StaleState):
        app_owners.name_owners(app, [ada], [], seen=seen, by=ada)


def test_a_deleted_app_leaves_the_lists_and_stays_for_auditors(ines, trail):
    app = make_app("Archive", ines, provider="Okta", provider_id="0oa1")
    make_grant(make_account(app), make_entitlement(app))
    auditor = make_user("Vera Stein", Role.READ_ONLY)

    applications.delete(app, typed=" Archive ", by=ines)

    app.refresh_from_db()
    assert (app.status, app.deleted_by, app.provider_id) == ("deleted", ines, "")
    assert not App.objects.visible_to(ines).exists()
    assert list(App.objects.visible_to(auditor)) == [app]
    assert app.resource_types.exists()
    assert trail() == ["apps.deleted"]


def test_an_app_that_a_connector_reads_is_not_deleted(ada):
    app = make_connector(name="Coupa").app

    with pytest.raises(NotPossible, match="delete its connectors first"):
        applications.delete(app, typed="Coupa", by=ada)


def test_an_app_is_not_deleted_by_another_word(ada):
    app = make_app("Coupa")

    with pytest.raises(NotPossible, match="Type the name"):
        applications.delete(app, typed="DELETE", by=ada)

    app.refresh_from_db()
    assert app.status == "managed"


def test_forgetting_a_list_takes_its_unmanaged_apps_only(ada, trail):
    for number in range(2):
        make_app(f"W{number}", status=App.Status.UNMANAGED, provider="Okta", provider_id=str(number))
    make_app("Payroll", provider="Okta", provider_id="9")
    make_app("Travel", status=App.Status.UNMANAGED, provider="Entra", provider_id="1")

    assert applications.forget("Okta", number=2, by=ada) == 2

    assert sorted(App.objects.here().values_list("name", flat=True)) == ["Payroll", "Travel"]
    assert trail() == ["apps.forgotten"] * 2


@pytest.mark.parametrize(("provider", "number"), [("Okta", 3), ("", 1), ("Nobody", 0)])
def test_a_list_is_not_forgotten_by_another_number_or_name(provider, number, ada):
    make_app("W", status=App.Status.UNMANAGED, provider="Okta", provider_id="1")
    make_app("Old", status=App.Status.UNMANAGED)

    with pytest.raises(NotPossible):
        applications.forget(provider, number=number, by=ada)

    assert App.objects.unmanaged().count() == 2


def test_an_application_administrator_sees_what_was_found_and_what_is_theirs(ines, found):
    mine = make_app("Coupa", ines)
    make_app("Payroll")

    assert set(App.objects.visible_to(ines)) == {found, mine}
    assert list(App.objects.governed_by(ines)) == [mine]
