"""From JSON to a policy, with a sentence and a place for everything that is wrong with it."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from reviews.routing.facts import FIELDS
from reviews.routing.policy import (
    FALLBACK_KINDS,
    BadPolicy,
    Condition,
    Fallback,
    Is,
    Kind,
    PolicyText,
    ReasonToCertify,
    Rule,
    Step,
    Test,
    Then,
)

MOST_RULES, MOST_STEPS, MOST_VALUES, DEEPEST, LONGEST_NAME, MOST_DAYS = 50, 5, 500, 3, 200, 365

type Path = tuple[str | int, ...]


def parse(content: object) -> PolicyText:
    """Read what a version of a policy says. Raises BadPolicy."""
    top = _Object(content, (), {"rules", "removes"})
    rules = top.list("rules")
    if not rules:
        raise BadPolicy("A policy needs at least one rule.", ("rules",))
    if len(rules) > MOST_RULES:
        raise BadPolicy(f"A policy has at most {MOST_RULES} rules.", ("rules",))
    read = tuple(_rule(each, ("rules", number)) for number, each in enumerate(rules))
    for number, rule in enumerate(read):
        is_last = number == len(read) - 1
        if is_last and rule.condition is not None:
            raise BadPolicy("The last rule is for every other line: it has no condition.", ("rules", number))
        if not is_last and rule.condition is None:
            sentence = "A rule without a condition fits every line, so no rule can follow it."
            raise BadPolicy(sentence, ("rules", number, "condition"))
    return PolicyText(read, removes=top.flag("removes", default=True))


def _rule(content: object, path: Path) -> Rule:
    found = _Object(content, path, {"name", "condition", "steps"})
    name = found.text("name").strip()
    if not name:
        raise BadPolicy("Give the rule a name.", (*path, "name"))
    if len(name) > LONGEST_NAME:
        raise BadPolicy(f"A name has at most {LONGEST_NAME} letters.", (*path, "name"))
    condition, steps = found.given("condition"), found.list("steps")
    if not steps:
        raise BadPolicy(f'Say who decides in "{name}": it has no step.', (*path, "steps"))
    if len(steps) > MOST_STEPS:
        raise BadPolicy(f"A rule has at most {MOST_STEPS} steps.", (*path, "steps"))
    read = tuple(_step(each, (*path, "steps", number)) for number, each in enumerate(steps))
    if read[-1].lets_subjects_in:
        raise BadPolicy(
            "Nobody has the last word on their own access: let another step follow this one.",
            (*path, "steps", len(read) - 1),
        )
    return Rule(name, None if condition is None else _condition(condition, (*path, "condition")), read)


def _condition(content: object, path: Path, depth: int = 1) -> Condition:
    if depth > DEEPEST:
        raise BadPolicy(f"Conditions are nested at most {DEEPEST} deep.", path)
    found = _Object(content, path, {"all", "any"})
    names = [name for name in ("all", "any") if found.has(name)]
    if len(names) != 1:
        raise BadPolicy('A condition is either "all" or "any" of its parts.', path)
    (name,) = names
    parts = found.list(name)
    if not parts:
        raise BadPolicy("A condition needs at least one part.", (*path, name))
    if len(parts) > MOST_RULES:
        raise BadPolicy(f"A condition has at most {MOST_RULES} parts.", (*path, name))
    return Condition(
        tuple(_part(each, (*path, name, number), depth) for number, each in enumerate(parts)),
        is_any=name == "any",
    )


def _part(content: object, path: Path, depth: int) -> Test | Condition:
    if isinstance(content, Mapping) and ("all" in content or "any" in content):
        return _condition(content, path, depth + 1)
    return _test(content, path)


def _test(content: object, path: Path) -> Test:
    found = _Object(content, path, {"field", "is", "values"})
    field, how = found.text("field"), found.choice("is", Is)
    if field not in FIELDS:
        raise BadPolicy(f'There is no field called "{field}".', (*path, "field"))
    values = tuple(found.texts("values"))
    if how is Is.MISSING:
        if values:
            raise BadPolicy("What is missing has no values to compare with.", (*path, "values"))
    elif not values or not all(value.strip() for value in values):
        raise BadPolicy(f"Say which values {FIELDS[field].label} is compared with.", (*path, "values"))
    if len(values) > MOST_VALUES:
        raise BadPolicy(f"At most {MOST_VALUES} values are compared with.", (*path, "values"))
    return Test(field, how, values, frozenset(value.strip().casefold() for value in values))


def _step(content: object, path: Path) -> Step:
    found = _Object(content, path, set(Step.__dataclass_fields__))
    kind = found.choice("kind", Kind)
    people, group = tuple(found.texts("people")), found.text("group", default="")
    if (kind is Kind.PEOPLE) != bool(people):
        sentence = "Name at least one person." if kind is Kind.PEOPLE else "This kind of step names nobody."
        raise BadPolicy(sentence, (*path, "people"))
    if (kind is Kind.GROUP) != bool(group):
        sentence = "Choose the group." if kind is Kind.GROUP else "This kind of step has no group."
        raise BadPolicy(sentence, (*path, "group"))
    days, then = found.days("after_days"), found.choice_or_none("then", Then)
    if (days is None) != (then is None):
        raise BadPolicy("Say both after how many days, and what happens then.", (*path, "after_days"))
    return Step(
        kind=kind,
        people=people,
        group=group,
        fallback=_fallback(found.given("fallback"), (*path, "fallback")),
        may_reassign=found.flag("may_reassign", default=True),
        reassign_to=tuple(found.texts("reassign_to")),
        reassign_needs_reason=found.flag("reassign_needs_reason", default=True),
        may_delegate=found.flag("may_delegate", default=True),
        may_self_review=found.flag("may_self_review", default=False),
        distinct=found.flag("distinct", default=True),
        reason_to_certify=found.choice("reason_to_certify", ReasonToCertify, default=ReasonToCertify.RISKY),
        reason_to_deny=found.flag("reason_to_deny", default=True),
        clean=found.flag("clean", default=False),
        sign_in_again=found.flag("sign_in_again", default=False),
        after_days=days,
        then=then,
    )


def _fallback(content: object, path: Path) -> Fallback:
    if content is None:
        return Fallback()
    found = _Object(content, path, {"people", "kind"})
    kind = found.choice_or_none("kind", Kind)
    if kind is not None and kind not in FALLBACK_KINDS:
        raise BadPolicy("A step cannot fall back to this kind.", (*path, "kind"))
    return Fallback(tuple(found.texts("people")), kind)


class _Object:
    """A JSON object that is asked for its parts; complains with a place."""

    def __init__(self, content: object, path: Path, known: Collection[str]) -> None:
        if not isinstance(content, Mapping):
            raise BadPolicy("An object is expected here.", path)
        for name in content:
            if name not in known:
                raise BadPolicy(f'"{name}" means nothing here.', (*path, str(name)))
        self._content, self._path = content, path

    def given(self, name: str) -> object:
        return self._content.get(name)

    def has(self, name: str) -> bool:
        return name in self._content

    def list(self, name: str) -> Sequence[object]:
        value = self._content.get(name, [])
        if not isinstance(value, list):
            raise BadPolicy("A list is expected here.", (*self._path, name))
        return value

    def text(self, name: str, default: str | None = None) -> str:
        value = self._content.get(name, default)
        if not isinstance(value, str):
            raise BadPolicy("A text is expected here.", (*self._path, name))
        return value

    def texts(self, name: str) -> Sequence[str]:
        found: list[str] = []
        for number, value in enumerate(self.list(name)):
            if not isinstance(value, str):
                raise BadPolicy("A text is expected here.", (*self._path, name, number))
            found.append(value)
        return list(dict.fromkeys(found))

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._content.get(name, default)
        if not isinstance(value, bool):
            raise BadPolicy("Yes or no is expected here.", (*self._path, name))
        return value

    def days(self, name: str) -> int | None:
        value = self._content.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_DAYS:
            raise BadPolicy(f"A number of days from 1 to {MOST_DAYS} is expected here.", (*self._path, name))
        return value

    def choice[C: StrEnum](self, name: str, choices: type[C], default: C | None = None) -> C:
        value = self._content.get(name, default)
        if not isinstance(value, str) or value not in set(choices):
            words = ", ".join(choices)
            raise BadPolicy(f"One of these is expected here: {words}.", (*self._path, name))
        return choices(value)

    def choice_or_none[C: StrEnum](self, name: str, choices: type[C]) -> C | None:
        return self.choice(name, choices) if self._content.get(name) else None
