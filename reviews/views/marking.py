"""The buttons of the desk, read: one form carries them all, each button says what it is about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

from core.errors import NotPossible
from reviews.models import Mark

OUTCOMES = {"certify": Mark.Outcome.CERTIFY, "deny": Mark.Outcome.DENY}
NOTHING_CHOSEN = "Tick some lines first."


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody pressed. `what`: mark, undo, undo-last, say, open, give, comment."""

    what: str
    lines: Sequence[int] = ()
    outcome: Mark.Outcome = Mark.Outcome.NONE
    reason: str = ""
    reasons: Mapping[int, str] = field(default_factory=dict)


type _Group = Callable[[str], Sequence[int]]


def act_of(typed: QueryDict, group: _Group) -> Act:
    """Raises NotPossible for what is no button, and where nothing is chosen.

    `group` answers the open lines of a group at hand by its key: asked only where a whole group is meant.
    """
    for name in _READERS:
        if name in typed:
            return _READERS[name](name, typed, group)
    raise NotPossible("This page sent nothing that could be done. Load it again.")


def _one(name: str, typed: QueryDict, group: _Group) -> Act:
    line = _number(typed.get(name, ""))
    if name == "undo":
        return Act("undo", [line])
    return Act("mark", [line], OUTCOMES[name], typed.get(f"reason-{line}", ""))


def _say(name: str, typed: QueryDict, group: _Group) -> Act:
    """One reason, or all that were typed and not kept yet: what Enter means without script."""
    if typed.get(name) != "all":
        line = _number(typed.get(name, ""))
        return Act("say", [line], reasons={line: typed.get(f"reason-{line}", "")})
    said = reasons_in(typed)
    return Act("say", sorted(said), reasons=said)


def reasons_in(typed: QueryDict) -> Mapping[int, str]:
    """All reasons that stand in the fields of a page."""
    named = {key: typed.get(key, "") for key in typed if key.startswith("reason-")}
    return {_number(key.removeprefix("reason-")): value for key, value in named.items() if value.strip()}


def _quick(name: str, typed: QueryDict, group: _Group) -> Act:
    number, _, reason = typed.get(name, "").partition(" ")
    line = _number(number)
    return Act("say", [line], reasons={line: reason})


def _open(name: str, typed: QueryDict, group: _Group) -> Act:
    return Act("open", [_number(typed.get(name, ""))])


def _selected(name: str, typed: QueryDict, group: _Group) -> Act:
    lines = sorted({_number(each) for each in typed.getlist("line")})
    if not lines:
        raise NotPossible(NOTHING_CHOSEN)
    if (wanted := typed.get(name, "")) in ("give", "comment"):
        return Act(wanted, lines)
    return _several(typed.get(name, ""), lines, typed.get("bulk_reason", ""))


def _group(name: str, typed: QueryDict, group: _Group) -> Act:
    wanted, _, key = typed.get(name, "").partition(" ")
    lines = group(key)
    if not lines:
        raise NotPossible("Nothing is open in this group.")
    return _several(wanted, lines, typed.get(f"group_reason-{key}", ""))


def _several(wanted: str, lines: Sequence[int], reason: str) -> Act:
    if wanted == "undo":
        return Act("undo", lines)
    if wanted not in OUTCOMES:
        raise NotPossible("Lines are certified or denied.")
    return Act("mark", lines, OUTCOMES[wanted], reason)


def _last(name: str, typed: QueryDict, group: _Group) -> Act:
    return Act("undo-last")


_READERS: Mapping[str, Callable[[str, QueryDict, _Group], Act]] = {
    "certify": _one,
    "deny": _one,
    "undo": _one,
    "say": _say,
    "quick": _quick,
    "open": _open,
    "selected": _selected,
    "group": _group,
    "last": _last,
}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotPossible("This names no line.")
    return int(text)
