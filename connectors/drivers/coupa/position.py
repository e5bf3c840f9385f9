"""Where a walk through Coupa has got to: the cursor, written and read."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from connectors.contract import CursorExpired, Kind

VERSION = 3
LISTED = ("role", "group", "account_group")
STAGES = ("license", *LISTED, "user", "end")


@dataclass(slots=True)
class Position:
    """Moves on as the walk does; `encode` freezes it."""

    stage: str = STAGES[0]
    lanes: list[list[int | None]] = field(default_factory=lambda: [[0, None]])
    """Each lane: the last id read, and the last it has to read (None: to the end)."""
    flags: tuple[str, ...] = ()
    """Licences the tenant shows."""
    known: dict[Kind, set[int]] = field(default_factory=lambda: {kind: set() for kind in LISTED})
    """Ids of resources already named, so that no grant dangles and nothing is named twice."""
    gaps: dict[Kind, str] = field(default_factory=dict)
    untold: Counter[str] = field(default_factory=Counter)
    """Of how many users a licence was null or missing so far."""

    @property
    def after(self) -> int:
        return self.lanes[0][0] or 0

    def moved(self, after: int) -> None:
        self.lanes[0][0] = after

    def next_stage(self) -> None:
        self.stage = STAGES[STAGES.index(self.stage) + 1]
        self.moved(0)

    def encode(self) -> str:
        known = {kind: spans(ids) for kind, ids in self.known.items()}
        told = {"v": VERSION, "stage": self.stage, "lanes": self.lanes, "flags": self.flags}
        read = {"known": known, "gaps": self.gaps, "untold": self.untold}
        return json.dumps({**told, **read}, separators=(",", ":"))


def decode(cursor: str) -> Position:
    """The position a cursor stands for, empty: the start; raises `CursorExpired` if not understood."""
    if not cursor:
        return Position()
    try:
        told = json.loads(cursor)
        if told["v"] != VERSION or told["stage"] not in STAGES:
            raise CursorExpired("This run was begun by another version of the driver; it starts over.")
        return Position(
            stage=told["stage"],
            lanes=[[int(after), until] for after, until in told["lanes"]],
            flags=tuple(told["flags"]),
            known={kind: unspans(told["known"][kind]) for kind in LISTED},
            gaps=dict(told["gaps"]),
            untold=Counter(dict(told["untold"])),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise CursorExpired("The place where this run stopped cannot be read; it starts over.") from problem


def spans(ids: Iterable[int]) -> str:
    """Ids as ranges, `1-40,52`: Coupa numbers its roles and groups with few holes."""
    ordered = sorted(ids)
    firsts = [two for one, two in pairwise([-1, *ordered]) if two != one + 1 or one == -1]
    lasts = [one for one, two in pairwise([*ordered, -1]) if two != one + 1]
    ends = zip(firsts, lasts, strict=True)
    return ",".join(f"{first}-{last}" if first < last else f"{first}" for first, last in ends)


def unspans(text: str) -> set[int]:
    """The ids that `spans` wrote down."""
    ends = [span.partition("-") for span in text.split(",") if span]
    return {number for first, _, last in ends for number in range(int(first), int(last or first) + 1)}
