"""The trail page shows what happened to those it is open to, narrowed as its address says."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.actions import seals
from core.errors import Denied
from core.exports import Offer, on_offer
from core.models import Organisation, Role, TrailCheck, TrailEvent, TrailPending
from core.queries import trail as queries
from core.queries.trail import Wanted
from core.seals import digest
from core.trail import Source, record, source
from tests.core.test_seals import sealed_now, write
from tests.flush import past_the_triggers
from tests.make import make_app, make_user

PAGE = "/trail/"
LISTED = re.compile(r'href="/trail/(\d+)/">[\d,]+</a></td>')


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER)


@pytest.fixture
def happened(ada):
    """Four events that differ in everything one may filter by; their ids by name."""
    grace, coupa, here = make_user("Grace Kim"), make_app("Coupa"), Organisation.current()
    Organisation.objects.update(time_zone="Asia/Tokyo")
    web = Source(TrailEvent.Channel.WEB, "198.51.100.24")
    told = {
        "roles": (web, "core.roles_changed", grace, {"by": ada, "before": ["Basic User"], "after": []}),
        "app": (web, "core.person_changed", coupa, {"by": grace}),
        "failed": (
            Source(address="2001:db8::7"),
            "core.sign_in_failed",
            grace,
            {"by": None, "severity": "error"},
        ),
        "night": (Source(), "core.organisation_changed", here, {"by": None}),
    }
    ids = {}
    for day, (name, (where, action, about, rest)) in enumerate(told.items(), start=1):
        token = source.set(where)
        with transaction.atomic():
            ids[name] = record(action, about, **rest).pk
            with past_the_triggers():
                TrailEvent.objects.filter(pk=ids[name]).update(at=datetime(2026, 3, day, 20, tzinfo=UTC))
        source.reset(token)
    return ids | {"grace": grace.pk, "coupa": coupa.pk, "ada": ada.pk}


def listed(reply) -> list[int]:
    """The events of a page, from above."""
    assert reply.status_code == 200
    return [int(pk) for pk in LISTED.findall(reply.content.decode())]


@pytest.mark.parametrize(
    ("who", "answer"),
    [
        ("super", 200),
        ("read_only", 200),
        ("connector_admin", 403),
        ("application", 403),
        ("campaign", 403),
        ("request", 403),
        ("helpdesk", 403),
        ("basic", 403),
        ("no_role", 403),
        ("deactivated", 302),
        ("stranger", 302),
    ],
)
def test_the_trail_is_open_to_super_administrators_and_auditors(who, answer, cast, sign_in):
    (pk,) = write(1)
    browser = sign_in(cast[who])

    replies = [browser.get(PAGE), browser.get(f"{PAGE}{pk}/")]

    assert [reply.status_code for reply in replies] == [answer, answer]
    assert all(("signed in" in reply.content.decode()) == (answer == 200) for reply in replies)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, ["night", "failed", "app", "roles"]),
        ({"q": "grace"}, ["failed", "app", "roles"]),
        ({"q": "grace LINDGREN"}, ["roles"]),
        ({"q": "198.51.100"}, ["app", "roles"]),
        ({"q": "2001:DB8::7"}, ["failed"]),
        ({"q": "sign_in"}, ["failed"]),
        ({"q": "nobody"}, []),
        ({"actor": "ada"}, ["roles"]),
        ({"actor": "unknown"}, []),
        ({"action": "core.roles_changed"}, ["roles"]),
        ({"action": "core."}, ["night", "failed", "app", "roles"]),
        ({"action": "core"}, []),
        ({"about": "core.user"}, ["failed", "roles"]),
        ({"about": "core.user:grace"}, ["failed", "roles"]),
        ({"about": "connectors.app:coupa"}, ["app"]),
        ({"about": "core.user:coupa"}, []),
        ({"channel": "web"}, ["app", "roles"]),
        ({"channel": "carrier pigeon"}, []),
        ({"severity": "error"}, ["failed"]),
        ({"severity": "neutral"}, ["night", "app", "roles"]),
        ({"first": "2026-03-04"}, ["night", "failed"]),
        ({"last": "2026-03-03"}, ["app", "roles"]),
        ({"first": "2026-03-03", "last": "2026-03-03"}, ["app"]),
        ({"first": "yesterday", "last": "2026-02-30"}, ["night", "failed", "app", "roles"]),
        ({"channel": "web", "about": "core.user", "q": "grace"}, ["roles"]),
    ],
)
def test_the_page_and_its_file_are_narrowed_as_the_address_says(asked, names, happened, ada, sign_in):
    """20:00 in UTC is the next morning in Tokyo, whose days are meant."""
    keys = {"actor": {"ada": happened["ada"]}, "about": {}}
    asked = {name: keys.get(name, {}).get(value, value) for name, value in asked.items()}
    if ":" in asked.get("about", ""):
        kind, name = asked["about"].split(":")
        asked["about"] = f"{kind}:{happened[name]}"

    reply = sign_in(ada).get(PAGE, asked)
    file = list(offer().rows(ada, asked))

    assert listed(reply) == [happened[name] for name in names]
    assert [row[0] for row in file] == [happened[name] for name in names]


def offer() -> Offer:
    found = on_offer("core.trail")
    assert found is not None
    return found


def test_an_event_is_found_by_its_number_as_it_is_written(happened, ada):
    with past_the_triggers():
        TrailEvent.objects.filter(pk=happened["app"]).update(id=184_220)

    found = [
        list(queries.events(ada, Wanted(words=words)).values_list("pk", flat=True))
        for words in ("184,220", "184220", "18422", "9" * 30)
    ]

    assert found == [[184_220], [184_220], [], []]


def test_a_day_that_is_none_is_said_and_left_out(happened, ada, sign_in):
    reply = sign_in(ada).get(PAGE, {"first": "yesterday"})

    assert "what was typed is none" in reply.content.decode()


@pytest.mark.parametrize(
    ("text", "day"),
    [("2026-11-24", date(2026, 11, 24)), ("9999-12-31", None), ("0001-01-01", None), ("", None), ("x", None)],
)
def test_days_that_no_calendar_needs_are_none(text, day):
    assert queries.wanted_from({"first": text}).first == day


def test_the_page_goes_on_by_key_and_comes_back(ada, sign_in):
    ids = write(120)[::-1]
    browser = sign_in(ada)

    first = browser.get(PAGE)
    second = browser.get(PAGE, {"after": ids[49], "number": 50})
    third = browser.get(PAGE, {"after": ids[99], "number": 100})
    back = browser.get(PAGE, {"before": ids[50], "number": 0})

    assert [listed(reply) for reply in (first, second, third)] == [ids[:50], ids[50:100], ids[100:]]
    assert listed(back) == ids[:50]
    assert "51-100 of 120" in second.content.decode()


def test_the_file_has_a_row_for_every_event_and_its_changes_in_words(happened, ada):
    rows = list(offer().rows(ada, {"action": "core.roles_changed"}))

    named = dict(zip(offer().columns, rows[0], strict=True))
    assert named == {
        "Number": happened["roles"],
        "When": datetime(2026, 3, 1, 20, tzinfo=UTC),
        "Who": "Ada Lindgren",
        "What": "changed roles",
        "Action": "core.roles_changed",
        "About": "Grace Kim",
        "Kind of object": "core.user",
        "Object": happened["grace"],
        "Change": "Change: Basic User → nothing",
        "Outcome": "Done",
        "Channel": "Browser",
        "From": "198.51.100.24",
    }


def test_the_file_is_refused_to_those_who_may_not_read_the_trail(cast):
    with pytest.raises(Denied):
        list(offer().rows(cast["basic"], {}))


def test_the_page_costs_the_same_for_one_event_and_for_fifty(ada, sign_in):
    browser, counted = sign_in(ada), []
    browser.get(PAGE)

    for further in (1, 60):
        write(further)
        while seals.seal_next() is not None:
            pass
        with CaptureQueriesContext(
            connection,
        ) as queries_made:
            browser.get(PAGE)
        counted.append(len(queries_made))

    assert counted[0] == counted[1] <= 16


def test_kinds_of_object_are_offered_by_the_name_people_use(happened):
    assert queries.kinds_of_object() == [
        ("connectors.app", "App"),
        ("core.organisation", "Organisation"),
        ("core.user", "Person"),
    ]
    assert queries.kind_name("core.gone_long_ago") == "core.gone_long_ago"


def test_an_empty_trail_has_no_kinds(db):
    assert queries.kinds_of_object() == []


def test_an_event_of_an_older_version_keeps_the_name_of_its_action(happened, ada, sign_in):
    with past_the_triggers():
        TrailEvent.objects.filter(pk=happened["app"]).update(action="core.of_long_ago")

    assert "core.of_long_ago" in sign_in(ada).get(PAGE).content.decode()


def test_one_thing_that_is_asked_for_is_named_and_can_be_let_go(happened, ada, sign_in):
    browser = sign_in(ada)

    found = browser.get(PAGE, {"about": f"core.user:{happened['grace']}"}).content.decode()
    nothing = browser.get(PAGE, {"about": "core.user:gone", "actor": "gone"}).content.decode()

    assert "About <bdi>Grace Kim</bdi>" in found
    assert "About <bdi>one person</bdi>" in nothing
    assert "By <bdi>one person</bdi>" in nothing


def test_an_event_shows_its_digest_and_its_seal(ada, sign_in):
    (pk,) = write(1)
    waiting = sign_in(ada).get(f"{PAGE}{pk}/").content.decode()

    seal = sealed_now()
    sealed = sign_in(ada).get(f"{PAGE}{pk}/").content.decode()

    found = digest(TrailEvent.objects.get())
    assert [part in waiting for part in ("Not sealed yet", found, seal.hash)] == [True, True, False]
    assert [part in sealed for part in ("Not sealed yet", found, seal.hash)] == [False, True, True]


def test_an_event_that_nothing_covers_does_not_claim_a_seal_to_come(ada, sign_in):
    (pk,) = write(1)
    TrailPending.objects.all().delete()

    page = sign_in(ada).get(f"{PAGE}{pk}/").content.decode()

    assert "No seal found" in page
    assert "in a few seconds" not in page


def test_an_event_is_found_in_its_own_seal_though_clocks_differ(ada):
    write(3)
    seals.seal_next()
    (pk,) = write(1)
    seal = sealed_now()
    write(1)
    seals.seal_next()
    event = TrailEvent.objects.get(pk=pk)
    event.at = seal.at + timedelta(seconds=20)

    assert queries.seal_of(event) == seal


def test_an_unknown_event_is_not_found(ada, sign_in):
    assert sign_in(ada).get(f"{PAGE}999999/").status_code == 404
    assert sign_in(ada).get(f"{PAGE}{10**30}/").status_code == 404


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({}, []),
        ({"proof": "password"}, ["Proof: password"]),
        ({"before": 24, "after": 1}, ["Change: 24 → 1"]),
        ({"before": None, "after": ["a", "b"]}, ["Change: nothing → a, b"]),
        ({"before": {"name": "A", "on": True}, "after": {"name": "B"}}, ["Name: A → B", "On: yes → nothing"]),
        ({"time_zone": {"before": "UTC", "after": "Asia/Tokyo"}}, ["Time zone: UTC → Asia/Tokyo"]),
        ({"owner": {"id": "2ab", "name": "Grace Kim"}}, ["Owner: Grace Kim"]),
        ({"counts": {"new_ones": 3, "gone": 0}}, ["Counts: new ones 3, gone 0"]),
        ({"problem": "", "count": 0, "is_new": False}, ["Problem: nothing", "Count: 0", "Is new: no"]),
    ],
)  # fmt: skip
def test_changes_read_as_people_write(change, lines):
    assert [f"{line.label}: {line.text}" for line in queries.told(change)] == lines


def test_the_page_says_how_the_chain_stands(ada, sign_in, nudges):
    browser = sign_in(ada)
    write(1)
    said = [browser.get(PAGE).content.decode()]
    seals.seal_next()
    check = seals.want_check(by=ada)
    said.append(browser.get(PAGE).content.decode())
    held = TrailCheck.objects.all().claim(check.pk)
    assert held is not None
    seals.check(held)
    said.append(browser.get(PAGE).content.decode())
    TrailCheck.objects.update(problems=["Event 1 was altered (seal 1)."])
    said.append(browser.get(PAGE).content.decode())

    words = ["Not looked at yet", "Being looked at", "Chain intact", "Event 1 was altered (seal 1)."]
    assert [[word in page for word in words] for page in said] == [
        [True, False, False, False],
        [False, True, False, False],
        [False, False, True, False],
        [False, False, False, True],
    ]


def test_a_check_is_ordered_on_the_page(ada, sign_in, nudges, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        reply = sign_in(ada).post(f"{PAGE}check/", follow=True)

    check = TrailCheck.objects.get()
    assert (check.status, check.by_name) == ("wanted", "Ada Lindgren")
    assert "The whole trail is being looked at" in reply.content.decode()
    assert [(job, str(pk)) for job, pk in nudges] == [("core.check_trail", str(check.pk))]


def test_names_in_the_trail_run_nothing(ada, sign_in):
    person = make_user("<script>alert(1)</script>")
    with transaction.atomic():
        record("core.person_changed", person, by=person, note="<script>alert(2)</script>")

    assert "<script>alert" not in sign_in(ada).get(PAGE).content.decode()
