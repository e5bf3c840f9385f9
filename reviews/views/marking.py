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
    """What somebody pressed. `what`: mark, undo, undo-last, say, open, give, came."""

    what: str
    lines: Sequence[int] = ()
    outcome: Mark.Outcome = Mark.Outcome.NONE
    reason: str = ""
    reasons: Mapping[int, str] = field(default_factory=dict)


def act_of(typed: QueryDict, group: Callable[[], Mapping[int, Sequence[int]]]) -> Act:
    """Raises NotPossible for what is no button, and where nothing is chosen.

    `group` answers the open lines at hand, by freshness: asked only where a whole group is meant.
    """
    for name in ("certify", "deny", "undo", "say", "open", "quick", "selected", "group", "last", "came"):
        if name in typed:
            return _READERS[name](name, typed, group)
    raise NotPossible("This page sent nothing that could be done. Load it again.")


type _Groups = Callable[[], Mapping[int, Sequence[int]]]


def _one(name: str, typed: QueryDict, group: _Groups) -> Act:
    line = _number(typed.get(name, ""))
    if name == "undo":
        return Act("undo", [line])
    return Act("mark", [line], OUTCOMES[name], typed.get(f"reason-{line}", ""))


def _say(name: str, typed: QueryDict, group: _Groups) -> Act:
    """One reason, or all that were typed and not kept yet: what Enter means without script."""
    if typed.get(name) != "all":
        line = _number(typed.get(name, ""))
        return Act("say", [line], reasons={line: typed.get(f"reason-{line}", "")})
    named = {key: typed.get(key, "") for key in typed if key.startswith("reason-")}
    said = {_number(key.removeprefix("reason-")): value for key, value in named.items() if value.strip()}
    return Act("say", sorted(said), reasons=said)


def _quick(name: str, typed: QueryDict, group: _Groups) -> Act:
    number, _, reason = typed.get(name, "").partition(" ")
    line = _number(number)
    return Act("say", [line], reasons={line: reason})


def _open(name: str, typed: QueryDict, group: _Groups) -> Act:
    return Act("open", [_number(typed.get(name, ""))])


def _selected(name: str, typed: QueryDict, group: _Groups) -> Act:
    lines = sorted({_number(each) for each in typed.getlist("line")})
    if not lines:
        raise NotPossible(NOTHING_CHOSEN)
    if typed.get(name) == "give":
        return Act("give", lines)
    return _several(typed.get(name, ""), lines, typed.get("bulk_reason", ""))


def _group(name: str, typed: QueryDict, group: _Groups) -> Act:
    wanted, _, freshness = typed.get(name, "").partition(" ")
    lines = group().get(_number(freshness), ())
    if not lines:
        raise NotPossible("Nothing is open in this group.")
    return _several(wanted, lines, "")


def _several(wanted: str, lines: Sequence[int], reason: str) -> Act:
    if wanted == "undo":
        return Act("undo", lines)
    if wanted not in OUTCOMES:
        raise NotPossible("Lines are certified or denied.")
    return Act("mark", lines, OUTCOMES[wanted], reason)


def _last(name: str, typed: QueryDict, group: _Groups) -> Act:
    return Act("undo-last")


def _came(name: str, typed: QueryDict, group: _Groups) -> Act:
    return Act("came")


_READERS: Mapping[str, Callable[[str, QueryDict, _Groups], Act]] = {
    "certify": _one,
    "deny": _one,
    "undo": _one,
    "say": _say,
    "quick": _quick,
    "open": _open,
    "selected": _selected,
    "group": _group,
    "last": _last,
    "came": _came,
}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotPossible("This names no line.")
    return int(text)
