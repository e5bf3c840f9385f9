"""Pure: whose access a line is, and what else ties somebody to it."""

from collections.abc import Mapping
from enum import StrEnum

from reviews.routing.facts import Directory, LineFacts


class Tie(StrEnum):
    """What ties a reviewer to a line. Kept with each turn and decision, and printed in the evidence."""

    OWN = "own"
    HOLDS = "holds"
    GRANTED = "granted"
    SUBORDINATE = "subordinate"
    MUTUAL = "mutual"


TIE_WORDS: Mapping[Tie, str] = {
    Tie.OWN: "decides on their own access",
    Tie.HOLDS: "has the same access",
    Tie.GRANTED: "granted or requested this access",
    Tie.SUBORDINATE: "reports to the account's owner",
    Tie.MUTUAL: "is reviewed by the account's owner in the same campaign",
}
"""As they follow a name or stand in a list."""


def is_subject(person: str, line: LineFacts, directory: Directory) -> bool:
    """Whether the access is this person's own (decision 54).

    It is where the account was or is theirs, or is nobody's and goes by what they are known by; two people
    known by the same are one human.
    """
    if person in (line.person, line.owner_now):
        return True
    known = directory.people.get(person)
    return known is not None and _is_known_as(known.keys, line, directory)


def _is_known_as(keys: frozenset[str], line: LineFacts, directory: Directory) -> bool:
    """Whether whoever goes by one of these keys is the human whose access it is."""
    if line.account_keys and not keys.isdisjoint(line.account_keys):
        return True
    people = directory.people
    frozen = people.get(line.person)
    if frozen is not None and not keys.isdisjoint(frozen.keys):
        return True
    if line.owner_now == line.person:
        return False
    present = people.get(line.owner_now)
    return present is not None and not keys.isdisjoint(present.keys)


def reports_to_subject(person: str, line: LineFacts, directory: Directory) -> bool:
    """Whether whose access it is is above this person, over any number of steps."""
    above, keys = directory.above(person)
    if not above:
        return False
    return line.person in above or line.owner_now in above or _is_known_as(keys, line, directory)


def ties(person: str, line: LineFacts, directory: Directory) -> frozenset[Tie]:
    """Everything that ties this person to the line; nothing, where they are independent of it."""
    found: list[Tie] = []
    if is_subject(person, line, directory):
        found.append(Tie.OWN)
    if person in directory.holders.get(line.entitlement, ()):
        found.append(Tie.HOLDS)
    if person in directory.granters.get((line.account, line.entitlement), ()):
        found.append(Tie.GRANTED)
    if reports_to_subject(person, line, directory):
        found.append(Tie.SUBORDINATE)
    if _is_mutual(person, line, directory):
        found.append(Tie.MUTUAL)
    return frozenset(found)


def _is_mutual(person: str, line: LineFacts, directory: Directory) -> bool:
    pairs = directory.asked_about
    return bool(pairs) and ((line.person, person) in pairs or (line.owner_now, person) in pairs)
