"""Who stands in for whom: by whom it may be said, for how long, and who cannot."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from core.actions import delegations
from core.errors import Denied, NotPossible
from core.models import Delegation, Organisation, OutgoingMail, Role, TrailEvent, User
from tests.connectors.sync.test_races import at_once
from tests.make import make_user

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = date(2026, 3, 10)


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def noor(db, nudges):
    return make_user("Noor Jansen", Role.BASIC)


@pytest.fixture
def jon(db):
    return make_user("Jon Vidal", Role.BASIC)


def url(person):
    return reverse("core:delegate", args=[person.pk])


def typed(delegate, *, first=TODAY, last=TODAY + timedelta(days=5)):
    return {"delegate": [delegate.pk], "first": first.isoformat(), "last": last.isoformat()}


def begin(person, delegate, *, by=None, first=TODAY, last=TODAY + timedelta(days=5)):
    return delegations.begin(person, delegate, first=first, last=last, by=by or person)


def test_one_says_oneself_who_stands_in_and_they_get_a_letter(noor, jon, sign_in, trail):
    reply = sign_in(noor).post(url(noor), typed(jon))

    made, letter = Delegation.objects.get(), OutgoingMail.objects.get()
    assert reply.headers["Location"] == reverse("core:profile")
    assert (made.person, made.delegate) == (noor, jon)
    assert (made.starts_at, made.ends_at) == (NOON, datetime(2026, 3, 16, tzinfo=UTC))
    assert (letter.to, letter.reply_to) == (jon.email, noor.email)
    assert letter.subject == "You stand in for Noor Jansen"
    assert "from 10 Mar 2026 to 15 Mar 2026" in letter.text
    assert "Noor Jansen asked you to stand in for them" in letter.text
    assert trail() == ["core.delegated"]
    assert TrailEvent.objects.get().change["delegate"] == {"id": jon.pk, "name": "Jon Vidal"}


def test_a_super_administrator_says_it_for_somebody_else(noor, jon, sign_in):
    ada = make_user("Ada Lindgren", Role.SUPER)

    reply = sign_in(ada).post(url(noor), typed(jon))

    assert reply.headers["Location"] == reverse("core:person", args=[noor.pk])
    assert "Ada Lindgren asked you to stand in for Noor Jansen" in OutgoingMail.objects.get().text


@pytest.mark.parametrize(
    "who", ["connector_admin", "application", "campaign", "request", "helpdesk", "read_only", "manager"]
)
def test_nobody_else_says_it(who, noor, jon, cast, sign_in, trail):
    manager = make_user("Mia Falk", Role.BASIC)
    noor.managers.add(manager)
    person = {**cast, "manager": manager}[who]

    reply = sign_in(person).post(url(noor), typed(jon))

    assert reply.status_code == 403
    assert "Only Noor Jansen and Super Administrators" in reply.content.decode()
    assert Delegation.objects.count() == 0
    assert trail() == []


def test_an_auditor_may_have_somebody_stand_in_for_themselves(cast, jon, nudges, sign_in):
    reply = sign_in(cast["read_only"]).post(url(cast["read_only"]), typed(jon))

    assert reply.status_code == 302
    assert Delegation.objects.get().person == cast["read_only"]


def test_days_are_those_of_the_organisation(noor, jon):
    Organisation.current()
    Organisation.objects.update(time_zone="Pacific/Auckland")  # 11 March already, 13 hours ahead

    made = begin(noor, jon, first=date(2026, 3, 12), last=date(2026, 3, 12))

    assert made.starts_at == datetime(2026, 3, 11, 11, tzinfo=UTC)
    assert made.ends_at == datetime(2026, 3, 12, 11, tzinfo=UTC)
    with pytest.raises(delegations.BadDates, match="in the past"):
        begin(jon, noor, first=TODAY, last=TODAY)


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        (-1, 3, "The first day cannot be in the past"),
        (3, 2, "The last day comes before the first."),
        (0, 30, "at most 30 days"),
    ],
)
def test_days_that_cannot_be_are_refused_and_stay_in_the_form(
    first, last, sentence, noor, jon, sign_in, trail
):
    days = {"first": TODAY + timedelta(days=first), "last": TODAY + timedelta(days=last)}

    reply = sign_in(noor).post(url(noor), typed(jon, **days))

    page = reply.content.decode()
    assert reply.status_code == 422
    assert sentence in page
    assert days["last"].isoformat() in page
    assert f'value="{jon.pk}" checked' in page
    assert trail() == []


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 29), (300, 329)])
def test_from_today_on_up_to_thirty_days_are_taken(first, last, noor, jon):
    made = begin(noor, jon, first=TODAY + timedelta(days=first), last=TODAY + timedelta(days=last))

    assert Delegation.objects.get() == made


@pytest.mark.parametrize("days", ["", "tomorrow", "2026-02-30"])
def test_days_that_are_none_get_a_sentence(days, noor, jon, sign_in):
    reply = sign_in(noor).post(url(noor), {**typed(jon), "first": days})

    assert reply.status_code == 422
    assert Delegation.objects.count() == 0


def test_nobody_stands_in_who_is_gone_or_the_same_or_below(noor, jon, sign_in, trail):
    gone = make_user("Gus Gone", status=User.Status.DEACTIVATED)
    report, below = make_user("Rea Reports"), make_user("Una Under")
    report.managers.add(noor)
    below.managers.add(report)
    browser = sign_in(noor)

    replies = {
        each.name: browser.post(url(noor), typed(each)).content.decode()
        for each in (gone, noor, report, below)
    }

    assert "deactivated or unknown" in replies["Gus Gone"]
    assert "Nobody stands in for themselves." in replies["Noor Jansen"]
    for name in ("Rea Reports", "Una Under"):
        assert f"{name} reports to Noor Jansen, directly or over others" in replies[name]
    with pytest.raises(delegations.BadDelegate, match="Gus Gone is deactivated"):
        begin(noor, gone)
    assert Delegation.objects.count() == 0
    assert trail() == []


def test_ones_manager_may_stand_in(noor, jon):
    noor.managers.add(jon)

    assert begin(noor, jon).delegate == jon


def test_only_one_person_is_chosen(noor, jon, sign_in):
    other = make_user("Mia Falk")
    both = {**typed(jon), "delegate": [jon.pk, other.pk]}

    reply = sign_in(noor).post(url(noor), both)

    assert reply.status_code == 422
    assert "Only one person can stand in at a time." in reply.content.decode()


def test_who_was_deactivated_at_the_same_moment_does_not_stand_in(noor, jon, monkeypatch, trail):
    def wait():
        """What whoever held the lock before did meanwhile."""
        User.objects.filter(pk=jon.pk).update(status=User.Status.DEACTIVATED)

    monkeypatch.setattr(delegations, "lock_people", wait)

    with pytest.raises(NotPossible, match="Jon Vidal is deactivated"):
        begin(noor, jon)

    assert not Delegation.objects.exists()
    assert trail() == []


@pytest.mark.parametrize(
    ("mail", "drops", "said"),
    [
        ("smtp://127.0.0.1:2525", False, "Jon Vidal stands in; they get a letter."),
        ("", False, "Jon Vidal stands in; the letter waits in the outbox until mail is set up."),
        ("smtp://127.0.0.1:2525", True, "Jon Vidal stands in; they get no letter: letters are dropped now"),
    ],
)
def test_only_a_letter_that_goes_out_is_promised(mail, drops, said, noor, jon, sign_in, settings):
    settings.MAIL_URL = mail
    Organisation.current()
    Organisation.objects.update(drops_letters=drops)

    page = sign_in(noor).post(url(noor), typed(jon), follow=True).content.decode()

    assert said in page


def test_one_stands_in_at_a_time(noor, jon, trail):
    begin(noor, jon)

    with pytest.raises(NotPossible, match="Jon Vidal stands in for Noor Jansen already"):
        begin(noor, make_user("Mia Falk"))

    assert trail() == ["core.delegated"]


def test_after_one_is_over_the_next_may_begin(noor, jon):
    begin(noor, jon, last=TODAY)
    mia = make_user("Mia Falk")

    with time_machine.travel(NOON + timedelta(days=2), tick=False):
        begin(noor, mia, first=TODAY + timedelta(days=2))

    assert Delegation.objects.get().delegate == mia


def test_it_ends_early_by_oneself(noor, jon, sign_in, trail):
    begin(noor, jon)
    browser = sign_in(noor)

    browser.post(reverse("core:end_delegation", args=[noor.pk]))
    again = browser.post(reverse("core:end_delegation", args=[noor.pk]))

    assert Delegation.objects.count() == 0
    assert again.status_code == 409
    assert trail() == ["core.delegated", "core.delegation_ended"]


def test_the_delegate_cannot_end_it(noor, jon):
    begin(noor, jon)

    with pytest.raises(Denied):
        delegations.end(noor, by=jon)

    assert Delegation.objects.count() == 1


def test_it_is_in_force_from_its_first_moment_to_its_last(noor, jon):
    begin(noor, jon, first=TODAY + timedelta(days=1), last=TODAY + timedelta(days=1))
    moments = {"before": (0, 23), "first": (1, 0), "last": (1, 23), "after": (2, 0)}

    def at(days, hours):
        return datetime(2026, 3, 10 + days, hours, tzinfo=UTC)

    found = {name: Delegation.objects.active(at(*moment)).exists() for name, moment in moments.items()}

    assert found == {"before": False, "first": True, "last": True, "after": False}
    User.objects.filter(pk=jon.pk).update(status=User.Status.DEACTIVATED)
    assert not Delegation.objects.active(at(1, 0)).exists()


def test_a_delegate_is_found_without_script_and_days_stay(noor, jon, sign_in, trail):
    search = {"delegate_words": "vidal", "delegate_find": "1", "first": "2026-03-11", "last": "2026-03-12"}

    page = sign_in(noor).post(url(noor), search)

    text = page.content.decode()
    assert page.status_code == 200
    assert f'value="{jon.pk}"' in text
    assert "2026-03-12" in text
    assert trail() == []


def test_the_page_of_a_person_for_whom_somebody_stands_in_offers_to_end_it(noor, jon, sign_in):
    begin(noor, jon)

    page = sign_in(noor).get(url(noor)).content.decode()

    assert "stands in already" in page
    assert "15 Mar 2026 23:59" in page


@pytest.mark.django_db(transaction=True)
def test_of_two_delegations_at_once_one_is_made(nudges):
    noor, jon, mia = (make_user(name) for name in ("Noor Jansen", "Jon Vidal", "Mia Falk"))

    outcomes = at_once(lambda: begin(noor, jon), lambda: begin(noor, mia))

    assert sorted(outcomes, key=str) == sorted([None, NotPossible], key=str)
    assert Delegation.objects.count() == 1
