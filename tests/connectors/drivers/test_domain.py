"""What may be typed as a domain, and what becomes of it."""

import pytest

from connectors.contract import BadSettings, Outside
from connectors.drivers.coupa import SPEC
from connectors.drivers.coupa.domain import clean_domain, origin

EXTRA = ("http://127.0.0.1:8123", "coupa.test:8443", "http://coupa.test:8080", "proxy.internal")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("acme.coupahost.com", "acme.coupahost.com"),
        ("  ACME.CoupaHost.com \n", "acme.coupahost.com"),
        ("acme.coupahost.com/", "acme.coupahost.com"),
        ("https://acme.coupahost.com/session/new?x=1#y", "acme.coupahost.com"),
        ("http://acme-test.coupacloud.com", "acme-test.coupacloud.com"),
        ("http://127.0.0.1:8123/", "http://127.0.0.1:8123"),
        ("127.0.0.1:8123", "http://127.0.0.1:8123"),
        ("https://coupa.test:8443", "coupa.test:8443"),
        ("proxy.internal", "proxy.internal"),
    ],
)
def test_a_pasted_address_is_cleaned_to_its_host(typed, kept):
    assert clean_domain(typed, EXTRA) == kept


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "Enter the domain"),
        ("   ", "Enter the domain"),
        ("acme", "ends in"),
        ("acme.example.com", "ends in"),
        ("acme.coupahost.com.evil.example", "ends in"),
        ("evilcoupahost.com", "ends in"),
        ("acme.coupahost.com.", "ends in"),
        ("10.0.0.1", "ends in"),
        ("[::1]", "ends in"),
        ("[::1", "not a domain"),
        ("acme.test.coupahost.com", "one name before"),
        ("acme_test.coupahost.com", "letters, digits and hyphens"),
        ("-acme.coupahost.com", "letters, digits and hyphens"),
        (".coupahost.com", "letters, digits and hyphens"),
        ("ácme.coupahost.com", "letters, digits and hyphens"),
        ("ac me.coupahost.com", "letters, digits and hyphens"),
        ("a" * 64 + ".coupahost.com", "letters, digits and hyphens"),
        ("user:pw@acme.coupahost.com", "before the @"),
        ("evil.example@acme.coupahost.com", "before the @"),
        ("acme.coupahost.com:8443", "port"),
        ("ftp://acme.coupahost.com", "https"),
        ("https://127.0.0.1:8123", "port"),
        ("127.0.0.1:9000", "port"),
        ("http://coupa.test:8080", "port"),
        ("coupa.test", "ends in"),
    ],
)
def test_any_other_host_is_refused_with_a_reason(typed, reason):
    with pytest.raises(BadSettings, match=reason) as caught:
        clean_domain(typed, EXTRA)

    assert caught.value.field == "domain"


def test_requests_go_by_https_but_for_a_listed_loopback_host():
    assert origin("acme.coupahost.com") == "https://acme.coupahost.com"
    assert origin("http://127.0.0.1:8123") == "http://127.0.0.1:8123"


def test_a_host_no_longer_listed_is_not_opened():
    settings = {"domain": "http://127.0.0.1:8123", "client_id": "a", "client_secret": "b", "mode": "read"}

    with pytest.raises(BadSettings, match="port"):
        SPEC.open(settings, Outside())


@pytest.mark.parametrize("missing", ["client_id", "client_secret"])
def test_an_empty_field_is_refused_by_name(missing):
    typed = {"domain": "acme.coupahost.com", "client_id": "a", "client_secret": "b", missing: "  "}

    with pytest.raises(BadSettings) as caught:
        SPEC.clean(typed, Outside())

    assert caught.value.field == missing


def test_the_mode_is_read_unless_chosen_and_nothing_else_is_accepted():
    typed = {"domain": "acme.coupahost.com", "client_id": " a ", "client_secret": "b"}

    kept = SPEC.clean(typed, Outside())

    assert kept == {"domain": "acme.coupahost.com", "client_id": "a", "client_secret": "b", "mode": "read"}
    with pytest.raises(BadSettings) as caught:
        SPEC.clean({**typed, "mode": "admin"}, Outside())
    assert caught.value.field == "mode"


def test_read_mode_asks_for_no_write_scope():
    read, both = SPEC.scopes({"mode": "read"}), SPEC.scopes({"mode": "read-write"})

    assert [scope for scope in read if scope.endswith(".write")] == []
    assert set(both) - set(read) == {
        "core.business_entity.write",
        "core.common.write",
        "core.user_group.write",
        "core.user.write",
    }


def test_the_source_is_the_tenant():
    assert SPEC.source({"domain": "acme.coupahost.com"}) == "coupa:acme.coupahost.com"
    assert SPEC.source({"domain": "http://127.0.0.1:8123"}) == "coupa:127.0.0.1:8123"
