"""The one token: kept, renewed, refused in words that may be shown."""

import traceback
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
)
from tests.connectors.drivers.vendor import OK, SECRET, TOKEN, Vendor, data, get


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
    hands.passed += 60
    get(one)

    assert vendor.tokens_given == 2
    assert hands.slept == []


def test_a_young_token_that_worked_once_is_not_given_up_for_one_refusal(api):
    vendor = Vendor(OK, data({}, 401), OK)
    one = api(vendor)

    get(one)
    get(one)

    assert vendor.tokens_given == 1


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


@pytest.mark.parametrize(
    "value",
    [
        *(f"{TOKEN}{odd}" for odd in ("\r\nX-Evil: 1", "\n", "\x00", "\x7f", " ", "é", "\ud800")),
        "",
        None,
        7,
        [TOKEN],
    ],
)
def test_a_token_that_no_header_can_carry_is_refused_untold(value, api):
    vendor = Vendor(OK, tokens=(data({"access_token": value, "token_type": "bearer", "expires_in": 60}),))

    with pytest.raises(DriverError, match="cannot be sent back") as caught:
        get(api(vendor))

    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert vendor.asked == []


def test_the_words_of_a_refused_token_are_bounded_and_can_be_kept(api):
    refusal = data({"error": "a\x00b\ud800c" + "x" * 5_000}, 400)

    with pytest.raises(DriverError) as caught:
        get(api(Vendor(OK, tokens=(refusal,))))

    assert str(caught.value) == f"Coupa gave no token: abc{'x' * 297}."


def test_a_busy_token_endpoint_is_tried_again(api):
    vendor = Vendor(OK, tokens=(data({}, 503),))

    assert get(api(vendor)) == [1, 2]


def test_granted_scopes_come_from_the_answer_or_the_jwt(api):
    plain = data({"access_token": "x", "token_type": "bearer", "expires_in": 60, "scope": "a.read b.read"})

    told, untold = api(Vendor(OK, tokens=(plain,))), api(Vendor(OK))
    assert told.granted() is None
    get(told)
    get(untold)

    assert told.granted() == ("a.read", "b.read")
    assert untold.granted() is None


def test_scopes_as_the_vendor_names_them_can_be_kept(api):
    odd = {"access_token": "x", "token_type": "bearer", "expires_in": 60, "scope": f"a\x00.read {'b' * 999}"}

    one = api(Vendor(OK, tokens=(data(odd),)))
    get(one)

    assert one.granted() == ("a.read", "b" * 300)


def test_threads_refused_together_share_the_token_that_one_of_them_fetched(api):
    vendor = Vendor(OK)
    one = api(vendor)
    get(one)
    old = one._tokens.current()

    renewed = {one._tokens.renew(old).value for _ in range(4)}

    assert renewed == {f"{TOKEN}-2"}
    assert vendor.tokens_given == 2
