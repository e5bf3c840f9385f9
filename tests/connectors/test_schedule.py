"""When a connector is read by itself."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.models import Connector

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
