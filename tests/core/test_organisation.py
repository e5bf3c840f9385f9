"""Settings of the organisation: who may, what is taken, and what happens when two save at once."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from core.actions.organisation import describe
from core.errors import Denied
from core.models import Organisation, TrailEvent

PAGE = "/settings/organisation/"
EVERYONE = [
    "super",
    "connector_admin",
    "application",
    "campaign",
    "request",
    "helpdesk",
    "read_only",
    "basic",
]


def typed(**changes: str) -> dict[str, str]:
    """The form as it is drawn now, with these changes."""
    present = Organisation.current()
    drawn = {"name": present.name, "time_zone": present.time_zone, "trusted_domains": "", "holidays": ""}
    return {**drawn, "changed_at": present.changed_at.isoformat(), **changes}


@pytest.mark.parametrize("who", EVERYONE)
def test_only_a_super_administrator_changes_the_organisation(who, cast, sign_in, trail):
    reply = sign_in(cast[who]).post(PAGE, typed(name="Halden Group"))

    allowed = who == "super"
    assert reply.status_code == (302 if allowed else 403)
    assert (Organisation.current().name == "Halden Group") == allowed
    assert trail() == (["core.organisation_changed"] if allowed else [])


def test_the_verb_refuses_whoever_comes_past_the_page(cast):
    with pytest.raises(Denied):
        describe(
            by=cast["read_only"], seen=None, name="Mine", time_zone="UTC", trusted_domains=[], holidays=[]
        )


def test_an_auditor_sees_it_without_a_form(cast, sign_in):
    Organisation.current()
    Organisation.objects.update(trusted_domains=["halden.example"])

    page = sign_in(cast["read_only"]).get(PAGE).content.decode()

    assert "halden.example" in page
    assert 'name="time_zone"' not in page
    assert f'href="{reverse("core:retention")}"' in page
    assert f'href="{reverse("core:outbox")}"' not in page


def test_what_is_typed_is_kept_as_it_is_meant(cast, sign_in):
    fields = typed(
        name="  Halden   Group ",
        time_zone="europe/stockholm",
        trusted_domains="@Halden.example\r\n\r\nhalden.example\r\nfjord.example ",
        holidays="2027-12-25  Christmas Day\r\n2027-01-01 New Year\r\n2027-05-17",
    )

    reply = sign_in(cast["super"]).post(PAGE, fields)

    saved = Organisation.current()
    assert reply.headers["Location"] == PAGE
    assert (saved.name, saved.time_zone) == ("Halden Group", "Europe/Stockholm")
    assert saved.trusted_domains == ["fjord.example", "halden.example"]
    assert saved.holidays == [
        {"on": "2027-01-01", "name": "New Year"},
        {"on": "2027-05-17", "name": ""},
        {"on": "2027-12-25", "name": "Christmas Day"},
    ]
    assert saved.looked_over_at is not None


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "   ", "This field is required."),
        ("time_zone", "Europe/Atlantis", "&quot;Europe/Atlantis&quot; is no time zone."),
        ("time_zone", "../../etc/passwd", "is no time zone."),
        ("trusted_domains", "halden.example\nnot a domain", "Line 2: &quot;not a domain&quot; is no domain."),
        ("trusted_domains", "localhost", "Line 1: &quot;localhost&quot; is no domain."),
        ("trusted_domains", "-a.example", "Line 1: &quot;-a.example&quot; is no domain."),
        (
            "holidays",
            "2027-01-01 New Year\n2027-02-30 No day",
            "Line 2: &quot;2027-02-30 No day&quot; does not",
        ),
        ("holidays", "New Year", "Line 1: &quot;New Year&quot; does not begin with a day"),
        ("holidays", "2027-01-01 A\n2027-01-01 B", "Line 2: 2027-01-01 stands here twice."),
        ("holidays", f"2027-01-01 {'a' * 101}", "Line 1: the name is longer than 100 letters."),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence_and_nothing_typed_is_lost(
    field, value, sentence, cast, sign_in, trail
):
    reply = sign_in(cast["super"]).post(PAGE, typed(name="Halden Group") | {field: value})

    page = reply.content.decode()
    assert reply.status_code == 422
    assert sentence in page
    assert field == "name" or "Halden Group" in page
    assert trail() == []


def test_the_trail_tells_what_changed_before_and_after(cast, sign_in):
    Organisation.current()
    Organisation.objects.update(name="Halden", looked_over_at=now())

    sign_in(cast["super"]).post(PAGE, typed(time_zone="Asia/Tokyo"))

    event = TrailEvent.objects.get()
    assert (event.action, event.actor_name) == ("core.organisation_changed", "Ada Lindgren")
    assert event.change == {"time_zone": {"before": "UTC", "after": "Asia/Tokyo"}}


def test_looking_it_over_without_a_change_counts_once(cast, sign_in, trail):
    browser = sign_in(cast["super"])

    for _ in range(2):
        browser.post(PAGE, typed())

    assert Organisation.current().looked_over_at is not None
    assert trail() == ["core.organisation_changed"]


def test_who_saves_after_somebody_else_sees_both_and_may_then_save(cast, sign_in, trail):
    mine = typed(name="Mine", time_zone="Europe/Oslo")
    browser = sign_in(cast["super"])
    browser.post(PAGE, typed(name="Theirs", time_zone="Europe/Oslo"))

    reply = browser.post(PAGE, mine)

    page = reply.content.decode()
    assert reply.status_code == 409
    assert "Somebody else saved this meanwhile" in page
    assert '<td data-label="You typed">Mine</td>' in page
    assert '<td data-label="Saved now">Theirs</td>' in page
    assert "Europe/Oslo</td>" not in page  # the same in both
    assert Organisation.current().name == "Theirs"
    again = reply.context["form"]
    assert again["name"].value() == "Mine"
    assert browser.post(PAGE, mine | {"changed_at": again["changed_at"].value()}).status_code == 302
    assert Organisation.current().name == "Mine"


@pytest.mark.parametrize("seen", ["", "yesterday", "2027-01-01T00:00:00", "9" * 60])
def test_a_form_that_does_not_say_what_it_knew_is_stale(seen, cast, sign_in):
    reply = sign_in(cast["super"]).post(PAGE, typed(name="Mine") | {"changed_at": seen})

    assert reply.status_code == 409
    assert Organisation.current().name != "Mine"


def test_another_moment_is_another_state(cast, sign_in):
    older = Organisation.current().changed_at - timedelta(microseconds=1)

    reply = sign_in(cast["super"]).post(PAGE, typed(name="Mine", changed_at=older.isoformat()))

    assert reply.status_code == 409
