"""The outbox is for Super Administrators, and shows what became of each letter."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from core.mailbox import PASSWORD_LINK
from core.models import OutgoingMail
from tests.make import make_letter

LIST = "/settings/outbox/"
EVERYONE = [
    ("super", 200),
    ("connector_admin", 403),
    ("basic", 403),
    ("no_role", 403),
    ("deactivated", 302),
    ("stranger", 302),
]


@pytest.mark.parametrize(("who", "answer"), EVERYONE)
def test_only_a_super_administrator_sees_letters(who, answer, cast, sign_in):
    letter = make_letter(subject="Your help is needed")
    browser = sign_in(cast[who])

    replies = [browser.get(LIST), browser.get(f"{LIST}{letter.pk}/")]

    assert [reply.status_code for reply in replies] == [answer, answer]
    assert all(("Your help is needed" in reply.content.decode()) == (answer == 200) for reply in replies)


@pytest.mark.parametrize(
    ("who", "answer"), [(who, 302 if answer == 200 else answer) for who, answer in EVERYONE]
)
def test_only_a_super_administrator_sends_again(who, answer, cast, sign_in, trail):
    letter = make_letter(status=OutgoingMail.Status.FAILED, problem="550", attempts=3)

    reply = sign_in(cast[who]).post(f"{LIST}{letter.pk}/again/")

    letter.refresh_from_db()
    allowed = who == "super"
    assert reply.status_code == answer
    assert (letter.status, letter.attempts) == (("queued", 0) if allowed else ("failed", 3))
    assert trail() == (["core.letter_tried_again"] if allowed else [])


def test_what_has_not_failed_is_not_sent_again(cast, sign_in, trail):
    letter = make_letter(status=OutgoingMail.Status.SENT)

    reply = sign_in(cast["super"]).post(f"{LIST}{letter.pk}/again/")

    assert reply.status_code == 409
    assert trail() == []


def test_a_letter_whose_text_is_no_longer_kept_is_not_sent_again(cast, sign_in, trail):
    letter = make_letter(status=OutgoingMail.Status.FAILED, html="")
    browser = sign_in(cast["super"])

    page = browser.get(f"{LIST}{letter.pk}/").content.decode()
    reply = browser.post(f"{LIST}{letter.pk}/again/")

    letter.refresh_from_db()
    assert "Try again" not in page
    assert (reply.status_code, letter.status) == (409, "failed")
    assert trail() == []


def test_refusals_name_who_can_help(cast, sign_in):
    reply = sign_in(cast["basic"]).get(LIST)

    page = reply.content.decode()
    assert "Only a Super Administrator can see the outbox." in page
    assert "Ada Lindgren" in page
    assert "Peter Kovacs" not in page


def test_a_link_that_signs_in_is_not_shown(cast, sign_in):
    letter = make_letter(text=f"Set a password: {PASSWORD_LINK}?next=/")

    page = sign_in(cast["super"]).get(f"{LIST}{letter.pk}/").content.decode()

    assert PASSWORD_LINK not in page
    assert "only in the letter" in page


def test_pages_follow_each_other_newest_first(cast, sign_in):
    start = now() - timedelta(days=1)
    for minute in range(120):
        make_letter(subject=f"Letter of minute {minute:03}", created_at=start + timedelta(minutes=minute))
    browser = sign_in(cast["super"])

    first = browser.get(LIST)
    second = browser.get(LIST + _link(first, "next"))
    back = browser.get(LIST + _link(second, "prev"))

    assert _minutes(first) == list(range(119, 69, -1))
    assert _minutes(second) == list(range(69, 19, -1))
    assert _minutes(back) == _minutes(first)
    assert "1-50 of 120" in _words(first)
    assert "51-100 of 120" in _words(second)


def test_the_list_asks_no_more_for_more_letters(cast, sign_in, django_assert_max_num_queries):
    browser = sign_in(cast["super"])
    for _ in range(50):
        make_letter()

    with django_assert_max_num_queries(16):
        browser.get(LIST)


def test_letters_can_be_narrowed_to_those_that_failed(cast, sign_in):
    make_letter(subject="Good one", status=OutgoingMail.Status.SENT)
    make_letter(subject="Bad one", status=OutgoingMail.Status.FAILED)

    page = sign_in(cast["super"]).get(LIST, {"status": "failed"}).content.decode()

    assert "Bad one" in page
    assert "Good one" not in page


def _link(reply, rel):
    page = reply.content.decode()
    return page.split(f'" rel="{rel}"')[0].rsplit('href="', 1)[1].replace("&amp;", "&")


def _minutes(reply):
    return [int(part[:3]) for part in reply.content.decode().split("Letter of minute ")[1:]]


def _words(reply):
    return " ".join(reply.content.decode().split())
