"""An app that can be changed: what it holds, and the habits and troubles of its API."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from connectors.contract import Call
from connectors.contract_writing import Journal, Receipt
from tests.connectors.sync.world import World, WorldDriver, call


class Killed(BaseException):
    """The worker is gone in the middle of a call, as by kill -9: nothing of it runs any more."""


@dataclass
class Habits:
    """What stands between a wish and the app."""

    troubles: list[Exception | None] = field(default_factory=list)
    """Raised before the first call of each wish in turn; None: none."""
    dies_at: int | None = None
    """The call, counted from 0, at which the worker is killed, once."""
    keeps: set[str] = field(default_factory=set)
    """Entitlements that it accepts to take, and keeps."""


class WorldChanger(WorldDriver):
    """Takes by emptying and giving back, as Coupa wants it; each step is a call."""

    def __init__(self, world: World, habits: Habits, heard: Callable[[Call], None]) -> None:
        super().__init__(world)
        self._habits = habits
        self._heard = heard
        self._calls: list[Call] = []

    def grant(self, account_id: str, entitlement_id: str, journal: Journal) -> Receipt:
        self._begin()
        held = (account_id, entitlement_id) in self.world.grants
        self.world.grants.add((account_id, entitlement_id))
        self._ask("PUT /api/users")
        return self._receipt(changed=not held, agrees=True, said=f"{account_id} holds {entitlement_id}.")

    def revoke(self, account_id: str, entitlement_id: str, journal: Journal) -> Receipt:
        self._begin()
        pair = (account_id, entitlement_id)
        self._ask("GET /api/users")
        if not journal.get() and pair not in self.world.grants:
            return self._receipt(changed=False, agrees=True, said=f"{account_id} never held it.")
        if entitlement_id in self._habits.keeps:
            self._ask("PUT /api/users")
            return self._receipt(changed=False, agrees=False, said="The app accepted it and kept it.")
        if not journal.get():
            rest = sorted(each for who, each in self.world.grants if who == account_id and each != pair[1])
            journal.put({"rest": rest})
        self._take_all(account_id)
        self._ask("PUT /api/users clear")
        self._give(account_id, journal.get()["rest"])
        self._ask("PUT /api/users")
        journal.put({})
        return self._receipt(changed=True, agrees=True, said=f"{account_id} holds it no more.")

    def enable(self, account_id: str, journal: Journal) -> Receipt:
        return self._switched(account_id, "enabled")

    def disable(self, account_id: str, journal: Journal) -> Receipt:
        return self._switched(account_id, "disabled")

    def _switched(self, account_id: str, status: str) -> Receipt:
        self._begin()
        account = self.world.accounts[account_id]
        self.world.accounts[account_id] = replace(account, status=status)  # type: ignore[arg-type]
        self._ask("PUT /api/users")
        return self._receipt(changed=True, agrees=True, said=f"{account_id} is {status}.")

    def _begin(self) -> None:
        trouble = self._habits.troubles.pop(0) if self._habits.troubles else None
        if trouble is not None:
            raise trouble

    def _ask(self, asked: str) -> None:
        if self._habits.dies_at is not None:
            self._habits.dies_at -= 1
            if self._habits.dies_at < 0:
                self._habits.dies_at = None
                raise Killed
        made = call(asked)
        self._calls.append(made)
        self._heard(made)

    def _take_all(self, account_id: str) -> None:
        self.world.grants = {pair for pair in self.world.grants if pair[0] != account_id}

    def _give(self, account_id: str, rest: object) -> None:
        assert isinstance(rest, Sequence)
        self.world.grants |= {(account_id, str(each)) for each in rest}

    def _receipt(self, *, changed: bool, agrees: bool, said: str) -> Receipt:
        return Receipt(tuple(self._calls), changed, agrees, said)
