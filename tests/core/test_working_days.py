"""Working days: Monday to Friday, save the holidays of the settings."""

from datetime import date

import pytest

from core.models import Organisation

NEW_YEAR = [{"on": "2027-01-01", "name": "New Year"}]  # a Friday


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), False),
        (date(2027, 1, 2), False),
        (date(2027, 1, 3), False),
        (date(2027, 1, 4), True),
    ],
)
def test_neither_weekends_nor_holidays_are_worked(day, works):
    assert Organisation(holidays=NEW_YEAR).is_working_day(day) == works


@pytest.mark.parametrize(
    ("holidays", "count", "due"),
    [
        ([], 0, date(2026, 12, 31)),
        ([], 1, date(2027, 1, 1)),
        (NEW_YEAR, 1, date(2027, 1, 4)),
        (NEW_YEAR, 10, date(2027, 1, 15)),
    ],
)
def test_days_that_are_not_worked_are_passed_over(holidays, count, due):
    found = Organisation(holidays=holidays).working_days_after(date(2026, 12, 31), count)

    assert found == due
