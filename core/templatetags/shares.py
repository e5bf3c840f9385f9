"""Where the parts of a ring and of a falling line stand. Pure: numbers in, coordinates out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 766, 172
LEFT, RIGHT, TOP, BOTTOM = 52, 758, 10, 150
MARKS = 5
"""Days named below a falling line."""


@dataclass(frozen=True, slots=True)
class Arc:
    """A part of a ring, in percent of it."""

    tone: str
    length: float
    start: float

    @property
    def rest(self) -> float:
        return round(100 - self.length, 2)


@dataclass(frozen=True, slots=True)
class Mark:
    """A word below or beside a line."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Burndown:
    """What is open, day by day, above the even pace to its last day."""

    line: str
    area: str
    plan: str
    now_x: float
    now_y: float
    said: str
    anchor: str
    levels: Sequence[Mark]
    days: Sequence[Mark]


def arcs(parts: Sequence[tuple[str, int]], whole: int) -> list[Arc]:
    """The parts (tone, number) one after the other; what is left of the whole stays bare."""
    found: list[Arc] = []
    start = 0.0
    for tone, number in parts:
        length = 100 * number / whole if whole else 0
        if length:
            found.append(Arc(tone, round(length, 2), round(-start, 2)))
        start += length
    return found


def burndown(days: Sequence[tuple[date, int]], whole: int, last_day: date | None) -> Burndown | None:
    """`days`: each with what was open at its end, rising, none left out. None before there is one."""
    if not days:
        return None
    first, today = days[0][0], days[-1][0]
    end = max(filter(None, (last_day, today)))
    span = max((end - first).days, 1)
    full = _round_up(max(whole, 1))
    points = [(_x((day - first).days, span), _y(number, full)) for day, number in days]
    way = " L".join(f"{x} {y}" for x, y in points)
    now_x, now_y = points[-1]
    plan = f"M{LEFT} {_y(whole, full)} L{_x((last_day - first).days, span)} {BOTTOM}" if last_day else ""
    is_left = now_x < LEFT + (RIGHT - LEFT) * 0.8
    return Burndown(
        line=f"M{way}",
        area=f"M{points[0][0]} {BOTTOM} L{way} L{now_x} {BOTTOM} Z",
        plan=plan,
        now_x=now_x,
        now_y=now_y,
        said=f"{days[-1][1]:,}",
        anchor="start" if is_left else "end",
        levels=[Mark(_y(full * part / 2, full), f"{round(full * part / 2):,}") for part in (0, 1, 2)],
        days=_marked(first, end, span),
    )


def _marked(first: date, end: date, span: int) -> list[Mark]:
    step = max(1, -(-span // (MARKS - 1)))
    offsets = [*range(0, span - step // 2, step), span]
    days = (date.fromordinal(first.toordinal() + each) for each in offsets)
    return [Mark(_x(offset, span), f"{day.day} {day:%b}") for offset, day in zip(offsets, days, strict=True)]


def _round_up(number: int) -> int:
    """The next number that reads well at the top of a scale and can be halved."""
    size = 1
    while True:
        for each in (2, 4, 6, 10, 16):
            if number <= each * size:
                return each * size
        size *= 10


def _x(offset: int, span: int) -> float:
    return round(LEFT + (RIGHT - LEFT) * offset / span, 1)


def _y(number: float, full: int) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * number / full, 1)
