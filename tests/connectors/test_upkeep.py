"""Looking after a connector: name, times, kinds, attributes, owners by what they hold."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.timezone import now

from connectors import registry
from connectors.actions import holding, runs, upkeep
from connectors.actions.upkeep import Times
from connectors.models import Connector, timing
from core.errors import Denied, NotPossible, StaleState
from core.models import Role, TrailEvent
from tests.make import (
    make_account,
    make_app,
    make_connected,
    make_connector,
    make_entitlement,
    make_grant,
    make_user,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def owner(db):
    return make_user("Grace Kim", Role.BASIC)


@pytest.fixture
def connector(owner, nudges):
    return make_connected(owner)


def change():
    return TrailEvent.objects.latest("pk").change


def test_a_connector_is_renamed_and_its_app_is_not(connector, owner, trail):
    upkeep.rename(connector, " Coupa  Production ", by=owner, seen=connector.changed_at)

    connector.refresh_from_db()
    assert (connector.name, connector.app.name) == ("Coupa Production", "Coupa")
    assert trail() == ["connectors.renamed"]
    assert change() == {"before": "Coupa", "after": "Coupa Production"}


def test_the_same_name_again_is_no_event(connector, owner, trail):
    upkeep.rename(connector, "Coupa", by=owner, seen=connector.changed_at)

    assert trail() == []


def test_a_name_of_blanks_is_refused(connector, owner):
    with pytest.raises(NotPossible, match="Enter a name"):
        upkeep.rename(connector, "  ", by=owner, seen=connector.changed_at)


def verbs(connector):
    seen = connector.changed_at
    return {
        "rename": lambda by, at=seen: upkeep.rename(connector, "Another", by=by, seen=at),
        "schedule": lambda by, at=seen: upkeep.schedule(connector, Times(HOUR), by=by, seen=at),
        "kinds": lambda by, at=seen: upkeep.choose_kinds(connector, ["user", "role"], by=by, seen=at),
    }


@pytest.mark.parametrize("verb", ["rename", "schedule", "kinds"])
def test_who_does_not_look_after_it_changes_nothing(verb, connector, trail):
    with pytest.raises(Denied):
        verbs(connector)[verb](make_user("Kim Sorensen", Role.BASIC))

    assert trail() == []


@pytest.mark.parametrize("verb", ["rename", "schedule", "kinds"])
def test_who_drew_the_form_before_another_saved_is_stale(verb, connector, owner, trail):
    with pytest.raises(StaleState):
        verbs(connector)[verb](owner, connector.changed_at - HOUR)

    assert trail() == []


def test_new_times_say_when_it_is_read_next(connector, owner, trail):
    upkeep.schedule(connector, Times(every=timedelta(hours=6)), by=owner, seen=connector.changed_at)

    connector.refresh_from_db()
    assert abs(connector.next_run_at - now() - timedelta(hours=6)) < timedelta(minutes=1)
    assert trail() == ["connectors.rescheduled"]
    assert change() == {"before": "every 1440 min", "after": "every 360 min"}


def test_a_cron_line_is_kept_with_its_zone(connector, owner):
    times = Times(cron="0  6 * * mon-fri", zone_name="America/New_York")

    upkeep.schedule(connector, times, by=owner, seen=connector.changed_at)

    connector.refresh_from_db()
    assert (connector.schedule, connector.cron) == ("cron", "0 6 * * mon-fri")
    assert connector.next_run_at.astimezone(ZoneInfo("America/New_York")).hour == 6


def test_times_of_a_connector_that_is_not_set_up_name_no_next_run(owner):
    connector = make_connector(owner)

    upkeep.schedule(connector, Times(HOUR), by=owner, seen=connector.changed_at)

    connector.refresh_from_db()
    assert connector.next_run_at is None


@pytest.mark.parametrize(
    ("times", "word"),
    [
        (Times(timedelta(minutes=29)), "30 minutes"),
        (Times(timedelta(days=32)), "31 days"),
        (Times(HOUR, zone_name="Mars/Olympus"), "no time zone"),
    ],
)
def test_times_that_cannot_be_are_refused(times, word, connector, owner, trail):
    with pytest.raises(NotPossible, match=word):
        upkeep.schedule(connector, times, by=owner, seen=connector.changed_at)

    assert trail() == []


def test_a_driver_may_ask_for_more_than_the_house_and_never_for_less(connector, owner, monkeypatch):
    def states(minutes):
        spec = replace(registry.spec("coupa"), least_minutes=minutes)
        monkeypatch.setattr(registry, "spec", lambda _: spec)

    def set_to(times):
        upkeep.schedule(connector, times, by=owner, seen=connector.changed_at)

    states(120)
    with pytest.raises(NotPossible, match="At least 120 minutes"):
        set_to(Times(HOUR))
    with pytest.raises(timing.BadCron, match="at least 120 minutes"):
        set_to(Times(cron="0 6,7 * * *"))
    states(5)
    with pytest.raises(NotPossible, match="At least 30 minutes"):
        set_to(Times(timedelta(minutes=10)))


def test_files_are_read_when_they_are_handed_in_and_have_no_schedule(owner, trail):
    files = make_connector(owner, driver="file", source="file:payroll", status="connected")
    Connector.objects.filter(pk=files.pk).update(paused_at=now(), next_run_at=now())

    with pytest.raises(NotPossible, match="A file is read when it is handed in"):
        upkeep.schedule(files, Times(HOUR), by=owner, seen=files.changed_at)
    runs.resume(files, by=owner)

    files.refresh_from_db()
    assert files.next_run_at is not None  # handed in while it was paused: read once it goes on
    assert upkeep.next_run(files) is None


def test_a_resumed_connector_is_read_by_its_schedule(connector, owner):
    Connector.objects.update(every=HOUR, next_run_at=now() + timedelta(days=3))
    connector.refresh_from_db()
    runs.pause(connector, by=owner)

    runs.resume(connector, by=owner)

    connector.refresh_from_db()
    assert abs(connector.next_run_at - now() - HOUR) < timedelta(minutes=1)


def test_the_kinds_chosen_are_those_of_the_next_run(connector, owner, trail):
    upkeep.choose_kinds(connector, ["role", "user", "unheard"], by=owner, seen=connector.changed_at)

    connector.refresh_from_db()
    assert runs.start(connector, by=None).kinds == ["user", "role"]
    assert trail()[0] == "connectors.kinds_chosen"


def test_what_is_read_by_default_is_kept_as_the_default(connector, owner, trail):
    upkeep.choose_kinds(connector, ["user", "role"], by=owner, seen=connector.changed_at)
    connector.refresh_from_db()

    everything = ["user", "group", "role", "license"]
    upkeep.choose_kinds(connector, everything, by=owner, seen=connector.changed_at)

    connector.refresh_from_db()
    assert connector.kinds == []


@pytest.mark.parametrize(("kinds", "word"), [([], "Pause Coupa instead"), (["role"], "Accounts are read")])
def test_nothing_and_access_of_nobody_cannot_be_read(kinds, word, connector, owner, trail):
    with pytest.raises(NotPossible, match=word):
        upkeep.choose_kinds(connector, kinds, by=owner, seen=connector.changed_at)

    assert trail() == []


def test_attributes_are_filtered_by_who_governs_the_app(connector, owner, trail):
    ines = make_user("Ines Moreau", Role.APPLICATION)
    app = make_app("Ariba", ines)
    connector = make_connected(owner, app=app)

    upkeep.filter_attributes(
        connector, "ignore", ["phone", " phone", "city"], by=ines, seen=connector.changed_at
    )

    connector.refresh_from_db()
    assert (connector.filter_mode, connector.filter_names) == ("ignore", ["city", "phone"])
    assert trail() == ["connectors.attributes_filtered"]


def test_an_owner_of_the_connector_alone_filters_no_attributes(connector, owner, trail):
    with pytest.raises(Denied):
        upkeep.filter_attributes(connector, "ignore", ["phone"], by=owner, seen=connector.changed_at)

    assert trail() == []


@pytest.mark.parametrize(
    ("mode", "names", "word"),
    [
        ("ignore", ["email"], "email: always kept"),
        ("only", [], "Name at least one"),
        ("some", ["phone"], "three ways"),
        ("ignore", [f"a{n}" for n in range(201)], "At most 200"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(mode, names, word, connector, trail):
    ada = make_user("Ada Lindgren", Role.SUPER)

    with pytest.raises(NotPossible, match=word):
        upkeep.filter_attributes(connector, mode, names, by=ada, seen=connector.changed_at)

    assert trail() == []


def test_whoever_holds_an_entitlement_looks_after_the_connector(connector, owner, trail):
    tom = make_user("Tom Okafor", Role.BASIC)
    entitlement = make_entitlement(connector.app, "Coupa Admin")
    make_grant(make_account(connector.app, person=tom), entitlement)

    holding.add_holders(connector, entitlement, by=owner)
    holding.add_holders(connector, entitlement, by=owner)

    assert set(connector.owners_now()) == {owner, tom}
    assert Connector.objects.visible_to(tom).get() == connector
    assert trail() == ["connectors.owner_added"]

    holding.remove_holders(connector, entitlement, by=owner)

    assert not Connector.objects.visible_to(tom).exists()
    assert trail() == ["connectors.owner_added", "connectors.owner_removed"]


def test_holders_of_what_is_gone_cannot_be_owners(connector, owner):
    gone = make_entitlement(connector.app, gone_at=now())

    with pytest.raises(NotPossible, match="no longer seen"):
        holding.add_holders(connector, gone, by=owner)
