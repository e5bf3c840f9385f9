"""Tokens, clocks, limits and answers that are none."""

import gzip
import json
from datetime import timedelta

import httpx
import pytest

from connectors.contract import (
    BadCredentials,
    Batch,
    DriverError,
    Outside,
    OwnToken,
    TransientError,
)
from connectors.drivers.coupa import gather
from connectors.drivers.coupa.client import CoupaClient
from connectors.http import Clock, addresses, door
from connectors.http.door import Door, retry_after
from tests.connectors.drivers.conftest import KINDS, as_lines
from tests.connectors.drivers.vendor import OK, ORIGIN, Vendor, data, get


def test_a_token_revoked_in_the_middle_costs_one_renewal(fake, drive, monkeypatch, hands):
    monkeypatch.setattr(gather, "SIZE", 1)
    batches: list[Batch] = []

    for batch in drive(fake).walk(KINDS):
        batches.append(batch)
        if len(batches) == 4:
            hands.passed += 3600
            fake.revoke_token()

    assert as_lines(batches) == fake.truth()
    assert sum(one.target == "/oauth2/token" for one in fake.requests) == 2


def test_a_secret_rotated_in_the_middle_ends_the_walk_without_a_storm(fake, drive, monkeypatch, hands):
    monkeypatch.setattr(gather, "SIZE", 1)
    walk = drive(fake).walk(KINDS)
    next(walk)
    hands.passed += 3600
    fake.revoke_token()
    fake.misbehave(wrong_secret=True)
    asked = len(fake.requests)

    with pytest.raises(BadCredentials, match="refused the client ID and secret"):
        list(walk)

    assert len(fake.requests) == asked + 2


@pytest.mark.parametrize("minutes", [-7, 7], ids=["behind", "ahead"])
def test_a_worker_whose_clock_is_minutes_off_uses_the_shared_token_as_well(minutes, fake, drive, hands):
    store = OwnToken()
    drive(fake, outside=Outside(tokens=store)).check()
    hands.passed += minutes * 60

    drive(fake, outside=Outside(tokens=store)).check()

    assert sum(one.target == "/oauth2/token" for one in fake.requests) == 1


def test_a_token_our_clock_believes_in_too_long_is_renewed_when_it_is_refused(api, hands):
    vendor, store = Vendor(data({}, 401), OK), OwnToken()
    one = api(vendor, outside=Outside(tokens=store))
    one._tokens.current()
    hands.passed += 3600

    assert get(one) == [1, 2]
    assert vendor.tokens_given == 2


@pytest.mark.parametrize(("skew", "least"), [(-600, 9), (0, 9), (600, 9)])
def test_a_date_to_wait_for_counts_from_the_vendors_own_clock(skew, least, hands):
    ours = hands.clock().now()
    theirs = ours + timedelta(seconds=skew)
    until = theirs + timedelta(seconds=9)
    form = "%a, %d %b %Y %H:%M:%S GMT"

    assert retry_after(until.strftime(form), ours, theirs.strftime(form)) == least


def test_a_limit_without_a_time_is_waited_out_by_ourselves(api, hands):
    assert get(api(Vendor(data({}, 429), data({}, 429), OK))) == [1, 2]
    assert all(0.9 <= slept <= 3 for slept in hands.slept)


@pytest.mark.parametrize("location", ["/session/new", "https://evil.example/api/users", "//evil.example"])
def test_a_redirect_is_an_error_and_never_followed(location, api):
    vendor = Vendor(httpx.Response(302, headers={"location": location}))

    with pytest.raises(DriverError, match=r"redirect \(302\), never followed\. Is the domain right\?"):
        get(api(vendor))

    assert [request.url.host for request in vendor.asked] == ["acme.coupahost.com"]


@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/xml", "application/json-seq", ""])
def test_a_list_of_another_content_type_is_no_answer(kind, api):
    odd = httpx.Response(200, content=b"[]", headers={"content-type": kind} if kind else {})

    with pytest.raises(DriverError, match="but not with data"):
        CoupaClient(api(Vendor(odd))).page("user", ["id"], 0)


def test_a_small_answer_that_unpacks_beyond_the_bound_is_not_held(api, monkeypatch):
    monkeypatch.setattr(door, "MOST_BYTES", 100_000)
    packed = gzip.compress(json.dumps(["x" * 1_000_000]).encode())
    bomb = httpx.Response(
        200,
        stream=httpx.ByteStream(packed),
        headers={"content-type": "application/json", "content-encoding": "gzip"},
    )
    one = Door("Coupa", ORIGIN, Outside(), Clock(), httpx.MockTransport(lambda _: bomb))

    with pytest.raises(DriverError, match="sent more than"):
        one.send(httpx.Request("GET", f"{ORIGIN}/api/users"), "user")

    one.close()


def test_a_body_that_drips_is_given_up_after_a_while(hands):
    class Dripping(httpx.SyncByteStream):
        def __iter__(self):
            for _ in range(1_000):
                hands.passed += 1
                yield b" "

    slow = httpx.MockTransport(lambda _: httpx.Response(200, stream=Dripping()))
    one = Door("Coupa", ORIGIN, Outside(), hands.clock(), slow)

    with pytest.raises(TransientError, match="did not answer in time"):
        one.send(httpx.Request("GET", f"{ORIGIN}/api/users"), "user")

    assert hands.passed < door.WHOLE_ANSWER + 5
    one.close()


PRIVATE = ["127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1",
           "fe80::1", "fd00::1", "::ffff:10.0.0.1", "224.0.0.1"]  # fmt: skip


def lead(monkeypatch, *found: str) -> list[str]:
    """Have every name lead to these addresses; the names looked up come back."""
    asked: list[str] = []

    def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(0, 0, 0, "", (address, 0)) for address in found]

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return asked


def outward(hands, extra_hosts: tuple[str, ...] = (), origin: str = ORIGIN) -> Door:
    """A door onto the real network, whose exchange no test may reach."""
    return Door("Coupa", origin, Outside(extra_hosts=extra_hosts), hands.clock(), None)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_into_our_own_network_is_never_asked(address, hands, monkeypatch):
    lead(monkeypatch, "52.1.2.3", address)
    one = outward(hands)

    with pytest.raises(DriverError, match=r"acme\.coupahost\.com leads to .*, which is no public address"):
        one.send(httpx.Request("GET", f"{ORIGIN}/api/users"), "user")

    assert one.take_calls() == ()
    one.close()


@pytest.fixture
def answered(monkeypatch):
    """An exchange that succeeds without any network."""
    monkeypatch.setattr(
        Door, "_exchange", lambda _self, request, _began: httpx.Response(200, request=request)
    )


@pytest.mark.usefixtures("answered")
def test_a_public_name_is_looked_up_once_a_minute(hands, monkeypatch):
    asked = lead(monkeypatch, "52.1.2.3", "2600:1f18::1")
    one = outward(hands)

    for seconds in (0, 30, 40):
        hands.passed += seconds
        one.send(httpx.Request("GET", f"{ORIGIN}/api/users"), "user")

    assert asked == ["acme.coupahost.com"] * 2
    one.close()


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize(
    ("listed", "origin"),
    [("coupa.internal", "https://coupa.internal"), ("Coupa.Internal:8443", "https://coupa.internal:8443")],
)
def test_a_host_that_an_operator_listed_may_be_private(listed, origin, hands, monkeypatch):
    asked = lead(monkeypatch, "10.1.2.3")
    one = outward(hands, (listed,), origin)

    one.send(httpx.Request("GET", f"{origin}/api/users"), "user")

    assert asked == []
    one.close()


@pytest.mark.usefixtures("answered")
def test_behind_a_proxy_the_name_is_checked_and_not_the_address(hands, monkeypatch):
    asked = lead(monkeypatch, "10.1.2.3")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.acme.example:3128")
    one = outward(hands)

    one.send(httpx.Request("GET", f"{ORIGIN}/api/users"), "user")
    with pytest.raises(DriverError, match="was stopped"):
        one.send(httpx.Request("GET", "https://evil.example/api/users"), "user")

    assert asked == []
    one.close()


def test_a_host_that_the_proxy_is_bypassed_for_is_looked_up_all_the_same(hands, monkeypatch):
    lead(monkeypatch, "10.1.2.3")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.acme.example:3128")
    monkeypatch.setenv("NO_PROXY", ".coupahost.com")
    one = outward(hands)

    with pytest.raises(DriverError, match="no public address"):
        one.send(httpx.Request("GET", f"{ORIGIN}/api/users"), "user")

    one.close()


def test_a_name_that_leads_nowhere_is_left_to_the_connection(monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise OSError("no such name")

    monkeypatch.setattr("socket.getaddrinfo", fail)

    assert addresses.addresses_of("nowhere.coupahost.com") == set()
