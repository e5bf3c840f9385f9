"""The way out: retries, tokens, bounds, and nothing secret told."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest

from connectors.contract import (
    BadCredentials,
    DriverError,
    MissingScope,
    Outside,
    OwnToken,
    Token,
    TransientError,
)
from connectors.http import Api, ClientCredentials, Refused, door
from connectors.http.door import Door, retry_after

SECRET = "canary-secret"
TOKEN = "canary-token"
ORIGIN = "https://acme.coupahost.com"


class Vendor:
    """Answers in turn with what it was given, the last one for ever."""

    def __init__(self, *answers: httpx.Response | Exception, tokens: tuple[httpx.Response, ...] = ()) -> None:
        self._answers = list(answers)
        self._tokens = list(tokens)
        self.asked: list[httpx.Request] = []
        self.tokens_given = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth2/token":
            self.tokens_given += 1
            if self._tokens:
                return self._tokens.pop(0)
            return data(
                {"access_token": f"{TOKEN}-{self.tokens_given}", "token_type": "bearer", "expires_in": 86399}
            )
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def data(told: object, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(
        status, json=told, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def read(answer: object) -> list[object]:
    assert isinstance(answer, list)
    return answer


OK = data([1, 2])
BUSY = data({}, 503)


@pytest.fixture
def api(hands) -> Iterator[Callable[..., Api]]:
    opened: list[Api] = []

    def open_on(vendor: Vendor, origin: str = ORIGIN, outside: Outside | None = None) -> Api:
        credentials = ClientCredentials(f"{origin}/oauth2/token", "an-id", SECRET, ("a.read", "b.read"))
        transport = httpx.MockTransport(vendor)
        opened.append(
            Api("Coupa", origin, credentials, outside or Outside(), clock=hands.clock(), transport=transport)
        )
        return opened[-1]

    yield open_on
    for one in opened:
        one.close()


def get(api: Api) -> list[object]:
    return api.get("/api/users", {"id[gt]": "0"}, kind="user", read=read)


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


def test_one_token_serves_until_nine_tenths_of_its_life_or_twenty_hours(api, hands):
    vendor, store = Vendor(OK), OwnToken()
    one = api(vendor, outside=Outside(tokens=store))

    get(one)
    hands.passed += 19.9 * 3600
    get(one)
    assert vendor.tokens_given == 1

    hands.passed += 0.2 * 3600
    get(one)
    assert vendor.tokens_given == 2


def test_a_token_in_store_is_used_as_it_is(api, hands):
    store = OwnToken()
    store.put(Token("kept", hands.clock().now() + timedelta(hours=1)))
    vendor = Vendor(OK)

    get(api(vendor, outside=Outside(tokens=store)))

    assert vendor.tokens_given == 0
    assert vendor.asked[0].headers["authorization"] == "Bearer kept"


def test_a_fresh_token_refused_is_tried_again_after_a_short_wait(api, hands):
    vendor = Vendor(data({}, 401), data({}, 401), OK)

    assert get(api(vendor)) == [1, 2]
    assert vendor.tokens_given == 1
    assert 0 < sum(hands.slept) < 10


def test_a_token_that_worked_and_ends_is_renewed_once_without_waiting(api, hands):
    vendor = Vendor(OK, data({}, 401), OK)
    one = api(vendor)

    get(one)
    get(one)

    assert vendor.tokens_given == 2
    assert hands.slept == []


def test_a_renewed_token_that_is_refused_means_bad_credentials(api):
    vendor = Vendor(data({}, 401))

    with pytest.raises(BadCredentials):
        get(api(vendor))

    assert vendor.tokens_given == 2


@pytest.mark.parametrize("status", [400, 401])
def test_invalid_client_means_bad_credentials(status, api):
    refusal = data({"error": "invalid_client", "error_description": f"no {SECRET}"}, status)

    with pytest.raises(BadCredentials) as caught:
        get(api(Vendor(OK, tokens=(refusal,))))

    assert SECRET not in str(caught.value)


def test_invalid_scope_names_the_scope(api):
    refusal = data({"error": "invalid_scope", "error_description": "not allowed: b.read"}, 400)

    with pytest.raises(MissingScope, match=r"been given b\.read\.$"):
        get(api(Vendor(OK, tokens=(refusal,))))


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(200, html="<html>"), httpx.Response(404, html="<html>"), data([]), data({"token": 1})],
)
def test_no_token_in_the_answer_is_an_error_about_the_domain(answer, api):
    with pytest.raises(DriverError, match="domain right"):
        get(api(Vendor(OK, tokens=(answer,))))


def test_a_busy_token_endpoint_is_tried_again(api):
    vendor = Vendor(OK, tokens=(data({}, 503),))

    assert get(api(vendor)) == [1, 2]


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


def test_granted_scopes_come_from_the_answer_or_the_jwt(api):
    plain = data({"access_token": "x", "token_type": "bearer", "expires_in": 60, "scope": "a.read b.read"})

    assert api(Vendor(OK, tokens=(plain,))).granted() == ("a.read", "b.read")
    assert api(Vendor(OK)).granted() is None


def test_a_question_by_post_is_a_read_and_tried_again(api):
    vendor = Vendor(BUSY, OK)

    assert api(vendor).ask("/api/graphql", {"query": "{x}"}, kind="user", read=read) == [1, 2]
    assert json.loads(vendor.asked[1].content) == {"query": "{x}"}
