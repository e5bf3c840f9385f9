"""What came of a change, as the read-back saw it, in sentences of at most 300 letters."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from connectors.drivers.coupa import licences, records
from connectors.drivers.coupa.lists import Change, UsersList

READ_BACK = "Coupa, read back, says that user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    said: str
    changed: bool
    agrees: bool = True


def given(user: str, held: UsersList, wanted: int, made: Change) -> Outcome:
    name = held.named(wanted)
    if wanted in made.after:
        already = "" if made.changed else " already"
        return Outcome(said=f"{READ_BACK} {user} holds {name}{already}.", changed=made.changed)
    said = (
        f"{READ_BACK} {user} does not hold {name}, though it accepted that. It passes over in silence what it"
        " does not know or may not give."
    )
    return Outcome(said=said, changed=made.changed, agrees=False)


def taken(user: str, held: UsersList, wanted: int, made: Change) -> Outcome:
    name = held.named(wanted)
    if wanted in made.after:
        said = f"{READ_BACK} {user} holds {name} still or again: not taken by Coupa, or given anew by others."
        return Outcome(said=said, changed=made.changed, agrees=False)
    if not made.changed:
        return Outcome(said=f"{READ_BACK} {user} does not hold {name} already.", changed=False)
    said = f"{READ_BACK} {user} does not hold {name} any more. {_remaining(held, made.after)}"
    return Outcome(said=said, changed=True)


def licensed(user: str, flag: str, *, wished: bool, held: bool | None, changed: bool) -> Outcome:
    name = licences.name(flag)
    if held is wished:
        already, verb = "" if changed else " already", "holds" if wished else "does not hold"
        return Outcome(said=f"{READ_BACK} {user} {verb} {name}{already}.", changed=changed)
    if held is None:
        said = f"Coupa does not tell whether user {user} holds {name}."
    elif wished:
        said = f"{READ_BACK} {user} does not hold {name}, though it accepted that."
    else:
        said = f"{READ_BACK} {user} still holds {name}, though it accepted to take it."
        if flag in licences.STAYING:
            said += " It is known to keep this licence: take it away in Coupa."
    return Outcome(said=said, changed=False, agrees=False)


def switched(user: str, *, wished: bool, active: bool | None, changed: bool) -> Outcome:
    words = {True: "is active", False: "is inactive", None: "is neither active nor inactive"}[active]
    already = " already" if active is wished and not changed else ""
    agrees = active is wished
    return Outcome(said=f"{READ_BACK} {user} {words}{already}.", changed=changed, agrees=agrees)


def administers(user: str, groups: Sequence[str]) -> Outcome:
    said = (
        f"Nothing was changed: here Coupa can only end all groups of user {user} and give the others back,"
        f" and the user would no longer administer group {groups[0]}. Take the user out of it in Coupa."
    )
    return Outcome(said=said, changed=False, agrees=False)


def _remaining(held: UsersList, after: Collection[int]) -> str:
    plural = records.PLURALS[held.kind]
    if not after:
        return f"No {plural} remain."
    return f"One of the {plural} remains." if len(after) == 1 else f"{len(after)} other {plural} remain."
