"""Where the parts of a chart stand. Pure: numbers in, coordinates out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)  # seconds
LEFT, TOP, BOTTOM = 52, 16, 88
MARKS = {"wait": "!", "bad": "×"}


class Bar(Protocol):
    """What a bar stands for. `tone`: accent, good, wait, bad or gone."""

    @property
    def seconds(self) -> float: ...
    @property
    def tone(self) -> str: ...
    @property
    def words(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Placed:
    """A bar on the canvas, in units of the view box."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    words: str
    mark: str

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)

    @property
    def above(self) -> float:
        return round(self.y - 4, 1)


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars from left to right, and three lines: 0, half, top."""

    width: int
    bars: Sequence[Placed]
    half: str
    top: str


def duration(seconds: float) -> str:
    """1 min 12 s; below a minute 22 s; from an hour on 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s" if whole % 60 else f"{whole // 60} min"
    minutes = whole // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


def bar_chart(bars: Sequence[Bar], *, width: int, places: int) -> BarChart:
    """Durations as bars; fewer bars than `places` leave room at the right."""
    longest = max((bar.seconds for bar in bars), default=0)
    step = next((step for step in STEPS if 2 * step >= longest), STEPS[-1])
    full = max(2 * step, longest)
    room = (width - LEFT) / max(places, len(bars), 1)
    return BarChart(
        width=width,
        bars=[_placed(bar, LEFT + 4 + room * number, room * 0.72, full) for number, bar in enumerate(bars)],
        half=duration(step),
        top=duration(2 * step),
    )


def _placed(bar: Bar, x: float, width: float, full: float) -> Placed:
    height = max((BOTTOM - TOP) * bar.seconds / full, 1.5)
    return Placed(
        x=round(x, 1),
        y=round(BOTTOM - height, 1),
        width=round(width, 1),
        height=round(height, 1),
        tone=bar.tone,
        words=bar.words,
        mark=MARKS.get(bar.tone, ""),
    )
