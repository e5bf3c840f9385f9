"""Who has what in one app, as a file for auditors."""

import hashlib
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from openpyxl import load_workbook

from connectors.queries.population import POPULATION
from core import exports
from core.actions import exports as verbs
from core.errors import NotPossible
from core.exports import on_offer
from core.jobs.exports import make_export
from tests.make import make_account, make_app, make_connected, make_entitlement, make_grant, make_user


@pytest.fixture
def app(cast, settings, tmp_path, nudges):
    settings.MEDIA_ROOT = tmp_path / "files"
    app = make_connected(cast["super"]).app
    kim = make_user("Kim Sorensen", employee_id="0042")
    owned = make_account(app, "=cmd()", person=kim, matched_by="email", marks=["api"])
    make_grant(owned, make_entitlement(app, "Buyer"))
    make_grant(owned, make_entitlement(app, "Old"), gone_at=now(), gone_run=1)
    make_account(app, "Holds\x07nothing", login="none")
    make_account(app, "Gone", gone_at=now())
    make_account(make_app("Ariba"), "Elsewhere")
    return app


def rows(user, app):
    offer = on_offer("connectors.population")
    assert offer is not None
    return [dict(zip(POPULATION, row, strict=True)) for row in offer.rows(user, {"app": app.pk})]


def made(kind, app, by):
    export = verbs.order(kind, {"app": app.pk}, by=by)
    make_export(export.pk)
    export.refresh_from_db()
    return export


def test_every_grant_and_every_account_without_one_has_a_row(app, cast):
    first, second = rows(cast["read_only"], app)

    run = app.connectors.get().runs.get()
    assert (first["Name"], first["Entitlement"], first["Resource type"]) == ("=cmd()", "Buyer", "Role")
    assert (first["Owner"], first["Owner's employee number"], first["Matched by"]) == (
        "Kim Sorensen",
        "0042",
        "e-mail",
    )
    assert (first["Marks"], first["Confirmed by sync"]) == (["api"], run.pk)
    assert (second["Login"], second["Entitlement"], second["Matched by"]) == ("none", None, "No owner")


def test_the_workbook_counts_names_its_runs_and_can_be_checked(app, cast):
    export = made("connectors.population_book", app, cast["super"])

    assert (export.status, export.rows, export.name[-5:]) == ("done", 2, ".xlsx")
    with export.file.open() as file:
        book = load_workbook(file)
    totals = {line[0]: line[1] for line in book["Totals"].iter_rows(values_only=True) if line[0]}
    lines = list(book["Rows"].iter_rows(values_only=True))
    assert (totals["Accounts"], totals["Grants"], totals["Rows"]) == (2, 1, 2)
    assert totals[app.connectors.get().source] == "Coupa"
    assert lines[0] == POPULATION
    assert lines[1][3] == "'=cmd()"
    assert {cell.data_type for row in book["Rows"].iter_rows() for cell in row} <= {"s", "inlineStr", "n"}
    text = "".join(
        json.dumps(["" if cell is None else str(cell) for cell in line], ensure_ascii=False) + "\n"
        for line in lines[1:]
    )
    assert totals["SHA-256 of the rows"] == hashlib.sha256(text.encode()).hexdigest()


def test_the_csv_holds_the_same_rows_and_each_comes_as_what_it_is(app, cast, sign_in):
    browser = sign_in(cast["super"])
    types = []
    for kind in ("connectors.population", "connectors.population_book"):
        export = made(kind, app, cast["super"])
        reply = browser.get(f"/downloads/{export.pk}/")
        b"".join(reply.streaming_content)
        types.append(reply.headers["Content-Type"])
        assert export.rows == 2

    assert types[0].startswith("text/csv")
    assert types[1].endswith("spreadsheetml.sheet")


def test_a_long_workbook_goes_on_on_another_sheet(app, cast, monkeypatch):
    monkeypatch.setattr(exports, "SHEET_ROWS", 1)

    export = made("connectors.population_book", app, cast["super"])

    with export.file.open() as file:
        assert load_workbook(file).sheetnames == ["Totals", "Rows", "Rows 2"]


def test_no_report_is_made_of_an_app_one_may_not_see(app, cast):
    with pytest.raises(NotPossible, match="not there, or not for you"):
        rows(cast["basic"], app)


def test_the_report_asks_as_often_for_many_as_for_few(app, cast):
    counted = []
    cast["super"].roles()
    for number in range(40):
        make_account(app, f"Person {number}")
        if number in (2, 39):
            with CaptureQueriesContext(connection) as queries:
                rows(cast["super"], app)
            counted.append(len(queries))

    assert counted[0] == counted[1]
