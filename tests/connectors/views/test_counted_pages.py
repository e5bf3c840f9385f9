"""A counted sync on its pages: the button, both numbers, every request, and the answers that are kept."""

import hashlib
import zlib
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from connectors import jobs
from connectors.actions import bodies
from connectors.models import SyncCall, SyncRun
from core.exports import on_offer
from core.models import Role, TrailEvent
from tests.make import make_connected, make_run, make_user

ANSWER = b'[{"id": 1}]'


@pytest.fixture
def counted(connector):
    read = {"user": 3, "grant": 7}
    return make_run(connector, is_counted=True, counted_at=now(), read=read, second={"user": 3, "grant": 6})


def made(run, number=1, **fields):
    defaults = {
        "at": now(),
        "kind": "user",
        "asked": "GET /api/users?limit=50&offset=0",
        "status": 200,
        "records": 1,
        "bytes": len(ANSWER),
        "sha256": hashlib.sha256(ANSWER).hexdigest(),
        "seconds": 0.25,
        "body": zlib.compress(ANSWER),
    }
    rows = [SyncCall(run=run, **{**defaults, **fields}) for _ in range(number)]
    return SyncCall.objects.bulk_create(rows)[0]


def test_the_button_starts_a_counted_run_and_says_so(connector, owner, sign_in, trail):
    browser = sign_in(owner)
    page = browser.get(reverse("connectors:connector", args=[connector.pk])).content.decode()

    reply = browser.post(reverse("connectors:sync", args=[connector.pk]), {"counted": "1"})

    assert 'name="counted"' in page
    assert "reads everything a second, different way" in page
    assert reply.status_code == 302
    assert connector.runs.order_by("-id").first().is_counted
    assert trail() == ["connectors.counted_run_started"]


def test_a_run_shows_both_numbers_and_as_whom_it_asked(counted, owner, sign_in):
    SyncRun.objects.filter(pk=counted.pk).update(
        client="b1f9c2", driver_version="4", scopes_asked=["core.user.read"], scopes_granted=None
    )

    page = sign_in(owner).get(reverse("connectors:run", args=[counted.key])).content.decode()

    for words in ("Both readings agree", "b1f9c2", "Version 4", "core.user.read", "Not told by the app"):
        assert words in page


def test_the_requests_of_a_run_can_be_read_and_narrowed_to_a_reading(counted, owner, sign_in):
    made(counted)
    made(counted, asked="POST /api/graphql", way=2)
    browser, url = sign_in(owner), reverse("connectors:calls", args=[counted.key])

    both, second = browser.get(url), browser.get(url, {"way": "2"})

    page = both.content.decode()
    assert "GET /api/users</code>" in page
    assert "limit=50&amp;offset=0" in page
    assert hashlib.sha256(ANSWER).hexdigest() in page
    assert "Take" not in page  # the answers themselves are not for its owner
    assert [call.path for call in second.context["page"].rows] == ["/api/graphql"]


def test_the_list_of_requests_costs_the_same_for_a_few_and_for_many(counted, owner, sign_in):
    browser, url = sign_in(owner), reverse("connectors:calls", args=[counted.key])
    numbers = []
    for more in (3, 57):
        made(counted, more)
        browser.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert len(browser.get(url).context["page"].rows) in (3, 60)
        numbers.append(len(queries))
        assert not [query for query in queries if '"body" AS' in query["sql"]]

    assert numbers[0] == numbers[1]


def test_the_file_of_requests_has_a_line_for_each(counted, owner, cast):
    made(counted)
    made(counted, way=2, body=None)
    offer = on_offer("connectors.requests")
    assert offer is not None

    rows = list(offer.rows(owner, {"run": counted.key}))

    assert [row[1:6] for row in rows] == [
        (1, "GET", "/api/users", "limit=50&offset=0", 200),
        (2, "GET", "/api/users", "limit=50&offset=0", 200),
    ]
    assert [row[-1] for row in rows] == [True, False]


@pytest.mark.parametrize("role", [Role.SUPER, Role.READ_ONLY])
def test_an_answer_is_handed_over_as_it_was_received_and_that_is_told(role, counted, sign_in):
    call = made(counted)
    person = make_user("Vera Stein", role)

    reply = sign_in(person).post(reverse("connectors:body", args=[counted.key, call.pk]))

    assert reply.content == ANSWER
    assert reply.headers["Content-Disposition"].startswith("attachment")
    event = TrailEvent.objects.get(action="connectors.body_taken")
    assert (event.actor_id, event.change["sha256"]) == (person.pk, call.sha256)


def test_an_answer_is_handed_over_only_after_a_fresh_sign_in(counted, sign_in):
    call = made(counted)
    browser = sign_in(make_user("Ada Lindgren", Role.SUPER))
    session = browser.session
    session["proven_at"] = 0
    session.save()

    reply = browser.post(reverse("connectors:body", args=[counted.key, call.pk]))

    assert reply.status_code == 302
    assert "/again/" in reply.headers["Location"]
    assert not TrailEvent.objects.exists()


def test_an_answer_of_another_run_is_not_there(counted, connector, sign_in):
    call = made(make_run(connector))

    reply = sign_in(make_user("Ada Lindgren", Role.SUPER)).post(
        reverse("connectors:body", args=[counted.key, call.pk])
    )

    assert reply.status_code == 404


def test_an_answer_that_is_not_kept_is_said_to_be_so(counted, sign_in):
    call = made(counted, body=None)

    reply = sign_in(make_user("Ada Lindgren", Role.SUPER)).post(
        reverse("connectors:body", args=[counted.key, call.pk])
    )

    assert reply.status_code == 409
    assert "only those of counted syncs are, for 30 days" in reply.content.decode()


def test_answers_go_after_thirty_days_and_requests_stay(db, monkeypatch, trail):
    monkeypatch.setattr(bodies, "BATCH", 2)
    connector = make_connected()
    old = make_run(connector, is_counted=True, ended_at=now() - timedelta(days=31))
    young = make_run(connector, is_counted=True, ended_at=now() - timedelta(days=29))
    made(old, 3)
    made(young)

    jobs.prune()

    assert SyncCall.objects.count() == 4
    assert [call.run for call in SyncCall.objects.exclude(body=None)] == [young]
    assert trail() == ["connectors.bodies_let_go"] * 2
