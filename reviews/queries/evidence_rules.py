"""Which rule of the policy a line fell under, and what the rule looked at, from the frozen line."""

from collections.abc import Sequence

from reviews.models import Campaign, ReviewTask
from reviews.queries.applying import Applied, applying
from reviews.routing import FIELDS, LineFacts, Rule

NOT_FROZEN = {"account.marks", "person.department"}
"""Read when it was routed, and not kept with the line."""


class Rules:
    """The rules of the versions that the lines of a campaign rest on."""

    def __init__(self, campaign: Campaign) -> None:
        self._applying = applying(campaign)
        self._looked_at: dict[tuple[int, int], Sequence[str]] = {}

    def policy(self, task: ReviewTask) -> str:
        """The version that applied to this line, and why it was not the campaign's own."""
        return str(self._of(task) or "")

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
        applied = self._of(task)
        key = (applied.version.pk if applied else 0, number)
        if key not in self._looked_at:
            conditions = [rule.condition for rule in self._rules(task)[:number] if rule.condition]
            names = (test.field for condition in conditions for test in condition.tests())
            self._looked_at[key] = [name for name in dict.fromkeys(names) if name in FIELDS]
        return self._looked_at[key]

    def _rules(self, task: ReviewTask) -> Sequence[Rule]:
        text = self._applying.text_to(task.app_id, task.entitlement_id)
        return text.rules if text else ()

    def _of(self, task: ReviewTask) -> Applied | None:
        return self._applying.to(task.app_id, task.entitlement_id)


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
