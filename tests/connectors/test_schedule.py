"""When a connector is read by itself."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.models import Connector, timing

STOCKHOLM = ZoneInfo("Europe/Stockholm")
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("every", "at", "expected"),
    [
        (DAY, "2026-11-24T13:00", "2026-11-25T01:00"),  # 02:00 of the next day there
        (DAY, "2026-11-25T00:59", "2026-11-25T01:00"),
        (DAY, "2026-11-25T01:00", "2026-11-26T01:00"),
        (DAY, "2026-10-24T12:00", "2026-10-25T00:00"),  # the last night of summer time
        (DAY, "2026-10-25T12:00", "2026-10-26T01:00"),  # the first of winter time
        (7 * DAY, "2026-11-24T13:00", "2026-12-01T01:00"),
        (timedelta(hours=1), "2026-11-24T13:07", "2026-11-24T14:07"),
        (timedelta(minutes=30), "2026-11-24T13:07", "2026-11-24T13:37"),
    ],
)
def test_whole_days_mean_two_in_the_morning_and_less_means_so_much_later(every, at, expected):
    connector = Connector(every=every)

    following = connector.next_run_after(datetime.fromisoformat(at).replace(tzinfo=UTC), STOCKHOLM)

    assert following.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") == expected


ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Stockholm",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Africa/Casablanca",
    ]
).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2032, 1, 1)).map(  # noqa: DTZ001  # made aware here
    lambda at: at.replace(tzinfo=UTC)
)
LINES = st.sampled_from(
    ["0 6 * * 1-5", "30 2 * * *", "*/30 * * * *", "15 */6 * * *", "0 3 29 2 *", "0 2 1 * *"]
)


@example("30 2 * * *", datetime(2029, 12, 30, 2, tzinfo=UTC), ZoneInfo("Africa/Casablanca"))
@given(LINES, MOMENTS, ZONES)
def test_a_cron_line_comes_later_than_it_is_asked_and_in_order(line, at, zone):
    first = timing.after_cron(line, at, zone).astimezone(UTC)  # clocks on walls tell some hours twice
    second = timing.after_cron(line, first, zone).astimezone(UTC)

    assert at < first < second
    assert timing.after_cron(line, first - timedelta(minutes=1), zone) == first


@given(MOMENTS, ZONES)
def test_a_cron_line_follows_the_clock_on_the_wall(at, zone):
    found = timing.after_cron("0 12 * * *", at, zone).astimezone(zone)

    assert (found.hour, found.minute) == (12, 0)
    assert found.astimezone(UTC) - at <= timedelta(hours=25)


@given(st.integers(1, 40), MOMENTS, ZONES)
def test_so_many_days_come_later_and_never_much_too_late(days, at, zone):
    found = timing.after_interval(days * DAY, at, zone)

    assert at < found <= at + days * DAY + timedelta(hours=2)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("*/5 * * * *", "00:05 and again at 00:10"),
        ("0,45 * * * *", "00:45 and again at 01:00"),
        ("1,2 0 1 1 *", "30 minutes"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("0 0 31 4,6 *", "bad day-of-month"),
        ("every day", "five parts"),
        ("0 0 1 * * *", "five parts"),
        ("61 * * * *", "bad minute"),
        ("", "five parts"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused_with_a_reason(line, word):
    with pytest.raises(timing.BadCron, match=word):
        timing.must_be_cron(line)


@pytest.mark.parametrize("line", ["*/30 * * * *", "0 6 * * mon-fri", "0 3 29 2 *", "0 * * * *"])
def test_a_line_that_leaves_half_an_hour_is_taken(line):
    timing.must_be_cron(line)


def test_the_zone_of_a_connector_goes_before_that_of_the_organisation():
    connector = Connector(schedule="cron", cron="0 6 * * *", zone_name="America/New_York")

    following = connector.next_run_after(datetime(2026, 11, 24, 8, tzinfo=UTC), STOCKHOLM)

    assert following.astimezone(UTC) == datetime(2026, 11, 24, 11, tzinfo=UTC)
