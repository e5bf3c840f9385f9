"""The way out: retries, bounds, and nothing secret told."""

import gzip
import hashlib
import json
import logging
import traceback

import httpx
import pytest

from connectors.contract import (
    DriverError,
    Outside,
    OwnToken,
    TransientError,
)
from connectors.http import ClientCredentials, Refused, door
from connectors.http.door import Door, retry_after
from tests.connectors.drivers.vendor import BUSY, OK, ORIGIN, SECRET, TOKEN, Vendor, data, get, read


def test_every_request_becomes_a_call_with_the_digest_of_its_body(api):
    vendor = Vendor(BUSY, OK)
    one = api(vendor)

    get(one)

    token, busy, good = one.take_calls()
    assert (token.kind, token.asked, token.status) == ("token", "POST /oauth2/token", 200)
    assert (busy.status, busy.records) == (503, 0)
    assert (good.asked, good.status, good.records) == ("GET /api/users?id[gt]=0", 200, 2)
    assert good.bytes == len(OK.content)
    assert good.sha256 == hashlib.sha256(OK.content).hexdigest()
    assert one.take_calls() == ()


@pytest.mark.parametrize(
    "trouble",
    [
        *(data({}, status) for status in (429, 500, 502, 503, 504)),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("no"),
    ],
)
def test_a_read_is_tried_again_while_the_vendor_is_busy(trouble, api):
    vendor = Vendor(trouble, trouble, OK)

    assert get(api(vendor)) == [1, 2]
    assert len(vendor.asked) == 3


def test_four_retries_are_the_most_and_the_sentence_says_what_was_seen(api, hands):
    vendor = Vendor(BUSY)

    with pytest.raises(TransientError, match=r"Coupa answered 503, 5 times in a row\."):
        get(api(vendor))

    assert len(vendor.asked) == 5
    assert len(hands.slept) == 4
    assert hands.slept == sorted(hands.slept)
    assert sum(hands.slept) <= 60


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("7", 7, 9), ("Sun, 01 Mar 2026 12:00:09 GMT", 9, 12), ("soon", 1, 2), ("-5", 1, 2), ("", 1, 2)],
)
def test_retry_after_is_obeyed_as_seconds_or_date_and_nonsense_ignored(header, least, most, api, hands):
    vendor = Vendor(data({}, 429, Retry_After=header), OK)

    get(api(vendor))

    [slept] = hands.slept
    assert least <= slept <= most


def test_a_retry_after_beyond_patience_ends_the_try_at_once(api, hands):
    vendor = Vendor(data({}, 429, Retry_After="3600"))

    with pytest.raises(TransientError, match=r"asking us to wait 3600 s"):
        get(api(vendor))

    assert hands.slept == []


def test_a_date_in_the_past_means_now(hands):
    assert retry_after("Sun, 01 Mar 2020 12:00:00 GMT", hands.clock().now()) == 0


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (httpx.Response(302, headers={"location": "https://evil.example/?token=x"}), "redirect"),
        (httpx.Response(200, html="<html></html>"), "not with data"),
        (httpx.Response(200, text="[]"), "not with data"),
        (data({"errors": {}}, 400), "answered 400 to GET /api/users"),
        (data({}, 404), "answered 404"),
    ],
)
def test_an_answer_that_is_not_data_is_an_error_at_once(answer, sentence, api):
    vendor = Vendor(answer)

    with pytest.raises(DriverError, match=sentence) as caught:
        get(api(vendor))

    assert len(vendor.asked) == 1
    assert "evil" not in str(caught.value)


def test_a_refusal_carries_status_and_answer(api):
    with pytest.raises(Refused) as caught:
        get(api(Vendor(data({"errors": {"user": ["no"]}}, 403))))

    assert (caught.value.status, caught.value.answer) == (403, {"errors": {"user": ["no"]}})


def test_broken_json_is_asked_for_again(api):
    broken = httpx.Response(200, content=b'[{"id": 1', headers={"content-type": "application/json"})

    assert get(api(Vendor(broken, OK))) == [1, 2]


def test_an_answer_beyond_the_bound_is_not_held(api, monkeypatch):
    monkeypatch.setattr(door, "MOST_BYTES", 1000)

    with pytest.raises(DriverError, match="sent more than"):
        get(api(Vendor(data(["x" * 2000]))))


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/api", "http://acme.coupahost.com/api", "https://acme.coupahost.com:8443/api"],
)
def test_no_request_leaves_for_another_origin(url, hands):
    vendor = Vendor(OK)
    guard = Door("Coupa", ORIGIN, Outside(), hands.clock(), httpx.MockTransport(vendor))

    with pytest.raises(DriverError, match="was stopped"):
        guard.send(httpx.Request("GET", url), "user")

    assert vendor.asked == []
    guard.close()


def test_without_https_only_this_machine_is_asked(api):
    with pytest.raises(DriverError, match="not https"):
        api(Vendor(OK), origin="http://acme.coupahost.com")


def test_a_ca_file_that_cannot_be_read_says_so(api, tmp_path):
    with pytest.raises(DriverError, match="CA file"):
        api(Vendor(OK), outside=Outside(ca_file=str(tmp_path / "none.pem")))


def test_the_pace_is_asked_before_every_request(api):
    waits: list[str] = []

    class Pace:
        def wait(self) -> None:
            waits.append("waited")

    one = api(Vendor(BUSY, OK), outside=Outside(pace=Pace()))

    get(one)

    assert len(waits) == len(one.take_calls()) == 3


@pytest.mark.parametrize(
    ("trouble", "error", "sentence"),
    [
        (httpx.LocalProtocolError, DriverError, "A request to Coupa was not sent: HTTP does not allow it."),
        (httpx.ConnectError, TransientError, "Coupa could not be reached, 5 times in a row."),
        (httpx.ReadTimeout, TransientError, "Coupa did not answer in time, 5 times in a row."),
        (httpx.ProxyError, TransientError, "Coupa could not be reached through the proxy, 5 times in a row."),
        (
            httpx.DecodingError,
            TransientError,
            "Coupa sent an answer that cannot be unpacked, 5 times in a row.",
        ),
        (httpx.RemoteProtocolError, TransientError, "Coupa did not answer to the end, 5 times in a row."),
        (httpx.ReadError, TransientError, "Coupa did not answer to the end, 5 times in a row."),
    ],
)
def test_trouble_on_the_way_is_told_in_our_words_only(trouble, error, sentence, api):
    with pytest.raises(error) as caught:
        get(api(Vendor(trouble(f"Illegal header value b'Bearer {TOKEN}'"))))

    assert str(caught.value) == sentence


def test_an_illegal_header_is_not_even_in_the_traceback(api):
    with pytest.raises(DriverError) as caught:
        get(api(Vendor(httpx.LocalProtocolError(f"Illegal header value b'Bearer {TOKEN}'"))))

    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_the_digest_is_of_the_body_as_unpacked(hands):
    plain = json.dumps([1, 2, 3]).encode()
    packed = httpx.Response(
        200, stream=httpx.ByteStream(gzip.compress(plain)), headers={"content-encoding": "gzip"}
    )
    one = Door("Coupa", ORIGIN, Outside(), hands.clock(), httpx.MockTransport(lambda _: packed))

    _, call = one.send(httpx.Request("GET", f"{ORIGIN}/api/users"), "user")

    assert (call.bytes, call.sha256) == (len(plain), hashlib.sha256(plain).hexdigest())
    one.close()


def test_secret_and_token_are_in_no_repr_log_or_error(api, caplog):
    caplog.set_level(logging.DEBUG)
    store = OwnToken()
    vendor = Vendor(OK, data({}, 500))
    one = api(vendor, outside=Outside(tokens=store))
    get(one)

    with pytest.raises(TransientError) as caught:
        get(one)

    told = [repr(one.take_calls()), repr(store.get()), repr(caught.getrepr(showlocals=False)), caplog.text]
    told.append(repr(ClientCredentials("u", "an-id", SECRET)))
    assert "an-id" in told[-1]
    assert not [text for text in told if SECRET in text or TOKEN in text]


def test_a_question_by_post_is_a_read_and_tried_again(api):
    vendor = Vendor(BUSY, OK)

    assert api(vendor).ask("/api/graphql", {"query": "{x}"}, kind="user", read=read) == [1, 2]
    assert json.loads(vendor.asked[1].content) == {"query": "{x}"}


def test_bodies_are_kept_only_where_they_are_wished_and_never_those_of_tokens(api):
    plain, keeping = api(Vendor(BUSY, OK)), api(Vendor(BUSY, OK), outside=Outside(keeps_bodies=True))
    for one in (plain, keeping):
        get(one)

    assert [call.body for call in plain.take_calls()] == [b"", b"", b""]
    token, busy, good = keeping.take_calls()
    assert token.body == b""
    assert (busy.body, good.body) == (BUSY.content, OK.content)
    assert hashlib.sha256(good.body).hexdigest() == good.sha256
    assert "1, 2" not in repr(good)


def test_a_body_that_did_not_come_whole_is_not_kept(api, monkeypatch):
    monkeypatch.setattr(door, "MOST_BYTES", 1000)
    one = api(Vendor(data(["x" * 2000])), outside=Outside(keeps_bodies=True))

    with pytest.raises(DriverError):
        get(one)

    assert [(call.body, call.bytes, call.sha256) for call in one.take_calls()[1:]] == [(b"", 0, "")]
