"""What a source of found apps promises."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


class BadList(Exception):
    """The source as a whole cannot be read; the sentence says why."""


@dataclass(frozen=True, slots=True)
class FoundApp:
    """One app as an identity provider lists it, known by the provider's name and the id it has there."""

    provider: str
    external_id: str
    name: str
    users: int | None = None
    """How many people are assigned to it; None where the source does not say."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one line of a list."""

    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything a source lists now, each app once. What cannot be understood is not among `apps`."""

    apps: Sequence[FoundApp]
    mistakes: Sequence[Mistake] = field(default_factory=tuple)

    @property
    def providers(self) -> Sequence[str]:
        """Whose lists these are, by name."""
        return sorted({app.provider for app in self.apps})


class Source(Protocol):
    """Something that can list apps: a file now, an identity provider's API as another class of this shape."""

    def listing(self) -> Listing:
        """Read everything once. Raises BadList."""
