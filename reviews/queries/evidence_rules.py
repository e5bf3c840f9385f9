"""Which rule of the policy a line fell under, and what the rule looked at, from the frozen line."""

from collections.abc import Sequence

from reviews.models import Campaign, PersonThen, ReviewTask
from reviews.queries.evidence_names import Names
from reviews.routing import FIELDS, LineFacts, parse


class Rules:
    """The rules of the version that the lines of a campaign rest on."""

    def __init__(self, campaign: Campaign, names: Names) -> None:
        self._names = names
        version = campaign.policy_version
        self._rules = parse(version.content).rules if version else ()
        self._looked_at: dict[int, Sequence[str]] = {}

    def name(self, number: int) -> str:
        """With the number, counted from 1."""
        known = 0 < number <= len(self._rules)
        return f"{number}: {self._rules[number - 1].name}" if known else str(number)

    def inputs(self, number: int, task: ReviewTask) -> str:
        """What this rule and those before it asked about the line, and what they found."""
        if not (asked := self._fields(number)):
            return "nothing: it fits every line"
        facts = _facts(task, self._names.then(task.person_id))
        found = [f"{FIELDS[name].label}: {_value(name, facts)}" for name in asked]
        return "; ".join(found)

    def _fields(self, number: int) -> Sequence[str]:
        if number not in self._looked_at:
            conditions = [rule.condition for rule in self._rules[:number] if rule.condition]
            names = (test.field for condition in conditions for test in condition.tests())
            self._looked_at[number] = [name for name in dict.fromkeys(names) if name in FIELDS]
        return self._looked_at[number]


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
