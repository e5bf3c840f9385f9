"""Which rule of the policy a line fell under, and what the rule looked at, from the frozen line."""

from collections.abc import Sequence

from reviews.models import Campaign, PersonThen, ReviewTask
from reviews.queries.applying import Applied, applying
from reviews.queries.console_now import policy_names
from reviews.queries.evidence_names import Names
from reviews.routing import FIELDS, LineFacts, Rule


class Rules:
    """The rules of the versions that the lines of a campaign rest on."""

    def __init__(self, campaign: Campaign, names: Names) -> None:
        self._names, self._applying, self._called = names, applying(campaign), policy_names(campaign)
        self._looked_at: dict[tuple[int, int], Sequence[str]] = {}

    def policy(self, task: ReviewTask) -> str:
        """The version that applied to this line, and why it was not the campaign's own."""
        if (applied := self._of(task)) is None:
            return ""
        name = self._called[applied.version.pk]
        return f"{name} ({applied.reason})" if applied.origin else name

    def called(self, version: int) -> str:
        """How it was called then, by its key."""
        return self._called[version]

    def name(self, number: int, task: ReviewTask) -> str:
        """With the number, counted from 1."""
        rules = self._rules(task)
        known = 0 < number <= len(rules)
        return f"{number}: {rules[number - 1].name}" if known else str(number)

    def inputs(self, number: int, task: ReviewTask) -> str:
        """What this rule and those before it asked about the line, and what they found."""
        if not (asked := self._fields(number, task)):
            return "nothing: it fits every line"
        facts = _facts(task, self._names.then(task.person_id))
        found = [f"{FIELDS[name].label}: {_value(name, facts)}" for name in asked]
        return "; ".join(found)

    def _fields(self, number: int, task: ReviewTask) -> Sequence[str]:
        applied = self._of(task)
        key = (applied.version.pk if applied else 0, number)
        if key not in self._looked_at:
            conditions = [rule.condition for rule in self._rules(task)[:number] if rule.condition]
            names = (test.field for condition in conditions for test in condition.tests())
            self._looked_at[key] = [name for name in dict.fromkeys(names) if name in FIELDS]
        return self._looked_at[key]

    def _rules(self, task: ReviewTask) -> Sequence[Rule]:
        text = self._applying.text_to(task)
        return text.rules if text else ()

    def _of(self, task: ReviewTask) -> Applied | None:
        return self._applying.to_line(task)


def _value(name: str, facts: LineFacts) -> str:
    if name == "entitlement.grave":
        return f"risk level {facts.risk or 'none'}"
    return ", ".join(FIELDS[name].values(facts)) or "none"


def _facts(task: ReviewTask, person: PersonThen | None) -> LineFacts:
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
        account_marks=tuple(task.account_marks),
        account_name=task.account_name,
        account_login=task.account_login,
        account_email=task.account_email,
        person_name=task.person_name,
        person_title=task.person_title,
        person_department=person.department if person else "",
    )
