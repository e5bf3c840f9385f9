"""Tables as files: sheets of a workbook, and that nothing in them tells when they were written."""

from datetime import UTC, datetime
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook

from reviews.evidence import tables

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def book(path, rows, *more):
    found = [tables.Table("Lines", ["Number", "Text"], rows), *more]
    return tables.write_book(path, [("Campaign", "Q4"), (), ("Formula", "=1+1")], found)


@pytest.mark.parametrize(("rows", "sheets"), [(0, 1), (2, 1), (3, 1), (4, 2), (6, 2), (7, 3)])
def test_a_long_table_goes_on_another_sheet_and_none_is_empty(rows, sheets, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "SHEET_ROWS", 3)

    book(
        tmp_path / "a.xlsx",
        ([number, "x"] for number in range(rows)),
        tables.Table("Roles", ["Role"], [["B"]]),
    )

    found = load_workbook(tmp_path / "a.xlsx")
    names = ["Lines", *(f"Lines {number}" for number in range(2, sheets + 1))]
    assert found.sheetnames == ["About", *names, "Roles"]
    told = [row[0].value for name in names for row in found[name].iter_rows(min_row=2)]
    assert told == list(range(rows))
    assert all(found[name]["A1"].value == "Number" for name in names)
    assert found["Roles"]["A2"].value == "B"


def test_what_xml_may_not_hold_or_a_sheet_would_run_is_told_all_the_same(tmp_path):
    odd = "<a> & b\uffff\x01, two\nlines \u00e9"

    written = book(tmp_path / "a.xlsx", [[1, odd], [AT, "=HYPERLINK(1)"], [2.5, "y" * 40_000], [None, ""]])

    sheet = load_workbook(tmp_path / "a.xlsx")["Lines"]
    rows: list[Any] = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert rows[0] == [1, "<a> & b, two\nlines \u00e9"]
    assert rows[1] == ["2026-11-20 09:30:00Z", "'=HYPERLINK(1)"]
    assert rows[2][0] == 2.5
    assert rows[2][1].endswith(tables.CUT)
    assert written.rows == 4


def test_rows_have_the_same_digest_in_csv_and_workbook(tmp_path):
    rows = [[1, "Zo\u00eb"], [2, "=1"]]

    in_csv = tables.write_csv(tmp_path / "a.csv", ["Number", "Text"], rows)

    assert in_csv == book(tmp_path / "a.xlsx", rows)


def test_no_entry_of_a_workbook_tells_when_it_was_written(tmp_path):
    book(tmp_path / "a.xlsx", [[1, "x"]])

    with ZipFile(tmp_path / "a.xlsx") as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None


def test_whoever_waits_hears_how_many_rows_have_passed(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "TELL_EVERY", 2)
    heard: list[int] = []

    tables.write_csv(tmp_path / "a.csv", ["Number"], ([number] for number in range(5)), heard.append)

    assert heard == [2, 4]
