"""What a driver promises that can change its app: wishes, each with a receipt and a journal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from connectors.contract import Call


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of a wish."""

    calls: tuple[Call, ...]
    changed: bool
    """False: it was so already."""
    agrees: bool
    """Whether the app, read back afterwards, says what was wished."""
    said: str = ""
    """What the read-back saw, as a sentence; where it does not agree, why."""


class Journal(Protocol):
    """Keeps what must be given back, so that a worker that takes over after a crash can do it."""

    def get(self) -> Mapping[str, object]:
        """What was kept last; empty if nothing, or if it was cleared."""

    def put(self, kept: Mapping[str, object]) -> None:
        """Return when it is safe; an empty mapping clears it. JSON values only."""


@runtime_checkable
class Provisioner(Protocol):
    """Changes one app. Every wish succeeds if it is true already.

    Raises DriverError where a person must act, TransientError where trying again may work: the same wish is
    then made again with the same journal, also by another worker, and ends as if made once. What the wish
    did not speak of is afterwards as somebody else may have left it meanwhile, never as it was before. Both
    errors bring the calls that were made.

    About one account the caller makes one wish at a time, and no other before one that kept something in its
    journal has come to its end.
    """

    def grant(self, account_id: str, entitlement_id: str, journal: Journal) -> Receipt: ...

    def revoke(self, account_id: str, entitlement_id: str, journal: Journal) -> Receipt: ...

    def enable(self, account_id: str, journal: Journal) -> Receipt: ...

    def disable(self, account_id: str, journal: Journal) -> Receipt: ...


@runtime_checkable
class Changer(Provisioner, Protocol):
    """A provisioner that was opened for one wish. Safe to abandon at any moment."""

    def close(self) -> None:
        """Let go of connections."""
