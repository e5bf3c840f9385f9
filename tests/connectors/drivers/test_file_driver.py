"""The file driver: what it makes of columns, words and dates, and which files it refuses."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook

from connectors import registry
from connectors.contract import (
    Account,
    BadSettings,
    CursorExpired,
    Driver,
    Entitlement,
    Grant,
    NotCounted,
    Outside,
)
from connectors.drivers.file import contents, tables
from connectors.drivers.file.dates import Dates
from tests.connectors.drivers.samples import Sample, lines, sample_of

ALL = ["user", "*"]
PEOPLE = ["User ID,Email,Name", "1,ada@x.example,Ada", "2,bo@x.example,Bo"]
ACCESS = ["User ID,Resource Type,Resource Name,Entitlement", "1,Role,Buyer,Member", "2,Role,Buyer,Member"]


type Told = list[str] | bytes


def files(people: Told = PEOPLE, access: Told | None = ACCESS, **names: str) -> Sample:
    told = {"accounts": (names.get("accounts", "people.csv"), as_bytes(people))}
    if access is not None:
        told["access"] = (names.get("access_name", "access.csv"), as_bytes(access))
    return sample_of(told)


def as_bytes(told: Told) -> bytes:
    return told if isinstance(told, bytes) else lines(told)


def opened(sample: Sample) -> Driver:
    spec = registry.spec("file")
    return spec.open(spec.clean(sample.typed, sample.outside), sample.outside)


def walked(sample: Sample, of: type[Any]) -> list[Any]:
    batches = opened(sample).walk(ALL)
    return [record for batch in batches for record in batch.records if isinstance(record, of)]


def said(sample: Sample) -> str:
    return " | ".join(note.text for note in opened(sample).check().notes)


def workbook(*rows: Sequence[object]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(list(row))
    told = io.BytesIO()
    book.save(told)
    return told.getvalue()


def test_all_columns_are_read_in_any_order_and_spelling():
    header = (
        "status;E-Mail;LAST_LOGIN;user-id;First Name;Last Name;UserName;employee id;User Type;Account Owner"
    )
    line = "Suspended;ada@x.example;2026-03-31 08:05;A-1;Ada;Lovelace;alove;77;Service;grace@x.example"

    (account,) = walked(files([header, line], None), Account)

    assert account == Account(
        id="A-1",
        login="alove",
        email="ada@x.example",
        name="Ada Lovelace",
        status="disabled",
        status_word="Suspended",
        employee_id="77",
        marks=("service",),
        profile={"account_owner": "grace@x.example", "last_login": "2026-03-31T08:05:00"},
    )


@pytest.mark.parametrize("header", ["user type", "USER TYPE", "User_Type", "account owner", "Colour"])
def test_headers_that_must_be_exact_are_dropped_otherwise_and_named(header):
    sample = files([f"User ID,{header}", "1,Service"], None)

    assert walked(sample, Account)[0].marks == ()
    assert walked(sample, Account)[0].profile == {}
    assert f"people.csv has columns that are not read: {header}." in said(sample)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Active", "enabled"), ("ENABLED", "enabled"), ("true", "enabled"), ("1", "enabled"),
        ("inactive", "disabled"), ("Disabled", "disabled"), ("0", "disabled"), ("deleted", "deleted"),
        ("on leave", "unknown"), ("", "unknown"),
    ],
)  # fmt: skip
def test_a_status_is_understood_or_unknown_with_its_word(word, status):
    (account,) = walked(files(["User ID,Status", f"1,{word}"], None), Account)

    assert (account.status, account.status_word) == (status, word)


@pytest.mark.parametrize(
    "content",
    [
        "User ID,Name\n1,Jörg\n".encode(),
        "\ufeffUser ID;Name\r\n1;Jörg\r\n".encode(),
        "User ID\tName\n1\tJörg\n".encode("utf-16"),
        'User ID,Name\n"1","Jörg"'.encode(),
        "\n\nUser ID,Name\n\n 1 ,  Jörg \n,\n".encode(),
        workbook(["User ID", "Name", None], [1, "Jörg"], [None, None]),
        workbook(["User ID", "Name"], [1.0, "Jörg"]),
    ],
)
def test_any_way_to_write_a_table_is_read(content):
    name = "p.xlsx" if content.startswith(b"PK") else "p.csv"

    (account,) = walked(files(content, None, accounts=name), Account)

    assert (account.id, account.name) == ("1", "Jörg")


def test_cells_of_a_workbook_are_read_as_people_see_them():
    rows: list[list[object]] = [
        ["User ID", "Status", "Last Login", "Employee ID"],
        ["a", True, datetime(2026, 3, 31, 8, 5), 17],  # noqa: DTZ001  # cells know no zone
        ["b", False, date(2026, 3, 31), 17.5],
    ]

    one, two = walked(files(workbook(*rows), None, accounts="p.xlsx"), Account)

    assert (one.status, one.employee_id) == ("enabled", "17")
    assert (two.status, two.employee_id) == ("disabled", "17.5")
    assert one.profile["last_login"] == "2026-03-31T08:05:00"
    assert two.profile["last_login"] == "2026-03-31"


def test_an_entitlement_is_its_triple_whatever_its_case_and_blanks():
    access = [ACCESS[0], "1, Role ,Buyer,Member", "2,ROLE,buyer, member", "2,role,BUYER,MEMBER"]

    sample = files(access=access)

    (entitlement,) = walked(sample, Entitlement)
    assert entitlement == Entitlement("role:buyer:member", "role", "buyer", "member", "Buyer: Member")
    assert walked(sample, Grant) == [Grant("1", entitlement.id), Grant("2", entitlement.id)]


def test_names_that_would_meet_in_an_id_stay_apart():
    access = [
        ACCESS[0],
        "1,a:b,c,d", "1,a,b:c,d", "1,a,b,c:d", "1,a%3Ab,c,d",
        "1,User,x,y", "1,grant,x,y", "1,*,x,y", f"1,t,{'n' * 400},e", f"1,t,{'n' * 401},e",
    ]  # fmt: skip

    found = walked(files(access=access), Entitlement)

    assert len({each.id for each in found}) == 9
    assert all(each.id == f"{each.kind}:{each.resource_id}:{each.slug}" for each in found)
    assert all(each.id.count(":") == 2 and len(each.id) <= 300 for each in found)
    assert {"user", "grant", "*"}.isdisjoint(each.kind for each in found)


def test_grants_of_nobody_are_left_out_counted_and_their_lines_named():
    access = [*ACCESS, "9,Role,Admin,Member", "8,Role,Buyer,Member"]

    sample = files(access=access)

    assert {grant.account_id for grant in walked(sample, Grant)} == {"1", "2"}
    assert "access.csv: 2 grants are left out, of User IDs that people.csv lacks: lines 4, 5." in said(sample)
    assert "access.csv: 2 grants on 2 entitlements." in said(sample)


def test_without_an_access_file_nothing_but_accounts_is_complete():
    *_, last = opened(files(access=None)).walk(ALL)

    assert last.complete == ["user"]


def test_only_the_kinds_asked_for_are_told():
    access = [*ACCESS, "1,Team,Red,Lead"]
    batches = list(opened(files(access=access)).walk(["user", "team"]))

    told = [record for batch in batches for record in batch.records]
    assert {each.kind for each in told if isinstance(each, Entitlement)} == {"team"}
    assert [each for each in told if isinstance(each, Grant)] == [Grant("1", "team:red:lead")]
    assert batches[-1].complete == ["user", "team"]


@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        ([*PEOPLE, "1,x@x.example,Again"], "Line 4 of people.csv has the User ID “1” of line 2 again"),
        ([*PEOPLE, ",x@x.example,X"], "Line 4 of people.csv has no User ID."),
        ([*PEOPLE, "3,x@x.example,X,more"], "Line 4 of people.csv has 4 fields, the header has 3."),
        ([*PEOPLE, '3,"x'], "Line 4 of people.csv cannot be read: a quotation mark is missing"),
        ([*PEOPLE, "n" * 301], "Line 4 of people.csv has a User ID of more than 300 letters."),
    ],
)
def test_a_line_with_a_mistake_ends_the_check_and_the_walk_and_is_named(people, sentence):
    driver = opened(files(people))

    for read in (driver.check, lambda: list(driver.walk(ALL))):
        with pytest.raises(BadSettings) as refusal:
            read()
        assert sentence in str(refusal.value)
        assert refusal.value.field == "accounts"


def test_a_mistake_in_the_access_file_is_said_there():
    driver = opened(files(access=[*ACCESS, "1,Role,,Member"]))

    with pytest.raises(BadSettings, match=r"Line 4 of access\.csv has no Resource Name\.") as refusal:
        driver.check()

    assert refusal.value.field == "access"


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "p.csv", "p.csv is empty."),
        (b"\n \n,,\n", "p.csv", "p.csv is empty."),
        (b"User ID,Name\n", "p.csv", "p.csv has no line below its header."),
        (b"Email,Name\na@x.example,A\n", "p.csv", "which names the columns, lacks User ID."),
        (b"User ID,user-id\n1,1\n", "p.csv", "more than one column that means “User ID”"),
        (b"\xff\xff\xfe", "p.csv", "p.csv is not text in UTF-8 or UTF-16"),
        (b"User ID\n1\n", "p.xlsx", "p.xlsx is not an Excel workbook"),
        (workbook([]), "p.xlsx", "p.xlsx is empty."),
        (b"%PDF-1.7", "p.pdf", "Choose a file that ends with .csv or .xlsx."),
    ],
)
def test_a_file_that_is_none_is_refused_at_once(content, name, sentence):
    sample = files(content, None, accounts=name)

    with pytest.raises(BadSettings) as refusal:
        opened(sample)

    assert sentence in str(refusal.value)
    assert refusal.value.field == "accounts"


def test_a_workbook_that_is_a_zip_of_something_else_is_refused():
    told = io.BytesIO()
    with zipfile.ZipFile(told, "w") as parts:
        parts.writestr("hello.txt", "hello")

    with pytest.raises(BadSettings, match="cannot be read as an Excel workbook"):
        opened(files(told.getvalue(), None, accounts="p.xlsx"))


def test_a_workbook_that_would_unpack_to_too_much_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(tables, "load_workbook", lambda *_, **__: pytest.fail("it was unpacked"))
    told = io.BytesIO()
    with zipfile.ZipFile(told, "w", zipfile.ZIP_DEFLATED) as parts, parts.open("xl/a.xml", "w") as part:
        for _ in range(201):
            part.write(b"\0" * 1024 * 1024)

    with pytest.raises(BadSettings, match="would unpack to more than 200 MB"):
        opened(files(told.getvalue(), None, accounts="p.xlsx"))


def test_too_many_bytes_or_lines_are_refused(monkeypatch):
    monkeypatch.setitem(contents.BOUNDS, "accounts", tables.Bounds(1, 2))

    assert len(walked(files(access=None), Account)) == 2
    with pytest.raises(BadSettings, match=r"people\.csv has more than 2 lines beside the header"):
        opened(files([*PEOPLE, "3,c,C"], None)).check()
    with pytest.raises(BadSettings, match="such a file has at most 1 MB"):
        opened(files([*PEOPLE[:2], "x" * 1024 * 1024], None))


def test_a_workbook_may_have_fewer_lines_than_csv(monkeypatch):
    monkeypatch.setattr(tables, "WORKBOOK", tables.Bounds(1, 2))
    rows = [ACCESS[0].split(","), *(["1", "Role", f"R{n}", "Member"] for n in range(3))]

    with pytest.raises(BadSettings, match=r"more than 2 lines beside the header\. CSV may have more\."):
        opened(files(access=workbook(*rows), access_name="a.xlsx")).check()


def test_a_workbook_of_very_many_columns_is_refused():
    with pytest.raises(BadSettings, match=r"Line 1 of p\.xlsx has more than 200 columns\."):
        opened(files(workbook(["User ID"] * 201), None, accounts="p.xlsx"))


def test_a_large_workbook_is_not_opened_while_somebody_waits(monkeypatch):
    monkeypatch.setattr(contents, "QUICK", 10)
    sample = files(workbook(["Email"], ["a@x.example"]), None, accounts="p.xlsx")

    driver = opened(sample)

    with pytest.raises(BadSettings, match="lacks User ID"):
        driver.check()


def test_a_file_that_is_no_longer_there_is_said_at_its_setting():
    sample = files()

    with pytest.raises(BadSettings, match="not here") as refusal:
        registry.spec("file").open(dict(sample.typed), Outside())

    assert refusal.value.field == "accounts"


def test_a_cursor_of_other_files_has_expired():
    first = next(iter(opened(files()).walk(ALL)))

    with pytest.raises(CursorExpired, match="replaced"):
        list(opened(files([*PEOPLE, "3,c@x.example,C"])).walk(ALL, first.cursor))


def test_the_calls_bear_the_digest_of_the_bytes_and_the_bytes_if_kept():
    sample = files()
    keeping = Sample(sample.typed, Outside(file=sample.outside.file, keeps_bodies=True))

    people, access = next(iter(opened(keeping).walk(ALL))).calls

    assert (people.asked, people.records, people.body) == ("FILE people.csv", 2, lines(PEOPLE))
    assert people.sha256 == sample.typed["accounts"].partition("/")[0]
    assert access.bytes == len(lines(ACCESS))
    assert next(iter(opened(sample).walk(ALL))).calls[0].body == b""


def test_a_second_count_is_refused_with_a_sentence():
    with pytest.raises(NotCounted, match="one way only"):
        opened(files()).recount(ALL)


def test_the_source_is_the_system_and_not_the_file():
    spec = registry.spec("file")
    cleaned = spec.clean({**files().typed, "system": "  Old   Payroll "}, files().outside)

    assert cleaned["system"] == "Old Payroll"
    assert spec.source(cleaned) == "file:old payroll"


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-03-31", "2026-03-31"),
        ("20260331", "2026-03-31"),
        ("2026/03/31 08:05", "2026-03-31T08:05:00"),
        ("2026-03-31T08:05:06Z", "2026-03-31T08:05:06+00:00"),
        ("2026-03-31 08:05:06 UTC", "2026-03-31T08:05:06+00:00"),
        ("2026-03-31T08:05:06.123+02:00", "2026-03-31T08:05:06.123000+02:00"),
        ("31.03.2026 08:05:06", "2026-03-31T08:05:06"),
        ("31-Mar-2026", "2026-03-31"),
        ("31 March 2026, 08:05", "2026-03-31T08:05:00"),
        ("Mar 31, 2026 8:05 PM", "2026-03-31T20:05:00"),
        ("Tue, 31 Mar 2026 08:05:06 +0200", "2026-03-31T08:05:06+02:00"),
        ("03/31/2026 8:05 am", "2026-03-31T08:05:00"),
        ("31/03/2026", "2026-03-31"),
        ("1774944306", "2026-03-31T08:05:06+00:00"),
        ("1774944306000", "2026-03-31T08:05:06+00:00"),
        ("Never", None),
        ("", None),
        ("last spring", "last spring"),
        ("31.02.2026", "31.02.2026"),
    ],
)
def test_dates_are_read_as_exports_write_them(text, iso):
    assert Dates([text]).iso(text) == iso


def test_one_certain_date_tells_which_number_is_the_day_for_all():
    assert Dates(["01/02/2026", "31/03/2026"]).iso("01/02/2026") == "2026-02-01"
    assert Dates(["01/02/2026", "03/31/2026"]).iso("01/02/2026") == "2026-01-02"


def test_dates_that_cannot_be_told_stay_as_they_are_written_and_that_is_said():
    sample = files(["User ID,Last Login", "1,01/02/2026"], None)

    assert walked(sample, Account)[0].profile == {"last_login": "01/02/2026"}
    assert "does not tell which number is the day" in said(sample)


def test_a_system_without_a_name_or_with_too_long_a_one_is_refused():
    for name in ("  ", "x" * 101):
        with pytest.raises(BadSettings) as refusal:
            opened(Sample({**files().typed, "system": name}, files().outside))
        assert refusal.value.field == "system"
