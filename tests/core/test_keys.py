"""Keys and folded text."""

import time_machine
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from core.ids import LENGTH, ksuid
from core.models.keys import folded, one_line


def test_keys_have_27_characters_and_differ():
    keys = {ksuid() for _ in range(1000)}

    assert len(keys) == 1000
    assert {len(key) for key in keys} == {LENGTH}
    assert all(key.isascii() and key.isalnum() for key in keys)


def test_a_later_key_sorts_after_an_earlier_one():
    with time_machine.travel("2026-01-01T00:00:00Z"):
        earlier = ksuid()
    with time_machine.travel("2026-01-01T00:00:01Z"):
        later = ksuid()

    assert earlier < later


def test_folding_takes_case_and_accents_away():
    assert folded("Zoë BRÄNNSTRÖM", "Łukasz") == "zoe brannstrom łukasz"


@given(st.text())
def test_folding_twice_changes_nothing(text):
    once = folded(text)

    assert folded(once) == once


@given(st.text())
def test_one_line_is_one_line_and_keeps_every_word(text):
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert one_line(line) == line
    assert all(word in line.split(" ") for word in text.split() if word.isprintable())


def test_keys_are_compared_byte_by_byte_on_postgresql(db):
    if connection.vendor != "postgresql":
        assert connection.vendor == "sqlite"  # compares bytes as it is
        return
    query = """
        SELECT c.collname FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation
        WHERE a.attrelid = %s::regclass AND a.attname = %s
    """
    columns = [("core_user", "id"), ("connectors_grant", "account_id"), ("connectors_account", "external_id")]

    with connection.cursor() as cursor:
        found = [cursor.execute(query, column) and cursor.fetchone() for column in columns]

    assert found == [("C",)] * 3
