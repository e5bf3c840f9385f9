"""Which rule of the policy a line fell under, and what the rule looked at, from the frozen line."""

from collections.abc import Sequence

from reviews.models import Campaign, ReviewTask
from reviews.queries.line_policies import policies_of
from reviews.routing import FIELDS, LineFacts, Rule

NOT_FROZEN = {"account.marks", "person.department"}
"""Read when it was routed, and not kept with the line."""


class Rules:
    """The rules of the versions that the lines of a campaign rest on."""

    def __init__(self, campaign: Campaign) -> None:
        self._policies = policies_of(campaign)
        self._is_fixed = campaign.policy_version_id is not None
        self._looked_at: dict[tuple[int | None, int], Sequence[str]] = {}

    def name(self, number: int, task: ReviewTask) -> str:
        """With the number, counted from 1."""
        rules = self._rules(task)
        known = 0 < number <= len(rules)
        return f"{number}: {rules[number - 1].name}" if known else str(number)

    def inputs(self, number: int, task: ReviewTask) -> str:
        """What this rule and those before it asked about the line, and what they found."""
        facts = _facts(task)
        found = [f"{FIELDS[name].label}: {_value(name, facts)}" for name in self._fields(number, task)]
        return "; ".join(found) or "nothing: it fits every line"

    def _fields(self, number: int, task: ReviewTask) -> Sequence[str]:
        key = self._policies.version_of(task.pk, task.entitlement_id), number
        if key not in self._looked_at:
            conditions = [rule.condition for rule in self._rules(task)[:number] if rule.condition]
            names = (test.field for condition in conditions for test in condition.tests())
            self._looked_at[key] = [name for name in dict.fromkeys(names) if name in FIELDS]
        return self._looked_at[key]

    def _rules(self, task: ReviewTask) -> Sequence[Rule]:
        return self._policies.of(task.pk, task.entitlement_id).rules if self._is_fixed else ()


def _value(name: str, facts: LineFacts) -> str:
    if name in NOT_FROZEN:
        return "as it was when the line was routed"
    if name == "entitlement.grave":
        return f"risk level {facts.risk or 'none'}"
    return ", ".join(FIELDS[name].values(facts)) or "none"


def _facts(task: ReviewTask) -> LineFacts:
    return LineFacts(
        app=task.app_id,
        account=task.account_id,
        entitlement=task.entitlement_id,
        person=task.person_id or "",
        app_name=task.app_name,
        kind=task.kind,
        resource_name=task.resource_name,
        entitlement_name=task.entitlement_name,
        entitlement_slug=task.entitlement_slug,
        risk=task.risk,
        frameworks=tuple(task.frameworks),
        account_type=task.account_type,
        account_status=task.account_status,
        account_name=task.account_name,
        account_login=task.account_login,
        account_email=task.account_email,
        person_name=task.person_name,
        person_title=task.person_title,
    )
