"""Whose account is whose, over a whole app; what people decided stays."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from connectors.models import Account
from connectors.sync.matching import Strategy
from connectors.sync.rematch import preview, rematch
from core.models import Organisation
from tests.connectors.sync.world import account
from tests.make import make_account, make_app, make_user


@pytest.fixture
def organisation(db):
    return Organisation.current()


@pytest.mark.parametrize("decided", Account.BY_PEOPLE)
def test_what_people_decided_survives_every_sync(decided, sync, world):
    sync()
    ada = make_user("Ada Lindgren", email="person2@meridian.example")
    chosen = make_user("Kim Sorensen") if decided == Account.Match.BY_HAND else None
    Account.objects.filter(external_id="2").update(person=chosen, matched_by=decided, type="service")

    sync()
    world.add(account(2, name="Changed", email=ada.email))
    sync()

    row = Account.objects.get(external_id="2")
    assert (row.name, row.person, row.matched_by, row.type) == ("Changed", chosen, decided, "service")


def test_an_account_that_was_gone_and_comes_back_keeps_what_people_decided(sync, world):
    sync()
    kim = make_user("Kim Sorensen")
    Account.objects.filter(external_id="2").update(person=kim, matched_by=Account.Match.BY_HAND)
    world.remove(2)
    sync()
    world.add(account(2, name="Back"))

    sync()

    row = Account.objects.get(external_id="2")
    assert (row.gone_at, row.person, row.matched_by) == (None, kim, "hand")


def test_a_sync_matches_as_the_app_says(sync, connector):
    ada = make_user("Person 2", email="other@meridian.example")
    connector.app.matching = "broad"
    connector.app.save(update_fields=["matching"])

    sync()

    row = Account.objects.get(external_id="2")
    assert (row.person, row.matched_by) == (ada, "name")


def test_a_sync_says_who_is_external_subdomains_included(sync, world, organisation):
    Organisation.objects.update(trusted_domains=["meridian.example"])
    world.add(
        account(1, email="a@else.example"), account(2, email="b@de.meridian.example"), account(3, email="")
    )
    world.add(account(4, email="c@notmeridian.example"))
    sync()
    external = Account.objects.filter(is_external=True).order_by("external_id")
    assert list(external.values_list("external_id", flat=True)) == ["1", "4"]

    Organisation.objects.update(trusted_domains=["else.example", "meridian.example"])
    sync()

    assert [each.external_id for each in external.all()] == ["4"]


def test_a_preview_counts_and_writes_nothing(organisation):
    app, kim = make_app(), make_user("Kim Sorensen", email="kim@meridian.example")
    ada = make_user("Ada Lindgren", email="ada@meridian.example", employee_id="1")
    make_account(app, "Gains", login="ada@meridian.example")
    make_account(app, "Loses", login="x", person=ada, matched_by="employee_id", employee_id="1")
    make_account(app, "Changes", login="kim@meridian.example", person=ada, matched_by="email")
    make_account(app, "Ours", login="kim@meridian.example", person=ada, matched_by="hand")
    before = list(Account.objects.order_by("pk").values())

    found = preview(app, Strategy("narrow"))

    assert (found.everything, found.matched, found.by_people) == (4, 3, 1)
    assert (found.gained, found.changed, found.lost) == (1, 1, 1)
    assert {each.account.name: each.match.person for each in found.samples} == {
        "Gains": ada.pk,
        "Loses": "",
        "Changes": kim.pk,
    }
    assert list(Account.objects.order_by("pk").values()) == before


def test_matching_anew_writes_what_the_preview_said_and_then_nothing_more(organisation):
    app = make_app(matching="narrow")
    ada = make_user("Ada Lindgren", email="ada@meridian.example")
    mine = make_account(app, "Ada", login="ada@meridian.example")

    first, again = rematch(app), rematch(app)

    mine.refresh_from_db()
    assert (mine.person, mine.matched_by) == (ada, "email")
    assert (first.gained, again.moved) == (1, 0)


def test_the_number_of_reads_does_not_grow_with_accounts(organisation):
    app = make_app()
    counts = []
    for size in (3, 57):
        for number in range(size):
            make_account(app, f"Person {number}")
        with CaptureQueriesContext(connection) as queries:
            rematch(app)
        counts.append(len(queries))

    assert counts[0] == counts[1]


@given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_stranger_or_not_is_a_matter_of_the_domain_alone(own, named):
    organisation = Organisation(trusted_domains=[f"{each}.example" for each in own])

    for each in named:
        is_own = not own or each in own
        assert organisation.is_stranger(f"x@sub.{each}.example") == (not is_own)
        assert organisation.is_stranger(f"x@{each}.example") == (not is_own)
    assert not organisation.is_stranger(" ")
