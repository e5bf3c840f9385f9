"""Pages of a list by key."""

import pytest

from core.models import TrailEvent, User
from core.queries.paging import keyset_page
from tests.make import make_user


@pytest.fixture
def people(db):
    for number in range(25):
        make_user(f"Person {number // 2:02}")  # names come twice: the key decides
    return User.objects.all()


def names_forward(rows, order):
    after = ""
    found: list[User] = []
    while True:
        page = keyset_page(rows, order=order, after=after, size=4)
        found += page.rows
        after = page.after
        if not after:
            return found


@pytest.mark.parametrize("order", ["search_text", "-search_text"])
def test_walking_forward_meets_every_row_once_in_order(people, order):
    falling = order.startswith("-")

    found = names_forward(people, order)

    assert [row.pk for row in found] == [
        row.pk for row in sorted(people, key=lambda row: (row.search_text, row.pk), reverse=falling)
    ]


def test_walking_back_shows_the_same_pages(people):
    first = keyset_page(people, order="search_text", size=4)
    second = keyset_page(people, order="search_text", after=first.after, size=4)

    back = keyset_page(people, order="search_text", before=second.before, size=4)

    assert [row.pk for row in back.rows] == [row.pk for row in first.rows]
    assert (back.before, first.before) == ("", "")
    assert back.after == first.after


def test_the_last_page_has_no_next_one(people):
    page = keyset_page(people, order="search_text", size=25)

    assert (page.total, page.is_more_than_total, page.after, page.before) == (25, False, "", "")


def test_an_unknown_key_leads_to_the_first_page(people):
    page = keyset_page(people, order="search_text", after="nobody", size=4)

    assert page.rows == keyset_page(people, order="search_text", size=4).rows


def test_an_empty_list_is_one_empty_page(db):
    page = keyset_page(User.objects.all(), order="search_text")

    assert (list(page.rows), page.total, page.first) == ([], 0, 0)


@pytest.mark.parametrize("key", ["abc", "9" * 40, "1.5"])
def test_what_can_be_no_key_leads_to_the_first_page(key, db):
    page = keyset_page(TrailEvent.objects.all(), order="-id", after=key)

    assert list(page.rows) == []
