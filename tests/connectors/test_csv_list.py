"""A list of apps in a CSV file: what is understood, and what is said of the rest."""

import pytest

from connectors.discovery import BadList, FoundApp
from connectors.discovery.csv_list import MOST_LINES, CsvList

HEADER = "provider,name,external ID,users\n"
WANTED = FoundApp("Okta", "0oa1", "Coupa", 3871)


def listing(text, encoding="utf-8"):
    return CsvList(text.encode(encoding)).listing()


def sentences(text):
    return [(each.line, each.sentence) for each in listing(text).mistakes]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_separators_of_spreadsheets_are_read(encoding, delimiter):
    text = (HEADER + "Okta,Coupa,0oa1,3871\n").replace(",", delimiter)

    assert list(listing(text, encoding).apps) == [WANTED]


def test_columns_come_in_any_order_and_others_are_passed_over():
    found = listing("Users;External_ID;owner;PROVIDER;Name\r\n3871;0oa1;Bo;Okta;Coupa\r\n")

    assert list(found.apps) == [WANTED]


def test_a_list_need_not_say_how_many_people_there_are():
    assert listing("provider,name,external id\nOkta,Coupa,0oa1\n").apps[0].users is None


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("Okta,Coupa,0oa1", "It has 3 fields, the header has 4."),
        (",Coupa,0oa1,1", "It has no provider."),
        ("Okta,,0oa1,1", "It has no name."),
        ("Okta,Coupa,,1", "It has no external id."),
        ("Okta,Coupa,0oa1,many", "Users is a whole number."),
        ("Okta,Coupa,0oa1,-1", "Users is a whole number."),
        ("Okta,Coupa,0oa1,9999999999", "Users is a whole number."),
        (f"Okta,{'x' * 201},0oa1,1", "Name has at most 200 letters."),
        ("Okta,Cou\x07pa,0oa1,1", "Name holds a character that no text holds."),
    ],
)
def test_a_line_that_cannot_be_understood_says_why(line, sentence):
    assert sentences(f"{HEADER}{line}\n") == [(2, sentence)]


def test_of_two_lines_about_one_app_both_are_mistakes():
    text = HEADER + "Okta,Coupa,0oa1,1\nEntra,Coupa,0oa1,1\nOkta,Coupa SSO,0oa1,2\n"

    found = listing(text)

    assert [(app.provider, app.name) for app in found.apps] == [("Entra", "Coupa")]
    assert [each.line for each in found.mistakes] == [2, 4]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "lacks Provider and Name and External ID"),
        (HEADER, "no line below the header"),
        ("provider,provider,name,id\n", "Provider stands in the header twice"),
        (HEADER + 'Okta,"Coupa,0oa1,1\n', "Line 2 cannot be read"),
        (HEADER + "Okta,Coupa,0oa1,1\n" * (MOST_LINES + 1), "at most 20,000 lines"),
    ],
)
def test_a_list_that_cannot_be_read_says_why(text, sentence):
    with pytest.raises(BadList, match=sentence):
        listing(text)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(BadList, match="UTF-8"):
        CsvList(b"\xff\xff\x00").listing()
