"""Every letter: text and HTML say the same, the subject what it is about, one button, no secret."""

import re
from datetime import UTC, date, datetime
from email.utils import parseaddr
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import resolve

from connectors.models import ProvisionOrder
from core.jobs.letters import LINKS
from core.mailbox import MARKS, PASSWORD_LINK, blacked_out, post, write
from core.models import Organisation, OutgoingMail, Role
from reviews.queries.told import Behind, Ended, Owned, Told, Waits
from reviews.queries.trouble import Trouble
from tests.make import make_account, make_connected, make_connector, make_entitlement, make_run, make_user
from tests.reviews.making import make_campaign

FOLDER = Path(settings.ROOT) / "templates" / "emails"
LETTERS = sorted(file.stem for file in FOLDER.glob("*.txt"))
LONGEST_SUBJECT = 78  # characters: longer ones are cut by mail programs
LEAD_TO = {
    **dict.fromkeys(("review_asked", "review_due", "review_ended", "review_started"), "reviews:reviews"),
    **dict.fromkeys(("campaign_drafted", "campaign_ended", "campaign_staged"), "reviews:campaign"),
    **dict.fromkeys(("campaign_started", "review_overseen"), "reviews:campaign"),
    **dict.fromkeys(("staging_ahead", "staging_failed", "staging_waits"), "reviews:campaign"),
    "control_owner_named": "reviews:campaign",
    "line_commented": "reviews:line",
    "removal_came_back": "reviews:removals",
    "removal_trouble": "reviews:removals",
    "removal_waiting": "reviews:my_removals",
    "review_given": "reviews:desk",
    "sign_off_wanted": "reviews:sign_off",
}
"""The pages of reviews whose addresses letters spell out."""
HELD = "21 of 41 roles would disappear. That is more than 20 % of one kind."


def samples(owner, sender):
    """What each letter is told, as its verb tells it. A new letter needs a line here."""
    connector = make_connected(owner, name="Coupa Production")
    run = make_run(connector, read={"user": 5204, "grant": 18311}, requests=612, problem=HELD)
    gap = "The licences could not be read: Coupa answered 403."
    first = SimpleNamespace(key=run.key, read=run.read, requests=612, problem=gap)
    quoted = "Rui, you own Coupa for us. Thanks!"
    invitation = SimpleNamespace(by_name=sender.name, message=quoted, onward="/connectors/")
    return {
        "app_owner_named": {"app": connector.app, "who": sender.name},
        "delegation": {"person": sender, "by": sender, "first": date(2027, 3, 1), "last": date(2027, 3, 14)},
        "email_changed": {"by": sender},
        "invitation": {"invitation": invitation},
        "locked_out": {
            "at": "3 Mar 2027 14:02 (Europe/Lisbon)",
            "where": "192.0.2.7",
            "minutes": 15,
            "codes": 0,
        },
        "mail_test": {},
        **order_samples(connector, run),
        "owner_help": {"connector": make_connector(owner, name="Coupa Test"), "who": sender.name},
        "owner_named": {"connector": connector, "who": sender.name},
        "password_changed": {},
        "password_link": {"onward": "/connectors/"},
        **review_samples(make_campaign("Coupa access, Q4", sender), sender),
        "second_factor_removed": {"who": sender},
        "sync_done": {"connector": connector, "run": first},
        "sync_held": {"connector": connector, "run": run, "is_owner": True},
        "sync_failing": {
            "connector": connector,
            "run": first,
            "since": run.ended_at,
            "number": 3,
            "sees_it": True,
        },
        "trail_broken": {"check": SimpleNamespace(problems=["Event 12 was altered.", "Event 14 is gone."])},
    }


def order_samples(connector, run):
    account = make_account(connector.app, "Grace Kim")
    order = ProvisionOrder(
        app=connector.app,
        connector=connector,
        account=account,
        entitlement=make_entitlement(connector.app, "Buyer"),
        verb=ProvisionOrder.Verb.REVOKE,
        problem="Coupa accepted it and kept it.",
    )
    told = {"app": connector.app, "orders": [order], "number": 1, "further": 3, "sees_app": True}
    return {
        "order_asked": told,
        "order_by_hand": {**told, "connector": connector},
        "order_came_back": {**told, "run": run},
        "order_failed": {**told, "connector": connector},
        "order_refused": {
            "order": order,
            "app": connector.app,
            "sees_app": True,
            "by": SimpleNamespace(name="Tom Okafor"),
            "reason": "She still needs it.",
        },
        "order_unrestored": {"order": order, "connector": connector, "problem": "Coupa is busy."},
    }


def review_samples(campaign, sender):
    """Each tells as much as a letter can."""
    until = date(2026, 12, 18)
    waits = [Waits(campaign, 12, 8, until, until), Waits(campaign, 1, 1, date(2026, 12, 11), until)]
    ended = [Ended(campaign, 12, 10)]
    behind = [Behind("Nora Lindqvist", campaign, 3, date(2026, 12, 16), until)]
    owned = [Owned(campaign, 40, 9, 8, ["Nora Lindqvist (30)", "Tom Baker (8)"], until, until)]
    everything = {"told": Told(waits, ended, behind, owned), "by": sender, "message": "Please hurry."}
    counts = {"certified": "10", "denied": "1", "excepted": "1 exception", "cancelled": "0"}
    size = {"campaign": campaign, "lines": "1,204 lines", "reviewers": "88 reviewers"}
    asked = {"lines": 12, "until": until, "by": sender, "reason": "Tom is on leave until January."}
    starts = datetime(2026, 12, 1, 9, tzinfo=UTC)
    return {
        **dict.fromkeys(("review_started", "review_due", "review_asked", "review_behind"), everything),
        "review_overseen": {"told": Told(behind=behind, owned=owned)},
        "review_ended": {"told": Told(ended=ended)},
        "review_given": {"campaign": campaign, **asked, "told": Told(waits)},
        "campaign_drafted": {"campaign": campaign, "template": "Coupa access", "starts": starts},
        "campaign_ended": {
            **size,
            **counts,
            "removals": "1 removal",
            "are": "is",
            "by_whom": "Olga Berg ended it.",
        },
        "campaign_staged": {**size, "starts": starts},
        "campaign_started": {**size, "until": until},
        "draft_waits": {
            "template": SimpleNamespace(pk="t1", name="Coupa access", next_on=date(2026, 12, 1)),
            "sentence": "Its owners cannot own a campaign any more: name others.",
        },
        "line_commented": {"campaign": campaign, "by": sender, "line": 7, "path": "/reviews/x/lines/7/"},
        "removal_came_back": {
            "campaign": campaign,
            "app": SimpleNamespace(name="Coupa"),
            "removal": SimpleNamespace(
                task=SimpleNamespace(entitlement_name="Buyer", account_name="Grace Kim", risk="High"),
                problem="Sync 14 saw it again.",
            ),
            "is_grave": True,
            "is_asked_again": False,
            "is_signed_off": False,
        },
        "removal_trouble": {
            "trouble": Trouble(
                sender,
                late={("a", "b"): "Q4: 2 removals in Coupa, to be gone by Friday 11 December 2026."},
                refused={("a", "b"): "Q4: 1 removal in Coupa."},
                numbers={("a", "b", True): 2, ("a", "b", False): 1},
            ),
            "path": f"/campaigns/{campaign.pk}/removals/",
        },
        "removal_waiting": {
            "by_hand": ["Coupa: 1 removal of Coupa access, Q2."],
            "number": 2,
            "until": until,
            "rows": ["Coupa: 1 removal of Coupa access, Q4.", "Coupa: 1 removal of Coupa access, Q3."],
            "apps": "Coupa",
        },
        "report_ready": {
            "campaign": campaign,
            "files": [("memo.pdf", "ab" * 32), ("lines.xlsx", "cd" * 32)],
            "failed": [("lines.csv", "The disk is full.")],
            "path": f"/campaigns/{campaign.pk}/",
        },
        "control_owner_named": {
            "campaign": campaign,
            "by": sender,
            "state": "It is drafted, and nobody is asked yet.",
        },
        "sign_off_wanted": {"campaign": campaign, "sample": "5 lines"},
        "staging_ahead": {
            "campaign": campaign,
            "sentence": f"Sync 12 is held. {HELD}",
            "starts": datetime(2026, 12, 1, 9, tzinfo=UTC),
        },
        "staging_failed": {"campaign": campaign, "sentence": "Nobody could be asked about Grace Kim: Buyer."},
        "staging_waits": {"campaign": campaign, "sentence": f"Sync 12 is held. {HELD}"},
    }


@pytest.fixture
def written(db):
    """Write one letter to Rui."""
    Organisation.current()
    rui = make_user("Rui O'Neill & Sons", Role.BASIC, email="rui@meridian.example")
    ada = make_user("Ada Lindgren", Role.SUPER)
    everything = samples(rui, ada)
    return lambda letter: write(letter, to=rui, **everything[letter])


def words_of(html):
    """What a person reads of it, without the head."""
    body = html.split("</h1>")[1]
    return _plain(unescape(re.sub(r"<[^>]+>", " ", body)))


def _plain(text):
    return re.sub(r" ([.,:;?!])", r"\1", " ".join(text.split()))


def links_in(html):
    return [unescape(link) for link in re.findall(r'href="([^"]*)"', html)]


def test_every_letter_is_text_and_html(written):
    assert sorted(file.stem for file in FOLDER.glob("*.html") if file.stem != "base") == LETTERS


@pytest.mark.parametrize("letter", LETTERS)
def test_the_subject_says_what_it_is_about_on_one_line(letter, written):
    found = written(letter)

    assert 10 <= len(found.subject) <= LONGEST_SUBJECT
    assert not found.subject.endswith((".", "!"))
    assert f">{found.subject}</h1>" in unescape(found.html)
    assert found.text.startswith("Hello Rui O'Neill & Sons,\n\n")


@pytest.mark.parametrize("letter", LETTERS)
def test_text_and_html_say_the_same(letter, written):
    found = written(letter)

    *paragraphs, why = (_plain(part) for part in re.split(r"\n\n(?:- )?|\n- ", found.text))
    said = words_of(found.html)
    assert [part for part in paragraphs if part not in said and not _is_button(part)] == []
    assert why.startswith("You get this because ")
    assert "You get this because " in said


@pytest.mark.parametrize("letter", LETTERS)
def test_one_button_with_a_whole_link_stands_in_both(letter, written):
    found = written(letter)

    (link,) = links_in(found.html)
    (line,) = (part for part in found.text.split("\n\n") if _is_button(part))
    label, address = line.split(": ", 1)
    assert address == link
    assert f">{label}</a>" in found.html
    assert link.startswith((f"{settings.PUBLIC_URL}/", *MARKS))


@pytest.mark.parametrize("letter", LETTERS)
def test_the_button_leads_to_a_page_that_there_is(letter, written):
    (link,) = links_in(written(letter).html)

    if not link.startswith(tuple(MARKS)):
        found = resolve(urlsplit(link).path)
        assert found.view_name == LEAD_TO.get(letter, found.view_name)


@pytest.mark.parametrize("letter", LETTERS)
def test_a_letter_leads_nowhere_but_here_and_loads_nothing(letter, written):
    found = written(letter)

    addresses = re.findall(r"https?://[^\s\"<]+", found.text + found.html)
    assert [each for each in addresses if not each.startswith(settings.PUBLIC_URL)] == []
    assert not re.search(r"<(img|link|script|iframe|style)\b|url\(", found.html)


@pytest.mark.parametrize("letter", LETTERS)
def test_text_is_text_and_html_is_escaped(letter, written):
    found = written(letter)

    assert "&amp;" not in found.text
    assert "&#x27;" not in found.text
    assert "O&#x27;Neill &amp; Sons" in found.html
    assert not re.search(r"{[{%#]|None\b", found.text + found.html)


@pytest.mark.parametrize("letter", LETTERS)
def test_links_that_sign_in_are_marks_with_a_maker_and_never_shown(letter, written):
    found = written(letter)

    held = [mark for mark in MARKS if mark in found.text]
    assert held == [mark for mark in MARKS if mark in found.html]
    assert set(held) <= LINKS.keys()
    assert not any(mark in blacked_out(found.text) for mark in MARKS)
    assert not re.search(r"/(password|invitation)/\w", found.text + found.html)


def test_a_message_that_reads_like_a_mark_gets_no_link(db):
    mallory = make_user(f"Mallory {PASSWORD_LINK}", Role.SUPER)
    rui = make_user("Rui Almeida", Role.BASIC)

    mail = post("owner_help", to=rui, key="1", reply_to=mallory, connector=make_connector(), who=mallory.name)

    assert "Mallory password-link" in mail.text
    assert not any(mark in mail.text + mail.html + mail.subject for mark in MARKS)


def test_answers_go_to_whoever_asked(db):
    ada, rui = make_user("Ada Lindgren"), make_user("Rui Almeida")

    mail = post("owner_help", to=rui, key="1", reply_to=ada, connector=make_connector(), who=ada.name)

    assert parseaddr(mail.reply_to)[1] == ada.email
    assert OutgoingMail.objects.get() == mail


def _is_button(paragraph):
    return bool(re.fullmatch(r"[A-Z][^:.\n]*: (https?://|\[\[)\S+", paragraph.strip()))
