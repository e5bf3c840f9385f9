"""Changes leave by the same door: sent once, never again without somebody having looked."""

import httpx
import pytest

from connectors.contract import DriverError, Outside, TransientError
from connectors.http import Refused
from tests.connectors.drivers.vendor import SECRET, TOKEN, Vendor, data

PUT, DELETE = "PUT", "DELETE"


def change(api, method):
    if method == PUT:
        return api.put("/api/users/1", {"active": False}, kind="user")
    return api.delete("/api/memberships/1", kind="group")


@pytest.mark.parametrize("method", [PUT, DELETE])
@pytest.mark.parametrize(
    "trouble",
    [
        *(data({}, status) for status in (408, 429, 500, 502, 503, 504)),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("no"),
        httpx.RemoteProtocolError("gone"),
    ],
)
def test_a_change_is_sent_once_whatever_comes(trouble, method, api, hands):
    vendor = Vendor(trouble)

    with pytest.raises(TransientError, match=r"when asked for a change\."):
        change(api(vendor), method)

    assert len(vendor.asked) == 1
    assert hands.slept == []


@pytest.mark.parametrize("method", [PUT, DELETE])
@pytest.mark.parametrize("status", [400, 403, 404, 405, 422])
def test_a_refusal_brings_its_status_and_the_vendors_words(status, method, api):
    vendor = Vendor(data({"errors": {"user": ["No"]}}, status))

    with pytest.raises(Refused, match=rf"answered {status} to {method} /api/[a-z]+/1\.$") as caught:
        change(api(vendor), method)

    assert caught.value.status == status
    assert caught.value.answer == {"errors": {"user": ["No"]}}


@pytest.mark.parametrize(
    "answer", [httpx.Response(204), httpx.Response(200, html="<html>"), httpx.Response(200, text="{")]
)
@pytest.mark.parametrize("method", [PUT, DELETE])
def test_success_that_is_no_data_is_success_that_tells_nothing(method, answer, api):
    assert change(api(Vendor(answer)), method) is None


@pytest.mark.parametrize("method", [PUT, DELETE])
def test_a_redirect_is_never_followed(method, api):
    vendor = Vendor(httpx.Response(302, headers={"location": "/session/new?secret=1"}))

    with pytest.raises(DriverError, match="redirect"):
        change(api(vendor), method)

    assert len(vendor.asked) == 1


def test_a_change_tells_what_was_answered_and_its_call_what_was_changed(api):
    vendor = Vendor(data({"id": 1, "active": False}))
    one = api(vendor)

    assert change(one, PUT) == {"id": 1, "active": False}
    change(one, DELETE)

    told = [call.asked for call in one.take_calls() if call.kind != "token"]
    assert told == ['PUT /api/users/1 {"active": false}', "DELETE /api/memberships/1"]
    assert SECRET not in repr(told)
    assert TOKEN not in repr(told)


def test_a_token_that_ended_is_renewed_and_the_change_made_once(api, hands):
    vendor = Vendor(httpx.Response(401), httpx.Response(401), httpx.Response(401), data({"id": 1}))

    assert change(api(vendor), PUT) == {"id": 1}
    assert vendor.tokens_given == 2


def test_changes_wait_for_the_pace_that_all_share(api):
    waited = []

    class Pace:
        def wait(self) -> None:
            waited.append(1)

    one = api(Vendor(data({"id": 1})), outside=Outside(pace=Pace()))
    change(one, PUT)
    change(one, DELETE)

    assert len(waited) == 3  # the token, and each change
