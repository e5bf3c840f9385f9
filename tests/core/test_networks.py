"""From where a request comes, and from where it may."""

from ipaddress import ip_network

import pytest
from django.core.management import call_command
from django.test import Client

from core.http.address import client_address, is_from_this_machine
from core.models import Organisation, Role, TrailEvent
from tests.make import PASSWORD, make_user

PROXY, BROWSER, FORGED = "10.0.0.2", "192.0.2.7", "203.0.113.66"


@pytest.fixture
def behind_proxy(settings):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/24")]


@pytest.fixture
def narrowed(db):
    Organisation.current()
    Organisation.objects.update(allowed_networks=["192.0.2.0/24", "2001:db8::/32"])


def seen(rf, remote, forwarded=None):
    more = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return client_address(rf.get("/", REMOTE_ADDR=remote, **more))


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        (BROWSER, None, BROWSER),
        (BROWSER, FORGED, BROWSER),  # not our proxy: whatever it says was typed by itself
        (PROXY, BROWSER, BROWSER),
        (PROXY, f"{FORGED}, {BROWSER}", BROWSER),  # the browser had put the first one there
        (PROXY, f"{FORGED},{BROWSER}, 10.0.0.9", BROWSER),  # two of our proxies
        (PROXY, f"{BROWSER}, nonsense", PROXY),
        (PROXY, "", PROXY),
        (PROXY, None, PROXY),
        (PROXY, "10.0.0.7, 10.0.0.8", "10.0.0.7"),
        (PROXY, "2001:db8::7", "2001:db8::7"),
        ("::ffff:10.0.0.2", BROWSER, BROWSER),
        ("::1", BROWSER, "::1"),
        ("", BROWSER, None),
    ],
)
def test_only_what_our_proxies_wrote_is_believed(remote, forwarded, address, behind_proxy, rf):
    assert seen(rf, remote, forwarded) == address


def test_without_a_trusted_proxy_nothing_forwarded_is_believed(rf):
    assert seen(rf, PROXY, BROWSER) == PROXY


@pytest.mark.parametrize(
    ("remote", "more", "is_here"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        (BROWSER, {}, False),
        ("127.0.0.1", {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, False),
        ("127.0.0.1", {"HTTP_FORWARDED": "for=127.0.0.1"}, False),
        ("", {}, False),
    ],
)
def test_this_machine_is_who_speaks_to_us_directly(remote, more, is_here, rf):
    assert is_from_this_machine(rf.get("/", REMOTE_ADDR=remote, **more)) == is_here


def test_the_trail_and_the_lock_know_the_browser_behind_the_proxy(behind_proxy, db, client):
    make_user("Ada Lindgren", Role.SUPER)
    typed = {"email": "ada.lindgren@meridian.example", "password": "wrong geese"}

    for number in range(6):
        forged = f"203.0.113.{number}, {BROWSER}"
        client.post("/sign-in/", typed, REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=forged)

    events = TrailEvent.objects.values_list("action", "address")
    assert set(events) == {("core.sign_in_failed", BROWSER), ("core.locked_out", BROWSER)}


@pytest.mark.parametrize("page", ["/", "/sign-in/", "/password/", "/settings/outbox/"])
def test_from_elsewhere_every_page_is_one_sentence(page, narrowed, cast, sign_in):
    browser = sign_in(cast["super"])

    reply = browser.get(page, REMOTE_ADDR=FORGED)

    text = reply.content.decode()
    assert reply.status_code == 403
    assert f"This console may not be used from {FORGED}." in text
    assert "Ada Lindgren" not in text
    assert "<form" not in text


def test_from_elsewhere_neither_a_wrong_address_nor_a_forged_form_shows_more(narrowed, cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast["super"])

    replies = [browser.get("/nope/", REMOTE_ADDR=FORGED), browser.post("/theme/", REMOTE_ADDR=FORGED)]

    for reply in replies:
        assert reply.status_code == 403
        assert f"This console may not be used from {FORGED}." in reply.content.decode()
        assert "r-rail" not in reply.content.decode()
        assert "Ada Lindgren" not in reply.content.decode()


def test_who_is_turned_away_stands_in_the_log(narrowed, cast, sign_in, caplog, trail):
    sign_in(cast["basic"]).get("/connectors/", REMOTE_ADDR=FORGED)

    (line,) = [record for record in caplog.records if record.name == "core.http.guards"]
    assert line.levelname == "WARNING"
    assert f"Refused {cast['basic'].pk} from {FORGED}: GET /connectors/." in line.getMessage()
    assert trail() == []


def test_who_is_refused_by_a_rule_stands_in_the_log(cast, sign_in, caplog, trail):
    sign_in(cast["basic"]).get("/settings/outbox/", REMOTE_ADDR=BROWSER)

    (line,) = [record.getMessage() for record in caplog.records if record.name == "core.http.guards"]
    assert f"Refused {cast['basic'].pk} from {BROWSER}: GET /settings/outbox/." in line
    assert trail() == []


def test_from_elsewhere_the_right_password_signs_nobody_in(narrowed, client, trail):
    make_user("Ada Lindgren", Role.SUPER, password=PASSWORD)
    typed = {"email": "ada.lindgren@meridian.example", "password": PASSWORD}

    reply = client.post("/sign-in/", typed, REMOTE_ADDR=FORGED)

    assert reply.status_code == 403
    assert trail() == []


@pytest.mark.parametrize(
    ("address", "answer"),
    [("192.0.2.7", 200), ("2001:db8::1", 200), ("192.0.3.1", 403), ("2001:db9::1", 403), ("", 403)],
)
def test_whoever_comes_from_an_allowed_network_notices_nothing(address, answer, narrowed, cast, sign_in):
    assert sign_in(cast["basic"]).get("/", REMOTE_ADDR=address).status_code == answer


def test_htmx_gets_the_sentence_as_a_toast(narrowed, cast, sign_in):
    reply = sign_in(cast["basic"]).get("/", REMOTE_ADDR=FORGED, headers={"HX-Request": "true"})

    assert reply.status_code == 403
    assert "data-toast" in reply.content.decode()
    assert "<html" not in reply.content.decode()


def test_health_is_asked_for_by_machines_from_anywhere(narrowed, client):
    assert client.get("/health/live", REMOTE_ADDR=FORGED).status_code == 200


def test_an_operator_lets_everybody_in_again(narrowed, cast, sign_in):
    call_command("unlock", "--networks")

    event = TrailEvent.objects.get()
    assert sign_in(cast["basic"]).get("/", REMOTE_ADDR=FORGED).status_code == 200
    assert (event.action, event.actor_name) == ("core.networks_opened", "Operator")
    assert event.change["allowed_networks"]["before"] == ["192.0.2.0/24", "2001:db8::/32"]
