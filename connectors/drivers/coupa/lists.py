"""A user's roles or groups, changed with the two things Coupa can do: add to the list, and empty it."""

from collections.abc import Collection
from dataclasses import dataclass

from connectors.contract import BadCredentials, DriverError, Kind, MissingScope, TransientError
from connectors.contract_writing import Journal
from connectors.drivers.coupa import records
from connectors.drivers.coupa.client import CoupaClient
from connectors.drivers.coupa.kept import Keeper
from connectors.drivers.coupa.recount import camel
from connectors.drivers.coupa.shapes import GraphqlRefused, Row
from connectors.http import Refused, quotable

ROUNDS = 5
"""Readings after which a list that looks different every time is left alone."""
FRESH = 60.0
"""Seconds within which what was kept and read twice may be acted on; a lease is longer."""
WAITS = (0.0, 1.0, 3.0, 8.0)
"""Seconds before each try to give back."""
PATIENCE = 120.0
"""Seconds after which no further try to give back begins."""
MOST_NAMED = 5


class Gone(Exception):
    """Coupa has no such user any more."""


@dataclass(frozen=True, slots=True)
class Change:
    after: frozenset[int]
    """What the user holds, read back."""
    changed: bool


class UsersList:
    """One list of one user. What was not asked for stays as others leave it.

    Between the last reading and the emptying lies one request's time in which nobody can see what others
    change: Coupa has neither locks nor conditions. It is kept as short as that.
    """

    def __init__(self, client: CoupaClient, user: str, kind: Kind, journal: Journal) -> None:
        self._client = client
        self._user = user
        self.kind = kind
        self._key = records.HELD_IN[kind]
        self._keeper = Keeper(journal, user, kind)
        self._names: dict[int, str] = {}
        self._problem: DriverError | TransientError | None = None

    def now(self) -> frozenset[int]:
        """Raises `Gone` if Coupa has no such user."""
        record = self._client.one("user", self._user, ["id", {self._key: ["id", "name"]}])
        if record is None:
            raise Gone
        held = record.list(self._key)
        self._names |= {each.id: each.text("name") for each in held}
        return frozenset(each.id for each in held)

    def named(self, identity: int) -> str:
        """Such as `the role “Buyer”`, or `role 4` where its name was not seen."""
        noun = records.TYPES[self.kind].name.lower()
        name = quotable(self._names.get(identity, ""))[:80]
        return f"the {noun} “{name}”" if name else f"{noun} {identity}"

    def add(self, wanted: int) -> Change:
        """Only what is wanted is named: whatever others give or take meanwhile is theirs."""
        is_ours = self.recover(wanted)
        before = self.now()
        if wanted in before:
            return Change(before, changed=is_ours)
        self._keeper.put("adding", before)
        self._problem = None
        try:
            seen = self._added(frozenset({wanted}))
        except DriverError:
            self._keeper.clear()
            raise
        after = self.now()
        if _was_replaced(before, wanted, seen | after):
            after = self._give_back(before | {wanted})
        if self._problem and wanted not in after:
            if isinstance(self._problem, DriverError):
                self._keeper.clear()
            raise self._problem
        self._keeper.clear()
        return Change(after, changed=wanted in seen | after)

    def take(self, wanted: int) -> Change:
        """Empty the list and give the rest back. Read back: it may be held all the same."""
        is_ours = self.recover(wanted)
        for nothing in (None, ()):  # "1.7 Remove a Role from a User" sends an empty list, others null
            held = self._ready(wanted)
            if held is None:
                break
            keep = held - {wanted}
            seen = self._emptied(wanted, keep, nothing)
            if _was_emptied(wanted, keep, seen):
                return Change(self._rest_given_back(keep, seen), changed=True)
            self._keeper.clear()
        return Change(self.now(), changed=is_ours)

    def recover(self, wanted: int) -> bool:
        """Give back what an earlier try took and did not; whether that try did what was wished."""
        kept = self._keeper.get()
        if kept is None:
            return False
        now, ids, seen = self.now(), kept.held, frozenset[int]()
        if kept.stage == "adding":
            is_ours = wanted in now
            is_lost, ids = _was_replaced(ids, wanted, now), ids | {wanted}
        else:
            is_ours = kept.stage == "giving" or _was_emptied(wanted, ids, now)
            is_lost, seen = is_ours and not ids <= now, now
        if is_lost:
            self._keeper.put("giving", ids)
            self._give_back(ids, seen)
        self._keeper.clear()
        return is_ours

    def _ready(self, wanted: int) -> frozenset[int] | None:
        """What is held: kept, and the same in the very last reading. None if `wanted` is not."""
        try:
            held = self.now()
            for _ in range(ROUNDS):
                if wanted not in held:
                    self._keeper.clear()
                    return None
                if self._unseen(held):
                    held = self.now()
                    continue
                self._keeper.put("emptying", held - {wanted})
                kept_at, before = self._client.ticks(), held
                held = self.now()
                if held == before and self._client.ticks() - kept_at < FRESH:
                    return held
        except (DriverError, TransientError):
            self._keeper.clear()  # nothing was taken yet
            raise
        self._keeper.clear()
        raise TransientError(
            f"Coupa shows other {records.PLURALS[self.kind]} of user {self._user} from one reading to the"
            " next, so that none could safely be taken away. Nothing was changed."
        )

    def _unseen(self, held: Collection[int]) -> bool:
        """Whether GraphQL, if there is one, knows of more: a list that came cut is never emptied."""
        key = camel(self._key)
        query = f'query {{ users(query: "id={self._user}") {{ id {key} {{ id }} }} }}'
        try:
            found = self._client.graphql(query, "user", "users")
        except (GraphqlRefused, MissingScope, Refused):
            return False
        shown = {each.id for user in found if str(user.id) == self._user for each in user.list(key)}
        return not shown <= set(held)

    def _emptied(self, wanted: int, keep: frozenset[int], nothing: tuple[()] | None) -> frozenset[int]:
        """Ask once, and see what is held then. Raises only if it was not done, or that cannot be seen."""
        problem: DriverError | TransientError | None = None
        try:
            answer = self._ids(self._client.change(self._user, {self._key: nothing}))
        except (DriverError, TransientError) as met:
            answer, problem = None, met
        if answer is not None and _was_emptied(wanted, keep, answer):
            return answer
        try:
            now = self.now()
        except (DriverError, TransientError) as unseen:
            raise self._alarm(keep, "may have taken", unseen) from unseen
        if problem and not _was_emptied(wanted, keep, now):
            if isinstance(problem, DriverError):
                self._keeper.clear()  # it was refused; after other trouble it may still come about
            raise problem
        return now

    def _rest_given_back(self, keep: frozenset[int], seen: frozenset[int]) -> frozenset[int]:
        try:
            self._keeper.put("giving", keep)
        finally:  # whoever has the order by now: it was this worker that took them
            after = self._give_back(keep, seen)
        self._keeper.clear()
        return after

    def _give_back(self, ids: frozenset[int], seen: frozenset[int] = frozenset()) -> frozenset[int]:
        """What is held once each of them was seen again: those that vanish after that were taken by others.

        Raises what went wrong with an alarm that names what is missing.
        """
        self._problem = None
        until = self._client.ticks() + PATIENCE
        for wait in WAITS:
            if self._client.ticks() > until:
                break
            self._client.sleep(wait)
            try:
                if missing := ids - seen:
                    seen |= self._added(missing)
                if ids <= seen:
                    self._keeper.clear()  # from here on, what is missing others have taken
                now = self.now()
                seen |= now
                if ids <= seen:
                    return now
            except (DriverError, TransientError) as problem:
                self._problem = problem
        missing = frozenset(each for each in ids - seen if self._exists(each))
        if missing:
            raise self._alarm(missing, "has taken", self._problem)
        return self.now()

    def _added(self, ids: frozenset[int]) -> frozenset[int]:
        """What Coupa answered that the user holds, nothing where its answer is not known.

        Where it refuses them together, one by one: one that it refuses must not keep the others out.
        """
        try:
            answer = self._client.change(self._user, {self._key: [{"id": each} for each in sorted(ids)]})
        except TransientError as problem:
            self._problem = problem
            return frozenset()
        except Refused as refusal:
            self._problem = refusal
            if len(ids) == 1:
                return frozenset()
            return frozenset[int]().union(*(self._added(frozenset({each})) for each in sorted(ids)))
        return self._ids(answer) or frozenset()

    def _ids(self, answer: Row | None) -> frozenset[int] | None:
        """What an answer shows of the list; None if it does not show it."""
        if answer is None or self._key not in answer.values:
            return None
        return frozenset(each.id for each in answer.list(self._key))

    def _exists(self, identity: int) -> bool:
        try:
            return self._client.one(self.kind, str(identity), ["id"]) is not None
        except (DriverError, TransientError):
            return True

    def _alarm(
        self, missing: Collection[int], done: str, problem: DriverError | TransientError | None
    ) -> DriverError | TransientError:
        """A `TransientError` where the next try may give back what this one could not."""
        told = ", ".join(self.named(each) for each in sorted(missing)[:MOST_NAMED]) or "nothing else"
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        sentence = (
            f"While one of them was changed, Coupa {done} all {records.PLURALS[self.kind]} of user"
            f" {self._user}. Still to be given back: {told}{more}."
        )
        if problem is None or isinstance(problem, Refused | MissingScope | BadCredentials):
            return DriverError(f"{sentence} Give them back in Coupa now, or try again here. {problem or ''}")
        return TransientError(f"{sentence} This is tried again. {problem}")


def _was_emptied(wanted: int, keep: frozenset[int], seen: frozenset[int]) -> bool:
    """Whether all was taken: what is there beside then came later, even if `wanted` is.

    Where it is held beside others, nothing was taken: what is missing, others have taken.
    """
    return wanted not in seen or (bool(keep) and keep.isdisjoint(seen))


def _was_replaced(before: frozenset[int], wanted: int, seen: frozenset[int]) -> bool:
    """Whether the list named became all there is, as it would if some release of Coupa's replaced it."""
    return bool(before) and wanted in seen and before.isdisjoint(seen)
