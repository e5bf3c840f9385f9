"""Whose account is it?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sync.matching import NOBODY, Directory, Match, Person

PEOPLE = (
    Person("ada", "ada@meridian.example", "0042"),
    Person("kim", "kim@meridian.example", "77"),
    Person("twin1", "one@meridian.example", "5"),
    Person("twin2", "two@meridian.example", "5"),
    Person("nobody", "", ""),
)


@pytest.mark.parametrize(
    ("number", "email", "login", "expected"),
    [
        ("0042", "kim@meridian.example", "kim@meridian.example", Match("ada", "employee_id")),
        ("", "kim@meridian.example", "ada@meridian.example", Match("kim", "email")),
        ("", "", "ada@meridian.example", Match("ada", "login")),
        ("999", "unknown@meridian.example", "ada@meridian.example", Match("ada", "login")),
        ("", " KIM@Meridian.example ", "", Match("kim", "email")),
        (" 0042 ", "", "", Match("ada", "employee_id")),
        ("42", "", "", NOBODY),
        ("5", "one@meridian.example", "", Match(hint="2 people have the employee number 5.")),
        ("", "", "", NOBODY),
        ("  ", " ", "", NOBODY),
        ("", "", "ada", NOBODY),
    ],
)
def test_an_account_belongs_to_the_one_person_who_fits(number, email, login, expected):
    directory = Directory(PEOPLE)

    found = directory.match(employee_id=number, email=email, login=login)

    assert found == expected


texts = st.text(alphabet="aA1 ", max_size=3)
persons = st.builds(lambda number, email: (email, number), texts, texts)


@given(st.lists(persons, max_size=6), texts, texts, texts)
def test_a_match_is_never_a_guess_and_never_by_something_empty(people, number, email, login):
    directory = Directory(Person(str(i), mail, no) for i, (mail, no) in enumerate(people))

    found = directory.match(employee_id=number, email=email, login=login)

    def bare(text):
        return text.strip().casefold()

    if not found.person:
        assert not found.by
        return
    value = bare({"employee_id": number, "email": email, "login": login}[found.by])
    column = 1 if found.by == "employee_id" else 0
    fitting = [str(i) for i, person in enumerate(people) if bare(person[column]) == value]
    assert value
    assert fitting == [found.person]


@given(st.lists(persons, max_size=6), texts, texts, texts)
def test_the_order_of_people_does_not_matter(people, number, email, login):
    everyone = [Person(str(i), mail, no) for i, (mail, no) in enumerate(people)]

    forwards = Directory(everyone).match(employee_id=number, email=email, login=login)
    backwards = Directory(reversed(everyone)).match(employee_id=number, email=email, login=login)

    assert forwards == backwards
