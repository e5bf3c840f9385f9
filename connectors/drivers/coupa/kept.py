"""What must be given back to a user, kept in the journal before Coupa is asked to empty a list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from connectors.contract import DriverError, Kind
from connectors.contract_writing import Journal

VERSION = 1

type Stage = Literal["adding", "emptying", "giving"]
"""`adding`: something is about to be added to what is held. `emptying`: all of it is about to be taken.
`giving`: it was taken, and what is kept is about to be given back."""
STAGES: Mapping[str, Stage] = {"adding": "adding", "emptying": "emptying", "giving": "giving"}


@dataclass(frozen=True, slots=True)
class Kept:
    stage: Stage
    held: frozenset[int]
    """Ids of what the user held, without what was to be taken away."""


class Keeper:
    """The journal of one wish about one list of one user."""

    def __init__(self, journal: Journal, user: str, kind: Kind) -> None:
        self._journal = journal
        self._about = {"v": VERSION, "user": user, "kind": kind}
        self._is_empty = False

    def get(self) -> Kept | None:
        """What an earlier worker left; raises `DriverError` if it cannot be understood."""
        kept = self._journal.get()
        self._is_empty = not kept
        if not kept:
            return None
        stage, held = STAGES.get(str(kept.get("stage"))), kept.get("held")
        is_ours = all(kept.get(key) == value for key, value in self._about.items())
        if not is_ours or not isinstance(held, list) or stage is None:
            raise DriverError(
                "What an earlier try kept to be given back cannot be read by this version. Compare what the"
                " user holds in Coupa with the last sync, and change it there by hand."
            )
        return Kept(stage, frozenset(int(each) for each in held))

    def put(self, stage: Stage, held: frozenset[int]) -> None:
        self._is_empty = False
        self._journal.put({**self._about, "stage": stage, "held": sorted(held)})

    def clear(self) -> None:
        if not self._is_empty:
            self._journal.put({})
            self._is_empty = True
