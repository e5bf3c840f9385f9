"""The export is of one moment, whatever is applied while it is printed."""

from threading import Thread

import pytest
from django.db import connection

from connectors.models import Account
from connectors.queries import export_access
from tests.make import make_account, make_connected, make_entitlement, make_grant


@pytest.mark.django_db(transaction=True)
def test_an_account_that_comes_meanwhile_leaves_no_grant_without_its_account():
    connector = make_connected()
    buyer = make_entitlement(connector.app, "Buyer")
    make_grant(make_account(connector.app, "Grace Kim"), buyer)
    lines = export_access(connector)
    first = next(lines)

    applied = Thread(target=_apply_another, args=[connector.app, buyer])
    applied.start()
    applied.join(timeout=15)
    everything = [first, *lines]

    assert Account.objects.count() == 2
    assert [line["type"] for line in everything] == ["account", "entitlement", "grant"]
    assert [line["type"] for line in export_access(connector)].count("account") == 2


@pytest.mark.django_db(transaction=True)
def test_an_export_that_nobody_reads_to_its_end_leaves_the_connection_free():
    connector = make_connected()
    make_account(connector.app, "Grace Kim")
    lines = export_access(connector)
    next(lines)

    del lines

    make_account(connector.app, "Tom Okafor")
    assert len(list(export_access(connector))) == 2


def _apply_another(app, entitlement):
    try:
        make_grant(make_account(app, "Tom Okafor"), entitlement)
    finally:
        connection.close()
