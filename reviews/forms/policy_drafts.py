"""A policy while it is being built: what its form carries, half finished as it may be.

Names in the form: `r0-name` is the name of the first rule, `r0-g1-t0-field` the field of the first condition
of its second group, `r0-s0-kind` whom its first step asks. What is not sent is not there.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict  # noqa: TID251  # a form of no fixed length reads what was sent

from core.errors import NotPossible
from core.models import User
from core.models.keys import one_line
from reviews.queries.policy_fields import FieldOffer
from reviews.routing import Condition, Rule, Step, Test, parse

type Content = dict[str, Any]

OTHER = {"all": "any", "any": "all"}
WORDS = {"all": "and", "any": "or"}
LAST_NAME = "Everything else"
SWITCHES = {
    "may_reassign": True,
    "reassign_needs_reason": True,
    "may_delegate": True,
    "may_self_review": False,
    "sign_in_again": False,
    "distinct": True,
    "reason_to_deny": True,
    "clean": False,
}
"""The switches of a step, and how one begins."""


@dataclass(frozen=True, slots=True)
class Picker:
    """A picker of people as it is drawn: who is chosen, and who was found without script."""

    name: str
    chosen: Sequence[User]
    words: str
    matches: Sequence[User]

    @property
    def id(self) -> str:
        return f"id_{self.name}"


@dataclass(slots=True)
class ConditionDraft:
    """One condition: a field, and what is asked of it."""

    code: str
    """The field of `routing.FIELDS`."""
    op: str = "in"
    values: list[str] = field(default_factory=list)
    problem: str = ""
    prefix: str = ""
    offer: FieldOffer | None = None
    """What can be chosen; None of a field that is not known."""

    @property
    def options(self) -> Sequence[tuple[str, str, bool]]:
        """Values to tick, with their labels, and whether they are."""
        labelled = (
            self.offer.labelled(self.values) if self.offer else [(value, value) for value in self.values]
        )
        return [(value, label, value in self.values) for value, label in labelled]

    @property
    def complaints(self) -> Sequence[str]:
        return [self.problem] if self.problem else []


@dataclass(slots=True)
class GroupDraft:
    """Conditions of which one is enough, or all must hold: the other way than the groups around it."""

    tests: list[ConditionDraft]
    prefix: str = ""


@dataclass(slots=True)
class StepDraft:
    """Who is asked, and what they may do."""

    kind: str = "manager"
    people: list[str] = field(default_factory=list)
    group: str = ""
    fallback_kind: str = ""
    fallback_people: list[str] = field(default_factory=list)
    reassign_to: list[str] = field(default_factory=list)
    reason_to_certify: str = "risky"
    after_days: str = ""
    then: str = ""
    switches: dict[str, bool] = field(default_factory=lambda: dict(SWITCHES))
    problem: str = ""
    prefix: str = ""
    pickers: Mapping[str, Picker] = field(default_factory=dict)

    @property
    def complaints(self) -> Sequence[str]:
        return [self.problem] if self.problem else []


@dataclass(slots=True)
class RuleDraft:
    """One rule. The last one has no groups: it fits whatever no other does."""

    name: str = ""
    join: str = "all"
    groups: list[GroupDraft] = field(default_factory=list)
    steps: list[StepDraft] = field(default_factory=lambda: [StepDraft()])
    is_open: bool = False
    problem: str = ""
    prefix: str = ""
    sentence: str = ""
    """What it says so far; empty while it is not finished."""

    @property
    def complaints(self) -> Sequence[str]:
        return [self.problem] if self.problem else []

    @property
    def has_problem(self) -> bool:
        """Here or in a part of it."""
        parts = (
            self.problem,
            *(test.problem for test in self.tests()),
            *(step.problem for step in self.steps),
        )
        return any(parts)

    @property
    def outer_word(self) -> str:
        """What stands between its groups."""
        return WORDS[self.join]

    @property
    def inner_word(self) -> str:
        """What stands between the conditions of a group."""
        return WORDS[OTHER[self.join]]

    def tests(self) -> Iterator[ConditionDraft]:
        return (test for group in self.groups for test in group.tests)


@dataclass(slots=True)
class PolicyDraft:
    """The rules in their order, the one that fits everything at the end."""

    rules: list[RuleDraft]
    removes: bool = True

    def number(self) -> None:
        """Name every part as its place in the form wants it."""
        for r, rule in enumerate(self.rules):
            rule.prefix = f"r{r}"
            for g, group in enumerate(rule.groups):
                group.prefix = f"r{r}-g{g}"
                for t, test in enumerate(group.tests):
                    test.prefix = f"r{r}-g{g}-t{t}"
            for s, step in enumerate(rule.steps):
                step.prefix = f"r{r}-s{s}"

    def problems(self) -> bool:
        return any(rule.has_problem for rule in self.rules)


def new_draft() -> PolicyDraft:
    """The shortest policy there is: managers decide."""
    return PolicyDraft([RuleDraft(LAST_NAME, is_open=True)])


# --- from what is saved, and to what will be ---


def draft_of(content: Mapping[str, object]) -> PolicyDraft:
    """As the builder shows it. Raises NotPossible for conditions nested deeper than the builder draws."""
    text = parse(content)
    return PolicyDraft([_rule_of(rule) for rule in text.rules], text.removes)


def content_of(draft: PolicyDraft) -> Content:
    """As it is saved, everything said that could be left out."""
    return {"rules": [_rule(rule) for rule in draft.rules], "removes": draft.removes}


def _rule_of(rule: Rule) -> RuleDraft:
    condition = rule.condition
    groups = [_group_of(part, condition) for part in condition.parts] if condition else []
    join = "any" if condition and condition.is_any else "all"
    return RuleDraft(rule.name, join, groups, [_step_of(step) for step in rule.steps])


def _group_of(part: Test | Condition, around: Condition) -> GroupDraft:
    if isinstance(part, Test):
        return GroupDraft([_test_of(part)])
    tests = [each for each in part.parts if isinstance(each, Test)]
    if len(tests) < len(part.parts) or part.is_any == around.is_any:
        raise NotPossible(
            "Its conditions are nested otherwise than this page can show. Make a new policy instead."
        )
    return GroupDraft([_test_of(test) for test in tests])


def _test_of(test: Test) -> ConditionDraft:
    return ConditionDraft(test.field, test.how.value, list(test.values))


def _step_of(step: Step) -> StepDraft:
    return StepDraft(
        kind=step.kind.value,
        people=list(step.people),
        group=step.group,
        fallback_kind=step.fallback.kind.value if step.fallback.kind else "",
        fallback_people=list(step.fallback.people),
        reassign_to=list(step.reassign_to),
        reason_to_certify=step.reason_to_certify.value,
        after_days=str(step.after_days) if step.after_days else "",
        then=step.then.value if step.then else "",
        switches={name: bool(getattr(step, name)) for name in SWITCHES},
    )


def _rule(rule: RuleDraft) -> Content:
    inner = OTHER[rule.join]
    parts = [
        _test(group.tests[0]) if len(group.tests) == 1 else {inner: [_test(test) for test in group.tests]}
        for group in rule.groups
    ]
    steps = [_step(step) for step in rule.steps]
    return {"name": rule.name, "condition": {rule.join: parts} if parts else None, "steps": steps}


def _test(test: ConditionDraft) -> Content:
    return {"field": test.code, "is": test.op, "values": [] if test.op == "missing" else test.values}


def _step(step: StepDraft) -> Content:
    is_number = step.after_days.isascii() and step.after_days.isdigit()
    days: int | str | None = int(step.after_days[:6]) if is_number else step.after_days or None
    return {
        "kind": step.kind,
        "people": step.people if step.kind == "people" else [],
        "group": step.group if step.kind == "group" else "",
        "fallback": {"kind": step.fallback_kind, "people": step.fallback_people},
        "reassign_to": step.reassign_to if step.switches["may_reassign"] else [],
        "reason_to_certify": step.reason_to_certify,
        "after_days": days,
        "then": step.then or None,
        **step.switches,
    }


# --- from what was sent ---


def read_draft(sent: QueryDict) -> PolicyDraft:
    """What the form carries. Of a form without rules: a new policy."""
    rules = [_read_rule(sent, prefix) for prefix in _numbered(sent, "r{}", "name")]
    if not rules:
        return new_draft()
    rules[-1].groups = []
    return PolicyDraft(rules, "removes" in sent)


def _numbered(sent: QueryDict, pattern: str, named: str) -> Iterator[str]:
    number = 0
    while f"{pattern.format(number)}-{named}" in sent:
        yield pattern.format(number)
        number += 1


def _read_rule(sent: QueryDict, prefix: str) -> RuleDraft:
    groups = [_read_group(sent, group) for group in _numbered(sent, f"{prefix}-g{{}}", "t0-field")]
    steps = [_read_step(sent, step) for step in _numbered(sent, f"{prefix}-s{{}}", "kind")]
    join = sent.get(f"{prefix}-join", "all")
    return RuleDraft(
        one_line(sent.get(f"{prefix}-name", "")),
        join if join in OTHER else "all",
        groups,
        steps or [StepDraft()],
    )


def _read_group(sent: QueryDict, prefix: str) -> GroupDraft:
    return GroupDraft([_read_test(sent, test) for test in _numbered(sent, f"{prefix}-t{{}}", "field")])


def _read_test(sent: QueryDict, prefix: str) -> ConditionDraft:
    typed = [one_line(line) for line in sent.get(f"{prefix}-add", "").splitlines()]
    values = [*sent.getlist(f"{prefix}-values"), *typed]
    return ConditionDraft(sent.get(f"{prefix}-field", ""), sent.get(f"{prefix}-is", "in"), _once(values))


def _read_step(sent: QueryDict, prefix: str) -> StepDraft:
    def said(name: str, default: str = "") -> str:
        return sent.get(f"{prefix}-{name}", default).strip()

    def listed(name: str) -> list[str]:
        return _once(sent.getlist(f"{prefix}-{name}"))

    return StepDraft(
        kind=said("kind"),
        people=listed("people"),
        group=said("group"),
        fallback_kind=said("fallback_kind"),
        fallback_people=listed("fallback_people"),
        reassign_to=listed("reassign_to"),
        reason_to_certify=said("reason_to_certify", "risky"),
        after_days=said("after_days"),
        then=said("then"),
        switches={name: f"{prefix}-{name}" in sent for name in SWITCHES},
    )


def _once(values: Sequence[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value]


def copied(rule: RuleDraft) -> RuleDraft:
    """The same rule once more, of parts of its own."""
    return deepcopy(rule)
