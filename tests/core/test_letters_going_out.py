"""Test letters, and the addresses that take none, as the page about mail shows them."""

import pytest
from django.urls import reverse
from django.utils.timezone import now

from connectors.models import ConnectorOwner
from core.actions import mail_server
from core.errors import NotPossible
from core.models import Organisation, OutgoingMail, Role
from core.queries.mail_server import leads_nowhere
from tests.make import make_connector, make_letter, make_mail_server, make_user

PAGE = "/settings/mail/"


@pytest.fixture
def ada(db, settings):
    settings.MAIL_URL = ""
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


def test_a_test_goes_to_oneself_and_its_outcome_stands_on_the_page(ada, sign_in, trail):
    make_mail_server()
    browser = sign_in(ada)

    browser.post(reverse("core:send_test"))
    waiting = browser.get(PAGE).content.decode()
    OutgoingMail.objects.update(status="failed", problem="The mail server answered 550: No", failed_at=now())
    over = browser.get(PAGE).content.decode()

    assert list(OutgoingMail.objects.values_list("to", "letter")) == [(ada.email, "mail_test")]
    assert "every 1s" in waiting
    assert "every 1s" not in over
    assert "The mail server answered 550: No" in over
    assert trail() == ["core.mail_tested"]


def test_no_test_goes_out_without_a_server_nor_while_letters_are_dropped_nor_without_end(ada):
    with pytest.raises(NotPossible, match="no mail server"):
        mail_server.send_test(by=ada)
    make_mail_server()
    for _ in range(mail_server.TESTS_A_MINUTE):
        mail_server.send_test(by=ada)
    with pytest.raises(NotPossible, match="wait a little"):
        mail_server.send_test(by=ada)
    Organisation.objects.update(drops_letters=True)

    with pytest.raises(NotPossible, match="dropped"):
        mail_server.send_test(by=ada)


def test_addresses_that_bounce_are_listed_once_with_the_servers_words(ada, sign_in):
    bounced = {"status": "failed", "bounced": True, "failed_at": now()}
    make_letter(to="gone@x.example", problem="The mail server answered 550: No such person", **bounced)
    make_letter(to="gone@x.example", problem="The mail server answered 550: No such person", **bounced)
    make_letter(to="fine@x.example", status="sent")

    page = sign_in(ada).get(PAGE).content.decode()

    assert page.count(">gone@x.example</a>") == 1
    assert "550: No such person" in page
    assert "fine@x.example" not in page


def test_a_super_administrator_may_have_an_address_tried_again(ada, sign_in, trail):
    bounced = {"to": "gone@x.example", "status": "failed", "bounced": True, "failed_at": now()}
    old = make_letter(pk="0" * 26 + "1", **bounced)
    last = make_letter(**bounced)
    browser = sign_in(ada)

    first = browser.post(reverse("core:try_address_again"), {"address": "gone@x.example"})
    second = browser.post(reverse("core:try_address_again"), {"address": "gone@x.example"})

    old.refresh_from_db()
    last.refresh_from_db()
    assert (first.status_code, second.status_code) == (302, 409)
    assert (last.status, last.bounced, old.status, old.bounced) == ("queued", False, "failed", False)
    assert trail() == ["core.address_tried_again"]


def test_the_page_asks_no_more_for_more_addresses(ada, sign_in, django_assert_max_num_queries):
    browser = sign_in(ada)
    for number in range(60):
        make_letter(to=f"gone{number}@x.example", status="failed", bounced=True, failed_at=now())

    with django_assert_max_num_queries(22):
        page = browser.get(PAGE).content.decode()

    assert "60 addresses in all" in page


def test_letters_can_be_narrowed_to_those_that_bounced_or_were_dropped(ada, sign_in):
    make_letter(subject="Good one", status="sent")
    make_letter(subject="Bad one", status="failed", bounced=True)
    make_letter(subject="Lost one", status="dropped")
    browser = sign_in(ada)

    bounced = browser.get("/settings/outbox/", {"status": "bounced"}).content.decode()
    dropped = browser.get("/settings/outbox/", {"status": "dropped"}).content.decode()

    assert [word in bounced for word in ("Good one", "Bad one", "Lost one")] == [False, True, False]
    assert [word in dropped for word in ("Good one", "Bad one", "Lost one")] == [False, False, True]


def test_a_dropped_letter_cannot_be_sent_later(ada, sign_in, trail):
    letter = make_letter(status=OutgoingMail.Status.DROPPED)
    browser = sign_in(ada)

    page = browser.get(reverse("core:letter", args=[letter.pk])).content.decode()
    reply = browser.post(reverse("core:letter_again", args=[letter.pk]))

    letter.refresh_from_db()
    assert "It was dropped and never goes out." in page
    assert "Try again" not in page
    assert (reply.status_code, letter.status) == (409, "dropped")
    assert trail() == []


def test_every_page_says_that_letters_are_dropped(ada, sign_in):
    Organisation.current()
    pages = [(sign_in(ada), page) for page in ("/", PAGE, "/nothing/here/")]
    pages += [(sign_in(None), page) for page in ("/sign-in/", "/password/", "/nothing/here/")]
    before = [browser.get(page).content.decode() for browser, page in pages]
    Organisation.objects.update(drops_letters=True, drops_letters_since=now())

    after = [browser.get(page).content.decode() for browser, page in pages]

    assert not any("Reeve sends no letters." in page for page in before)
    assert all("Reeve sends no letters." in page for page in after)


def test_where_a_letter_cannot_go_out_the_link_is_there_to_pass_on(ada, sign_in):
    connector = make_connector()
    grace = make_user("Grace Kim", Role.BASIC)
    ConnectorOwner.objects.create(connector=connector, user=grace, asked_at=now())
    browser, page = sign_in(ada), reverse("connectors:connector", args=[connector.pk])
    link = "http://testserver" + reverse("connectors:settings", args=[connector.pk])

    without = browser.get(page).content.decode()
    make_mail_server()
    working = browser.get(page).content.decode()
    Organisation.objects.update(drops_letters=True)
    dropped = browser.get(page).content.decode()

    assert f"<code>{link}</code>" in without
    assert "waits in the outbox until it is" in without
    assert f"<code>{link}</code>" not in working
    assert f"<code>{link}</code>" in dropped


@pytest.mark.parametrize(
    ("address", "nowhere"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost", True),
        ("http://[::1]:8000", True),
        ("https://reeve.example", False),
    ],
)
def test_an_address_of_this_machine_leads_nobody_else_here(address, nowhere, settings):
    settings.PUBLIC_URL = address

    assert leads_nowhere() == nowhere
