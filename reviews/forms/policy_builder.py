"""What the buttons of the policy builder do: each changes the draft, and the page is drawn again."""

from collections.abc import Callable, Sequence

from core.errors import NotPossible
from reviews.forms.policy_drafts import ConditionDraft, GroupDraft, PolicyDraft, RuleDraft, StepDraft, copied

MOST_RULES = 20
MOST_STEPS = 40
MOST_TESTS = 60
TOO_LONG = f"At most {MOST_RULES} rules, {MOST_STEPS} steps and {MOST_TESTS} conditions fit into a policy."


def alter(draft: PolicyDraft, wanted: str, *, fields: Sequence[str], picked: Callable[[str], str]) -> str:
    """Do what a button says, such as `rule_up:2`; answers the prefix of what to look at then.

    `fields` may be asked about; `picked` tells what a select of the form names. A button of another page than
    this one changes nothing. Raises NotPossible where the policy would be longer than a form can carry.
    """
    verb, *places = wanted.split(":")
    if verb not in VERBS or not all(place.isascii() and place.isdigit() for place in places):
        return ""
    numbers = [int(place) for place in places]
    try:
        rule = VERBS[verb](draft, numbers, lambda prefix: _picked_field(picked(prefix), fields))
    except (IndexError, ValueError):
        return ""
    _must_fit(draft)
    draft.number()
    if rule is not None:
        rule.is_open = True
        return rule.prefix
    return ""


type Picked = Callable[[str], str]
type Verb = Callable[[PolicyDraft, list[int], Picked], RuleDraft | None]


def _insert(draft: PolicyDraft, places: list[int], picked: Picked) -> RuleDraft | None:
    (r,) = places
    draft.rules[r]  # there must be one to stand above
    draft.rules.insert(r, RuleDraft(f"Rule {len(draft.rules)}"))
    return draft.rules[r]


def _copy(draft: PolicyDraft, places: list[int], picked: Picked) -> RuleDraft | None:
    (r,) = places
    draft.rules.insert(r, copied(draft.rules[r]))
    draft.rules[r].name = f"{draft.rules[r].name}, copy"
    return draft.rules[r]


def _rule_up(draft: PolicyDraft, places: list[int], picked: Picked) -> RuleDraft | None:
    (r,) = places
    return _swap_rules(draft, r - 1, r)


def _rule_down(draft: PolicyDraft, places: list[int], picked: Picked) -> RuleDraft | None:
    (r,) = places
    return _swap_rules(draft, r, r + 1)


def _swap_rules(draft: PolicyDraft, above: int, below: int) -> RuleDraft | None:
    if not 0 <= above < below < len(draft.rules) - 1:
        raise IndexError  # the last one stays last
    draft.rules[above], draft.rules[below] = draft.rules[below], draft.rules[above]
    return None


def _drop_rule(draft: PolicyDraft, places: list[int], picked: Picked) -> RuleDraft | None:
    (r,) = places
    if r < len(draft.rules) - 1:
        del draft.rules[r]
    return None


def _further_group(draft: PolicyDraft, places: list[int], picked: Picked) -> RuleDraft | None:
    (r,) = places
    rule = _with_condition(draft, r)
    rule.groups.append(GroupDraft([ConditionDraft(picked(f"r{r}-new"))]))
    return rule


def _further_test(draft: PolicyDraft, places: list[int], picked: Picked) -> RuleDraft | None:
    r, g = places
    rule = _with_condition(draft, r)
    rule.groups[g].tests.append(ConditionDraft(picked(f"r{r}-g{g}-new")))
    return rule


def _drop_test(draft: PolicyDraft, places: list[int], picked: Picked) -> RuleDraft | None:
    r, g, t = places
    rule = draft.rules[r]
    del rule.groups[g].tests[t]
    rule.groups = [group for group in rule.groups if group.tests]
    return rule


def _further_step(draft: PolicyDraft, places: list[int], picked: Picked) -> RuleDraft | None:
    (r,) = places
    draft.rules[r].steps.append(StepDraft(kind="app_owner"))
    return draft.rules[r]


def _step_up(draft: PolicyDraft, places: list[int], picked: Picked) -> RuleDraft | None:
    r, s = places
    steps = draft.rules[r].steps
    if not 0 < s < len(steps):
        raise IndexError
    steps[s - 1], steps[s] = steps[s], steps[s - 1]
    return draft.rules[r]


def _drop_step(draft: PolicyDraft, places: list[int], picked: Picked) -> RuleDraft | None:
    r, s = places
    if len(draft.rules[r].steps) > 1:
        del draft.rules[r].steps[s]
    return draft.rules[r]


def _look(draft: PolicyDraft, places: list[int], picked: Picked) -> RuleDraft | None:
    (r,) = places
    return draft.rules[r]


VERBS: dict[str, Verb] = {
    "insert": _insert,
    "copy": _copy,
    "rule_up": _rule_up,
    "rule_down": _rule_down,
    "drop_rule": _drop_rule,
    "and": _further_group,
    "or": _further_test,
    "drop_test": _drop_test,
    "step": _further_step,
    "step_up": _step_up,
    "drop_step": _drop_step,
    "look": _look,
}


def _with_condition(draft: PolicyDraft, r: int) -> RuleDraft:
    if r == len(draft.rules) - 1:
        raise IndexError  # it fits whatever no other does
    return draft.rules[r]


def _picked_field(name: str, fields: Sequence[str]) -> str:
    if name not in fields:
        raise ValueError(name)
    return name


def _must_fit(draft: PolicyDraft) -> None:
    steps = sum(len(rule.steps) for rule in draft.rules)
    tests = sum(1 for rule in draft.rules for _ in rule.tests())
    if len(draft.rules) > MOST_RULES or steps > MOST_STEPS or tests > MOST_TESTS:
        raise NotPossible(TOO_LONG)
