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
    if known is None:
        return False
    if not known.keys.isdisjoint(line.account_keys):
        return True
    return any(
        not known.keys.isdisjoint(owner.keys)
        for owner in (directory.people.get(key) for key in (line.person, line.owner_now) if key)
        if owner is not None
    )


def reports_to_subject(person: str, line: LineFacts, directory: Directory) -> bool:
    """Whether whose access it is is above this person, over any number of steps."""
    above = directory.above(person)
    return bool(above) and (
        line.person in above
        or line.owner_now in above
        or any(is_subject(boss, line, directory) for boss in above)
    )


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
