"""The timeline of one thing: its newest events, with addresses for those alone who may read the trail."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.template import RequestContext, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from core.models import Role, TrailEvent
from core.trail import Source, record, source
from tests.make import make_app, make_user

ADDRESS = "198.51.100.24"


@pytest.fixture
def coupa(db):
    return make_app("Coupa")


def happen(thing, times=1, **change):
    token = source.set(Source(TrailEvent.Channel.WEB, ADDRESS))
    grace = make_user("Grace Kim")
    with transaction.atomic():
        for number in range(times):
            record("core.person_changed", thing, by=grace, **{"count": number, **change})
    source.reset(token)


def drawn(thing, reader, text="{% load trail %}{% timeline thing %}"):
    request = RequestFactory().get("/")
    request.user = reader
    return Template(text).render(RequestContext(request, {"thing": thing, "user": reader}))


def test_it_tells_who_did_what_and_what_changed(coupa):
    happen(coupa, before={"name": "Old"}, after={"name": "Coupa"})

    text = drawn(coupa, make_user("Kim Sorensen", Role.BASIC))

    for part in ("Grace Kim", "changed a person", "Old → Coupa", "browser", "just now"):
        assert part in text


def test_it_tells_of_this_thing_alone(coupa):
    happen(make_app("Ariba"))

    text = drawn(coupa, make_user("Ada Lindgren", Role.SUPER))

    assert "Nothing happened here yet." in text
    assert "Grace Kim" not in text


def test_the_newest_twenty_stand_first(coupa):
    happen(coupa, times=25)

    text = drawn(coupa, make_user("Ada Lindgren", Role.SUPER))

    assert text.count("<li") == 20
    assert text.index("Count: <bdi>24</bdi>") < text.index("Count: <bdi>5</bdi>")
    assert "Count: <bdi>4</bdi>" not in text


@pytest.mark.parametrize(
    ("role", "may_read"),
    [(Role.SUPER, True), (Role.READ_ONLY, True), (Role.CONNECTOR, False), (Role.BASIC, False)],
)
def test_addresses_and_the_way_to_the_trail_are_for_those_who_may_read_it(role, may_read, coupa):
    happen(coupa)

    text = drawn(coupa, make_user("Vera Stein", role))

    assert (ADDRESS in text) is may_read
    assert (f"/trail/?about=connectors.app%3A{coupa.pk}" in text) is may_read


def test_without_a_reader_there_is_no_address(coupa):
    happen(coupa)

    assert ADDRESS not in drawn(coupa, AnonymousUser())


def test_it_costs_one_query_however_much_happened(coupa):
    happen(coupa, times=15)
    reader = make_user("Ada Lindgren", Role.SUPER)
    reader.roles()
    drawn(coupa, reader)

    with CaptureQueriesContext(connection) as made:
        drawn(coupa, reader)

    assert len([each for each in made if "core_trailevent" in each["sql"]]) == 1


def test_what_failed_looks_like_it(coupa):
    with transaction.atomic():
        record("core.sign_in_failed", coupa, by=None, severity=TrailEvent.Severity.ERROR)

    assert 'class="is-bad"' in drawn(coupa, make_user("Ada Lindgren", Role.SUPER))
