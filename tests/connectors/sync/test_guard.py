"""When is a shrink too large to believe?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sync.guard import EMPTIED, ENOUGH, HIGHEST, LOWEST, MOST, TOLD, Shrink, doubts


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
        ("owners", 100, 10, 0, False),
        ("owners", 100, 11, 0, True),
        ("owners", 9, 9, 0, False),
        ("owners", 10, 10, 0, True),
        ("grave", 2, 2, 0, True),
        ("grave", 1, 1, 0, False),
        ("grave", 50, 49, 0, False),
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


shares, percents, many = st.sampled_from(sorted(MOST)), st.integers(LOWEST, HIGHEST), st.integers(0, 100_000)


@given(shares, percents, many, st.data())
def test_nothing_at_or_below_its_limit_is_ever_held(what, most, before, data):
    lost = data.draw(st.integers(0, most * before // 100))
    disabled = data.draw(st.integers(0, lost if what == "accounts" else 0))
    shrink = Shrink(what, "Things", before, lost - disabled, before - lost + disabled, disabled=disabled)

    assert doubts([shrink], {what: most}) == []


@given(shares, percents, st.integers(ENOUGH, 100_000), st.data())
def test_everything_above_its_limit_is_held(what, most, before, data):
    lost = data.draw(st.integers(most * before // 100 + 1, before))
    disabled = data.draw(st.integers(0, lost if what == "accounts" else 0))
    shrink = Shrink(what, "Things", before, lost - disabled, before - lost + disabled, disabled=disabled)

    assert len(doubts([shrink], {what: most})) == 1


@given(shares, st.integers(0, ENOUGH - 1), st.data())
def test_shares_of_few_are_never_judged(what, before, data):
    lost = data.draw(st.integers(0, before))

    assert doubts([Shrink(what, "Things", before, lost, left=max(before - lost, 1))], {what: LOWEST}) == []


@given(st.sampled_from(sorted(EMPTIED)), st.integers(0, 1_000))
def test_what_is_emptied_is_held_from_so_many_on(what, before):
    emptied = doubts([Shrink(what, "Things", before, before, left=0)], dict.fromkeys(MOST, 100))

    assert bool(emptied) == (before >= EMPTIED[what])


def test_a_limit_that_is_not_named_is_the_usual_one():
    grants = Shrink("grants", "Grants", before=100, gone=11, left=89)

    assert doubts([grants], {"accounts": 50}) == doubts([grants])
    assert doubts([grants], {"grants": 11}) == []


def test_many_doubts_are_counted_and_not_all_told():
    sentences = doubts([Shrink("grave", f"Role {number}", 2, 2, left=0) for number in range(40)])

    assert len(sentences) == TOLD
    assert sentences[-1] == "And 29 more of the kind."


@given(st.integers(10, 10_000), st.data())
def test_more_loss_is_never_less_doubtful(before, data):
    gone = data.draw(st.integers(0, before))
    more = data.draw(st.integers(gone, before))

    doubted = doubts([Shrink("grants", "Grants", before, gone, left=before - gone)])
    doubted_more = doubts([Shrink("grants", "Grants", before, more, left=before - more)])

    assert bool(doubted) <= bool(doubted_more)
