"""Whose account is it?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sync.matching import NOBODY, Directory, Match, Person, Strategy

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


def directory(*people, **strategy):
    return Directory(people, Strategy(**strategy))


ADA = Person("ada", "ada@meridian.example", "0042", "Ada Maria Lindgren")


@pytest.mark.parametrize(
    ("strategy", "fields", "by"),
    [
        ("narrow", {"employee_id": "0042"}, ""),
        ("narrow", {"email": "ADA@meridian.example", "name": "Ada Lindgren"}, "email"),
        ("narrow", {"login": "ada@meridian.example"}, "login"),
        ("narrow", {"login": "ada", "name": "Ada Lindgren"}, ""),
        ("broad", {"name": "ada  LINDGREN"}, "name"),
        ("broad", {"name": "Ada"}, ""),
        ("default", {"name": "Ada Lindgren"}, ""),
        ("default", {"employee_id": "0042", "email": "else@meridian.example"}, "employee_id"),
    ],
)
def test_each_strategy_goes_by_what_it_says(strategy, fields, by):
    found = directory(ADA, name=strategy).match(**fields)

    assert (found.by, found.person) == (by, "ada" if by else "")


def test_a_pair_may_name_an_attribute_of_the_profile_and_the_first_pair_wins():
    kim = Person("kim", "kim@meridian.example", "7")
    pairs = [["profile.badge", "employee_id"], ["login", "email_name"]]

    people = directory(ADA, kim, name="custom", pairs=pairs)

    assert people.match(login="kim", profile={"badge": "0042"}) == Match("ada", "pair")
    assert people.match(login="kim", profile={"badge": None}) == Match("kim", "pair")
    assert people.match(login="kim", profile={"badge": 7}) == Match("kim", "pair")
    assert people.match(login="", profile={"badge": True}) == NOBODY


def test_what_stands_after_a_plus_is_dropped_only_where_the_app_says_so():
    mail = "ada+coupa@meridian.example"

    assert directory(ADA, drops_plus=True).match(email=mail) == Match("ada", "email")
    assert directory(ADA, drops_plus=False).match(email=mail) == NOBODY
    assert directory(ADA, drops_plus=True).match(email="+@meridian.example") == NOBODY


def test_two_of_one_name_are_nobody_and_a_hint():
    other = Person("ada2", "ada2@meridian.example", "", "Ada Lindgren")

    found = directory(ADA, other, name="broad").match(name="Ada Lindgren")

    assert found == Match(hint="2 people have the name ada lindgren.")


people_strategy = st.builds(Person, st.text("ab", min_size=1, max_size=2), texts, texts, texts)
fields_strategy = st.fixed_dictionaries(
    {"employee_id": texts, "email": texts, "login": texts, "name": texts, "profile": st.just({})}
)


@given(
    st.lists(people_strategy, max_size=6, unique_by=lambda each: each.id),
    fields_strategy,
    st.sampled_from(["narrow", "broad", "default", "custom"]),
    st.booleans(),
)
def test_no_strategy_guesses_nor_cares_for_the_order_of_people(people, fields, name, drops_plus):
    pairs = [["login", "name"], ["name", "email_name"], ["profile.none", "email"]]
    forwards = directory(*people, name=name, pairs=pairs, drops_plus=drops_plus).match(**fields)
    backwards = directory(*reversed(people), name=name, pairs=pairs, drops_plus=drops_plus).match(**fields)

    assert forwards == backwards
    assert bool(forwards.person) == bool(forwards.by)
    assert not (forwards.person and forwards.hint)
    if not any(value and value.strip() for key, value in fields.items() if key != "profile"):
        assert forwards == NOBODY
