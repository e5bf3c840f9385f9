"""Named slots on a page of a lower room that higher rooms fill from their apps.py."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest  # noqa: TID251  # the request is passed through, never read here

type Context = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Panel:
    """A template and what it needs. `context` answers None where there is nothing to show."""

    order: int
    template: str
    context: Callable[[HttpRequest, Context], Context | None]


_slots: defaultdict[str, list[Panel]] = defaultdict(list)


def fill(slot: str, panel: Panel) -> None:
    """Put a panel into a slot. Called from apps.py, once."""
    _slots[slot].append(panel)
    _slots[slot].sort(key=lambda each: each.order)


def panels(slot: str) -> tuple[Panel, ...]:
    return tuple(_slots[slot])
