"""What can be downloaded: each room offers its lists, a job writes the files."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.models import User

type Parameters = Mapping[str, str]
"""What was filtered on screen: the page's own query, as strings."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One kind of file. `rows` reads as the person who asked: what their screen showed, every page of it."""

    kind: str
    title: str
    columns: Sequence[str]
    rows: Callable[[User, Parameters], Iterable[Sequence[object]]]
    """May raise Denied; the sentence is shown."""


_offers: dict[str, Offer] = {}


def offer(new: Offer) -> None:
    """Put a kind of file on offer. Called from apps.py, once."""
    _offers[new.kind] = new


def on_offer(kind: str) -> Offer | None:
    return _offers.get(kind)
