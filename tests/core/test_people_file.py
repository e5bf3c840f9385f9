"""A file of people is read whatever program wrote it, and what is wrong is said by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import people_file
from core.people_file import BadFile, read, rings

HEADER = "email,name,title,department,employee_id,manager,status\n"
ADA = "ada@meridian.example,Ada Lindgren,CFO,Finance,17,,active\n"


def lines(text):
    return read(text.encode()).lines


def mistakes(text):
    return [(each.line, each.sentence) for each in read(text.encode()).mistakes]


def test_a_line_tells_of_one_person():
    [line] = lines(HEADER + " Ada@Meridian.example , Ada  Lindgren ,CFO,Finance,17,b@x.example,inactive\n")

    assert (line.number, line.email) == (2, "ada@meridian.example")
    assert line.facts == {
        "name": "Ada Lindgren",
        "title": "CFO",
        "department": "Finance",
        "employee_id": "17",
    }
    assert (line.managers, line.is_active) == (("b@x.example",), False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_programs_write_is_understood(encoding, delimiter, end):
    rows = [["Name", "E-Mail", "Employee ID"], ["Zoë Łukasz", "zoe@meridian.example", "0017"]]
    text = "".join(delimiter.join(row) + end for row in rows)

    [line] = read(text.encode(encoding)).lines

    assert (line.email, line.facts) == (
        "zoe@meridian.example",
        {"name": "Zoë Łukasz", "employee_id": "0017"},
    )
    assert (line.managers, line.is_active) == (None, None)


def test_a_field_in_quotation_marks_may_hold_the_delimiter_and_line_ends():
    file = read(b'email,name,title\na@x.example,"Kim, ""Ada""\n","Head,\nFinance"\nb@x.example,Bo,\n')

    assert [(line.number, line.facts["name"]) for line in file.lines] == [(2, 'Kim, "Ada"'), (5, "Bo")]
    assert file.lines[0].facts["title"] == "Head, Finance"


def test_several_managers_stand_between_blanks_commas_or_semicolons():
    [line] = lines(
        'email,name,manager\na@x.example,Ada,"C@x.example, b@x.example;c@x.example  d@x.example"\n'
    )

    assert line.managers == ("b@x.example", "c@x.example", "d@x.example")


def test_columns_nobody_knows_are_named_and_not_used():
    file = read(b"Cost centre,email,name,,Salary\n12,a@x.example,Ada,,9\n")

    assert file.ignored == ["Cost centre", "Salary"]
    assert file.columns == ["email", "name"]
    assert file.lines[0].facts == {"name": "Ada"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "lacks E-mail and Name"),
        (b"email\na@x.example\n", "lacks Name"),
        (b"email,name\n\n , \n", "no line below the header"),
        (b"email,E-mail,name\na@x.example,,Ada\n", "The column E-mail stands in the header twice."),
        (b"email,name\na@x.example,Zo\xeb\n", "not text in UTF-8 or UTF-16"),
        (b'email,name\na@x.example,"Ada\nb@x.example,Bo\n', "Line 2 cannot be read"),
        (b'email,name\na@x.example,"Ada" K\n', "Line 2 cannot be read"),
        (b"email,name\n" + b"x" * 200_000, "Line 2 cannot be read"),
        (b"PK\x03\x04\x00\x00\xff", "not text in UTF-8 or UTF-16"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(content, sentence):
    with pytest.raises(BadFile) as refused:
        read(content)

    assert sentence in str(refused.value)


def test_a_file_may_be_large_but_not_larger(monkeypatch):
    monkeypatch.setattr(people_file, "LARGEST", 3 * 1024 * 1024)

    with pytest.raises(BadFile) as refused:
        read(b"x" * (3 * 1024 * 1024 + 1))

    assert str(refused.value) == "A file has at most 3 MB."


def test_a_file_may_be_long_but_not_longer(monkeypatch):
    monkeypatch.setattr(people_file, "MOST_LINES", 2)
    row = "a{}@x.example,Ada\n"

    allowed = read(("email,name\n" + row.format(1) + row.format(2)).encode())
    with pytest.raises(BadFile) as refused:
        read(("email,name\n" + "".join(map(row.format, range(3)))).encode())

    assert allowed.rows == 2
    assert str(refused.value) == "A file has at most 2 lines beside the header."


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (",Ada,,,,,", "It has no e-mail."),
        ("ada,Ada,,,,,", '"ada" is not an e-mail address.'),
        ("ada\0@x.example,Ada,,,,,", '"ada\N{REPLACEMENT CHARACTER}@x.example" is not an e-mail address.'),
        (f"{'a' * 250}@x.example,Ada,,,,,", "An e-mail has at most 254 letters."),
        ("a@x.example,,,,,,", "It has no name."),
        ("a@x.example,A\0da,,,,,", "Name holds a character that no text holds."),
        (f"a@x.example,{'x' * 201},,,,,", "Name has at most 200 letters, this one has 201."),
        (f"a@x.example,Ada,{'x' * 201},,,,", "Title has at most 200 letters, this one has 201."),
        (f"a@x.example,Ada,,,{'1' * 101},,", "Employee ID has at most 100 letters, this one has 101."),
        ("a@x.example,Ada,,,,A@x.example,", "It names the person as their own manager."),
        ("a@x.example,Ada,,,,,on leave", 'The status is active or deactivated, not "on leave".'),
        ("a@x.example,Ada", "It has 2 fields, the header has 7."),
        ("a@x.example,Ada,,,,,,surplus", "It has 8 fields, the header has 7."),
    ],
)
def test_what_is_wrong_with_a_line_is_said_and_the_line_left_out(cells, sentence):
    text = HEADER + cells + "\n" + ADA

    assert mistakes(text) == [(2, sentence)]
    assert [line.number for line in lines(text)] == [3]


def test_of_lines_with_one_email_nobody_knows_which_is_right():
    text = HEADER + ADA + "b@x.example,Bo,,,,,\n" + ADA.upper().replace("ACTIVE", "active")

    assert mistakes(text) == [
        (2, "ada@meridian.example stands in line 4 too."),
        (4, "ada@meridian.example stands in line 2 too."),
    ]
    assert [line.number for line in lines(text)] == [3]


def test_a_line_with_a_mistake_still_says_who_is_in_the_file_and_one_without_email_does_not():
    file = read(b"email,name\na@x.example,\nnobody,Bo\nc@x.example,Cy\n")

    assert file.emails == {"a@x.example", "c@x.example"}
    assert file.nameless == [3]


def test_rings_of_managers_are_found():
    assert rings({"a": ["b"], "b": ["c", "d"], "c": ["a"], "d": []}) == [["a", "b", "c"]]
    assert rings({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}) == []


@given(st.dictionaries(st.integers(0, 8).map(str), st.lists(st.integers(0, 8).map(str)), max_size=9))
def test_without_the_people_of_the_rings_found_there_is_no_ring(managers):
    found = rings(managers)

    cut = {person for ring in found for person in ring}
    rest = {person: [each for each in over if each not in cut] for person, over in managers.items()}
    assert all(ring[(at + 1) % len(ring)] in managers[ring[at]] for ring in found for at in range(len(ring)))
    assert rings({person: over for person, over in rest.items() if person not in cut}) == []


@given(st.binary(max_size=400))
def test_whatever_the_bytes_a_file_is_read_or_refused_with_a_sentence(content):
    try:
        file = read(b"email,name\n" + content)
    except BadFile as problem:
        said = str(problem)
    else:
        said = f"{len(file.lines)} of {file.rows}"

    assert said.isprintable()
