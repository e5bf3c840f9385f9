"""When is a shrink too large to believe?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sync.guard import Shrink, doubts


@pytest.mark.parametrize(
    ("what", "before", "gone", "disabled", "is_held"),
    [
        ("accounts", 100, 10, 0, False),
        ("accounts", 100, 11, 0, True),
        ("accounts", 100, 0, 10, False),
        ("accounts", 100, 6, 5, True),
        ("accounts", 10, 1, 0, False),
        ("accounts", 10, 2, 0, True),
        ("accounts", 9, 8, 0, False),
        ("accounts", 5, 5, 0, True),
        ("accounts", 4, 4, 0, False),
        ("grants", 1000, 100, 0, False),
        ("grants", 1000, 101, 0, True),
        ("kind", 100, 20, 0, False),
        ("kind", 100, 21, 0, True),
        ("kind", 9, 8, 0, False),
        ("kind", 5, 5, 0, True),
        ("kind", 0, 0, 0, False),
    ],
)
def test_a_run_that_takes_away_too_much_is_doubted(what, before, gone, disabled, is_held):
    shrink = Shrink(what, "Things", before, gone, left=before - gone, disabled=disabled)

    sentences = doubts([shrink])

    assert bool(sentences) == is_held


def test_a_kind_that_was_replaced_by_others_is_not_empty():
    replaced = Shrink("kind", "Role", before=6, gone=6, left=6)

    assert doubts([replaced]) == []


def test_the_sentences_count_and_say_what_the_limit_is():
    shrinks = [
        Shrink("accounts", "Accounts", before=5_000, gone=1_204, left=3_796),
        Shrink("kind", "Role", before=41, gone=41, left=0),
        Shrink("grants", "Grants", before=100, gone=1, left=99),
    ]

    assert doubts(shrinks) == [
        "Accounts: 1,204 of 5,000 would disappear, more than 10 %.",
        "Role: none of 41 would be left.",
    ]


@given(st.integers(10, 10_000), st.data())
def test_more_loss_is_never_less_doubtful(before, data):
    gone = data.draw(st.integers(0, before))
    more = data.draw(st.integers(gone, before))

    doubted = doubts([Shrink("grants", "Grants", before, gone, left=before - gone)])
    doubted_more = doubts([Shrink("grants", "Grants", before, more, left=before - more)])

    assert bool(doubted) <= bool(doubted_more)
