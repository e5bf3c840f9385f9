"""What templates say about times, numbers and states."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import time_machine
from django.conf import settings
from django.template import engines
from django.test import RequestFactory

from core.models import Organisation
from core.templatetags import charts

PRESENT = datetime(2026, 5, 4, 14, 32, 10, tzinfo=UTC)


def draw(template, **context):
    request = RequestFactory().get("/list/?q=a&after=x")
    return engines["django"].from_string(template).render(context, request)


@pytest.fixture
def stockholm(db):
    Organisation.current()
    Organisation.objects.update(time_zone="Europe/Stockholm")


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (timedelta(seconds=-20), "just now"),
        (timedelta(seconds=20), "in a moment"),
        (timedelta(minutes=-14), "14 min ago"),
        (timedelta(minutes=46), "in 46 min"),
        (timedelta(hours=-3), "3 h ago"),
        (timedelta(hours=-16), "today 00:32"),
        (timedelta(hours=-20), "yesterday 20:32"),
        (timedelta(hours=20), "tomorrow 12:32"),
        (timedelta(days=-40), "25 Mar 2026"),
    ],
)
def test_a_time_is_relative_while_fresh_and_a_date_when_old(gap, words, stockholm):
    with time_machine.travel(PRESENT, tick=False):
        drawn = draw("{% ago at %}", at=PRESENT + gap)

    assert f">{words}</time>" in drawn


def test_a_time_is_exact_on_hover(stockholm):
    drawn = draw("{% ago at %}", at=PRESENT)

    assert 'title="4 May 2026 14:32:10 UTC"' in drawn
    assert 'datetime="2026-05-04T14:32:10+00:00"' in drawn


@pytest.mark.parametrize(
    ("form", "words"), [("", "4 May 2026 16:32"), ("day", "4 May 2026"), ("time", "16:32:10")]
)
def test_dates_are_in_the_organisations_zone(form, words, stockholm):
    assert f">{words}</time>" in draw("{% when at form %}", at=PRESENT, form=form)


def test_no_time_says_nothing(db):
    assert draw("{% ago at %}{% when at %}", at=None) == ""


@pytest.mark.parametrize(("number", "words"), [(5000, "5,000"), (0, "0"), (None, "")])
def test_numbers_are_grouped(number, words):
    assert draw("{{ number|count }}", number=number) == words


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ("after=None only='mine'", "?q=a&amp;only=mine"),
        ("after='y'", "?q=a&amp;after=y"),
        ("after=None q=''", "/list/"),
    ],
)
def test_an_address_keeps_what_is_not_replaced(changes, address, db):
    assert draw(f"{{% query {changes} %}}") == address


def test_a_status_is_a_word_and_an_icon():
    drawn = draw('{% chip "bad" "Failed" solid=True %}')

    assert "r-chip--bad r-chip--solid" in drawn
    assert "#i-alert-circle" in drawn
    assert "Failed" in drawn


def test_names_are_escaped_wherever_they_are_shown():
    person = SimpleNamespace(name="<b>Bobby</b>", initials="<B", title="")

    drawn = draw('{% include "components/person.html" with person=person only %}', person=person)

    assert "&lt;b&gt;Bobby" in drawn
    assert "<b>" not in drawn


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (22.4, "22 s"), (60, "1 min"), (72, "1 min 12 s"), (64, "1 min 04 s"), (7500, "2 h 5 min")],
)
def test_durations_are_read_aloud(seconds, words):
    assert charts.duration(seconds) == words
    assert draw("{{ length|duration }}", length=timedelta(seconds=seconds)) == words


def test_the_longest_bar_fits_under_the_top_line_and_none_vanishes():
    bars = [SimpleNamespace(seconds=seconds, tone="accent", words="") for seconds in (0, 72, 240)]

    chart = charts.bar_chart(bars, width=694, places=30)

    assert (chart.half, chart.top) == ("2 min", "4 min")
    assert [bar.y for bar in chart.bars] == [86.5, 66.4, 16.0]
    assert all(bar.height >= 1.5 for bar in chart.bars)


def test_held_and_failed_bars_carry_a_mark_and_words():
    bars = [SimpleNamespace(seconds=9, tone="bad", words="Failed at 01:18")]

    drawn = draw('{% bars found label="One run, failed." %}', found=bars)

    assert 'role="img" aria-label="One run, failed."' in drawn
    assert "×" in drawn
    assert "<title>Failed at 01:18</title>" in drawn


def test_no_comment_of_a_template_runs_over_its_line_and_so_onto_the_page():
    folder = Path(settings.ROOT) / "templates"

    shown = [
        f"{path.relative_to(folder)}: {line}"
        for path in folder.rglob("*.*")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.count("{#") != line.count("#}")
    ]

    assert shown == []
