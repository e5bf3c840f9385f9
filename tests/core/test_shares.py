"""Where the parts of rings and falling lines stand."""

from datetime import date

from core.templatetags import shares

NOVEMBER = [date(2026, 11, day) for day in range(10, 20)]


def test_the_parts_of_a_ring_follow_each_other_and_the_rest_stays_bare():
    good, bad = shares.arcs([("good", 50), ("bad", 25), ("gone", 0)], 100)

    assert (good.length, good.rest, good.start) == (50, 50, 0)
    assert (bad.length, bad.rest, bad.start) == (25, 75, -50)


def test_a_ring_of_nothing_has_no_part():
    assert shares.arcs([("good", 0)], 0) == []


def test_a_line_falls_from_left_to_right_and_ends_today():
    drawn = shares.burndown(list(zip(NOVEMBER, range(100, 90, -1), strict=True)), 100, date(2026, 11, 28))

    assert drawn is not None
    assert drawn.line.startswith(f"M{shares.LEFT}.0 ")
    assert shares.LEFT < drawn.now_x < shares.RIGHT
    assert drawn.plan.endswith(f"L{float(shares.RIGHT)} {shares.BOTTOM}")
    assert (drawn.said, drawn.days[0].words, drawn.days[-1].words) == ("91", "10 Nov", "28 Nov")
    assert [level.words for level in drawn.levels] == ["0", "50", "100"]


def test_one_day_past_its_end_or_without_one_is_drawn_too():
    assert shares.burndown([(NOVEMBER[0], 3)], 3, None) is not None
    late = shares.burndown(list(zip(NOVEMBER, range(10, 0, -1), strict=True)), 10, NOVEMBER[5])

    assert late is not None
    assert late.now_x == shares.RIGHT
    assert shares.burndown([], 10, None) is None
