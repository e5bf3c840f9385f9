"""What a policy says: rules in order, each with steps. Read from JSON, checked once, never changed."""

import dataclasses
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar

from reviews.routing.facts import FIELDS, LineFacts


class Kind(StrEnum):
    """Who is asked in a step."""

    MANAGER = "manager"
    APP_OWNER = "app_owner"
    ENTITLEMENT_OWNER = "entitlement_owner"
    RESOURCE_OWNER = "resource_owner"
    ACCOUNT_OWNER = "account_owner"
    PEOPLE = "people"
    GROUP = "group"


KIND_WORDS: Mapping[Kind, str] = {
    Kind.MANAGER: "The manager of the account's owner",
    Kind.APP_OWNER: "The owners of the app",
    Kind.ENTITLEMENT_OWNER: "The owners of the entitlement",
    Kind.RESOURCE_OWNER: "The owners of the resource",
    Kind.ACCOUNT_OWNER: "The account's own owner",
    Kind.PEOPLE: "People named here",
    Kind.GROUP: "The members of a group",
}
FALLBACK_KINDS = (Kind.MANAGER, Kind.APP_OWNER, Kind.ENTITLEMENT_OWNER, Kind.RESOURCE_OWNER)


class ReasonToCertify(StrEnum):
    """When a certify needs a reason."""

    NEVER = "never"
    RISKY = "risky"
    ALWAYS = "always"


class Then(StrEnum):
    """What becomes of a step that nobody decided in time."""

    REASSIGN = "reassign"
    FALLBACK = "fallback"
    CANCEL = "cancel"


class Is(StrEnum):
    """How a test compares."""

    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    MISSING = "missing"


IS_WORDS: Mapping[Is, str] = {
    Is.IN: "is one of",
    Is.NOT_IN: "is none of",
    Is.CONTAINS: "contains",
    Is.MISSING: "is missing",
}


class BadPolicy(ValueError):
    """This is no policy. `path` says where: `("rules", 0, "steps", 1, "kind")`."""

    def __init__(self, sentence: str, path: Sequence[str | int] = ()) -> None:
        super().__init__(sentence)
        self.sentence, self.path = sentence, tuple(path)


@dataclass(frozen=True, slots=True)
class Test:
    """One field compared. Values that are missing fit nothing but `missing`; case does not count."""

    __test__: ClassVar[bool] = False  # pytest would take it for tests
    field: str
    how: Is
    values: tuple[str, ...] = ()
    folded: frozenset[str] = dataclasses.field(default=frozenset(), repr=False, compare=False)
    """The values as they are compared."""

    def holds(self, line: LineFacts) -> bool:
        known = FIELDS.get(self.field)
        values = known.values(line) if known else ()
        if self.how is Is.MISSING:
            return known is not None and not values
        return bool(values) and _fits(values, self.how, self.folded)


@lru_cache(maxsize=4_096)
def _fits(values: tuple[str, ...], how: Is, folded: frozenset[str]) -> bool:
    """Whether values that are there compare so. Kept: the same few come with line after line."""
    found = {value.casefold() for value in values}
    if how is Is.CONTAINS:
        return any(part in value for value in found for part in folded)
    return folded.isdisjoint(found) == (how is Is.NOT_IN)


@dataclass(frozen=True, slots=True)
class Condition:
    """All of its parts, or any of them."""

    parts: "tuple[Test | Condition, ...]"
    is_any: bool = False

    def holds(self, line: LineFacts) -> bool:
        for part in self.parts:
            if part.holds(line) == self.is_any:
                return self.is_any
        return not self.is_any

    def tests(self) -> Iterator[Test]:
        for part in self.parts:
            if isinstance(part, Test):
                yield part
            else:
                yield from part.tests()


@dataclass(frozen=True, slots=True)
class Fallback:
    """Who is asked where a step finds nobody: people by name, and then another kind."""

    people: tuple[str, ...] = ()
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One question in a row of questions. Whoever it goes to, the first decision ends it."""

    kind: Kind
    people: tuple[str, ...] = ()
    group: str = ""
    fallback: Fallback = Fallback()
    may_reassign: bool = True
    reassign_to: tuple[str, ...] = ()
    """Empty: to anybody who may decide."""
    reassign_needs_reason: bool = True
    may_delegate: bool = True
    may_self_review: bool = False
    distinct: bool = True
    """Nobody who decided an earlier step is asked."""
    reason_to_certify: ReasonToCertify = ReasonToCertify.RISKY
    reason_to_deny: bool = True
    clean: bool = False
    """Only people whom nothing ties to the line are asked."""
    sign_in_again: bool = False
    """Decisions are only taken from somebody who proved lately who they are."""
    after_days: int | None = None
    then: Then | None = None

    @property
    def lets_subjects_in(self) -> bool:
        """Whether people may be asked about their own access; another step always follows."""
        return self.may_self_review or self.kind is Kind.ACCOUNT_OWNER


@dataclass(frozen=True, slots=True)
class Rule:
    """Which lines, and the steps they go through."""

    name: str
    condition: Condition | None
    """None: every line."""
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class PolicyText:
    """All that one version of a policy says. The first rule that fits a line wins; the last fits all."""

    rules: tuple[Rule, ...]
    removes: bool = True
    """Whether a denial has the access taken away."""

    def rule_for(self, line: LineFacts) -> int:
        """The number of the rule that wins, counted from 1."""
        for number, rule in enumerate(self.rules, 1):
            if rule.condition is None or rule.condition.holds(line):
                return number
        return len(self.rules)

    def people(self) -> frozenset[str]:
        """Everybody it names."""
        steps = self._steps()
        return frozenset(
            person for step in steps for person in (*step.people, *step.fallback.people, *step.reassign_to)
        )

    def groups(self) -> frozenset[str]:
        """Every group it names."""
        return frozenset(step.group for step in self._steps() if step.group)

    def _steps(self) -> Collection[Step]:
        return [step for rule in self.rules for step in rule.steps]


def digest(content: Mapping[str, object]) -> str:
    """SHA-256 of the content as canonical JSON."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
