"""Lists of apps applied: once, again, and never against what people decided."""

import pytest

from connectors.actions import app_lists
from connectors.discovery import FoundApp, Listing, Mistake
from connectors.models import App
from core.errors import Denied, StaleState
from core.models import Role
from tests.make import make_app, make_user

COUPA = FoundApp("Okta", "0oa1", "Coupa SSO", 3871)


@pytest.fixture
def ines(db):
    return make_user("Ines Moreau", Role.APPLICATION)


def bring(by, *apps, mistakes=()):
    listing = Listing(list(apps), mistakes)
    return app_lists.apply(listing, seen=app_lists.plan(listing).digest, by=by)


def only():
    return App.objects.get()


def test_a_found_app_is_unmanaged_and_says_where_it_was_found(ines, trail):
    bring(ines, COUPA)

    app = only()
    assert (app.name, app.status, app.found_users) == ("Coupa SSO", "unmanaged", 3871)
    assert app.found_through == 'Okta app "Coupa SSO"'
    assert list(App.objects.search("coupa sso")) == [app]
    assert trail() == ["apps.found"]


def test_the_same_list_again_changes_nothing(ines, trail):
    bring(ines, COUPA)

    again = bring(ines, COUPA)

    assert (again.unchanged, again.does_something) == (1, False)
    assert App.objects.count() == 1
    assert trail() == ["apps.found"]


def test_a_renamed_app_is_the_same_app(ines, trail):
    bring(ines, COUPA)

    bring(ines, FoundApp("Okta", "0oa1", "Coupa (new)", 4000))

    app = only()
    assert (app.name, app.found_users) == ("Coupa (new)", 4000)
    assert list(App.objects.search("new")) == [app]
    assert trail() == ["apps.found", "apps.listed"]


def test_one_id_at_two_providers_is_two_apps(ines):
    bring(ines, COUPA, FoundApp("Entra", "0oa1", "Coupa", 1))

    assert App.objects.count() == 2


def test_a_managed_app_stays_managed_and_keeps_the_name_it_has_here(ines):
    bring(ines, COUPA)
    App.objects.update(status=App.Status.MANAGED, name="Coupa")

    bring(ines, FoundApp("Okta", "0oa1", "Coupa (new)", 4000))

    app = only()
    assert (app.status, app.name, app.found_users) == ("managed", "Coupa", 4000)
    assert app.found_through == 'Okta app "Coupa (new)"'


def test_a_found_app_that_somebody_called_otherwise_keeps_that_name(ines):
    bring(ines, COUPA)
    App.objects.update(name="Procurement")

    bring(ines, FoundApp("Okta", "0oa1", "Coupa (new)", 1))

    assert (only().name, only().found_through) == ("Procurement", 'Okta app "Coupa (new)"')


def test_a_list_that_does_not_count_people_leaves_the_number(ines):
    bring(ines, COUPA)

    bring(ines, FoundApp("Okta", "0oa1", "Coupa SSO"))

    assert only().found_users == 3871


def test_an_app_no_longer_listed_is_kept_and_marked_until_it_is_listed_again(ines, trail):
    bring(ines, COUPA)
    other = FoundApp("Okta", "0oa2", "Warehouse", 9)

    bring(ines, other)
    assert App.objects.get(provider_id="0oa1").unlisted_at is not None

    bring(ines, COUPA, other)
    assert App.objects.get(provider_id="0oa1").unlisted_at is None
    assert trail() == ["apps.found", "apps.found", "apps.unlisted", "apps.listed"]


def test_the_list_of_one_provider_says_nothing_of_anothers_apps(ines):
    bring(ines, COUPA)
    made_here = make_app("Payroll")

    bring(ines, FoundApp("Entra", "1", "Travel", 9))

    assert not App.objects.exclude(unlisted_at=None).exists()
    made_here.refresh_from_db()
    assert made_here.status == "managed"


def test_while_a_line_has_a_mistake_no_app_is_marked(ines):
    bring(ines, COUPA)

    bring(ines, FoundApp("Okta", "0oa2", "Travel"), mistakes=[Mistake(3, "It has no name.")])

    assert App.objects.get(provider_id="0oa1").unlisted_at is None


def test_a_deleted_app_that_is_listed_is_found_anew(ines):
    make_app("Coupa", status=App.Status.DELETED, provider="Okta", provider_id="")

    bring(ines, COUPA)

    assert App.objects.unmanaged().get().name == "Coupa SSO"


def test_what_was_not_shown_is_not_applied(ines):
    listing = Listing([COUPA])
    seen = app_lists.plan(listing).digest
    bring(ines, FoundApp("Okta", "0oa1", "Another name", 1))

    with pytest.raises(StaleState):
        app_lists.apply(listing, seen=seen, by=ines)

    assert only().name == "Another name"


@pytest.mark.parametrize("role", [Role.BASIC, Role.CAMPAIGN, Role.READ_ONLY, Role.HELPDESK])
def test_only_those_who_make_apps_or_connectors_bring_lists(db, role):
    with pytest.raises(Denied, match="bring lists of apps"):
        bring(make_user("Kim", role), COUPA)

    assert not App.objects.exists()
