"""What a policy says, as sentences: "If the risk is High: the manager, then an owner of the app." """

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.models import PeopleGroup, User
from reviews.models import PolicyVersion
from reviews.queries.policy_fields import WORDINGS, labels_of
from reviews.routing import (
    MOST_MEMBERS,
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
    parse,
)

WHO: Mapping[Kind, str] = {
    Kind.MANAGER: "the manager of the account's owner",
    Kind.APP_OWNER: "an owner of the app",
    Kind.ENTITLEMENT_OWNER: "an owner of the entitlement",
    Kind.RESOURCE_OWNER: "an owner of the resource",
    Kind.ACCOUNT_OWNER: "the account's own owner",
}
THEN: Mapping[Then, str] = {
    Then.REASSIGN: "the reviewer's manager is asked instead",
    Then.FALLBACK: "whoever it falls back to is asked instead",
    Then.CANCEL: "the line is cancelled and counts as an exception",
}
REMOVES = "What is denied is taken away in the app."
UNKNOWN = "somebody unknown"
KEEPS = "What is denied is not taken away by Reeve: somebody has to do it afterwards."


@dataclass(frozen=True, slots=True)
class Names:
    """How keys within policies are said, and who of them can no longer answer."""

    people: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    left: frozenset[str] = frozenset()
    sizes: Mapping[str, int] = field(default_factory=dict)
    """How many active people are in each group."""
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Of each field asked about, the values that are not said as they are kept."""


@dataclass(frozen=True, slots=True)
class StepSaid:
    """One step: who is asked, and what holds for them, each a sentence."""

    who: str
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class RuleSaid:
    """One rule: when it wins, who is asked in which order, and all of it in one sentence."""

    number: int
    name: str
    when: str
    """Empty of a rule that fits every line."""
    steps: Sequence[StepSaid]
    sentence: str


@dataclass(frozen=True, slots=True)
class PolicySaid:
    """A version of a policy in words."""

    rules: Sequence[RuleSaid]
    removal: str
    flags: Sequence[str] = ()
    """What somebody should look at."""
    problem: str = ""
    """Why it cannot be read; then there are no rules."""


def said(version: PolicyVersion) -> PolicySaid:
    """One version in words; a few reads."""
    return all_said([version])[version.pk]


def all_said(versions: Iterable[PolicyVersion]) -> Mapping[int, PolicySaid]:
    """Versions in words by their key: a few reads, however many there are."""
    texts: dict[int, PolicyText | BadPolicy] = {version.pk: _read(version) for version in versions}
    names = names_of([text for text in texts.values() if isinstance(text, PolicyText)])
    return {
        key: policy_said(text, names)
        if isinstance(text, PolicyText)
        else PolicySaid([], "", problem=f"This version cannot be read: {text}")
        for key, text in texts.items()
    }


def _read(version: PolicyVersion) -> PolicyText | BadPolicy:
    try:
        return parse(version.content)
    except BadPolicy as problem:
        return problem


def names_of(texts: Sequence[PolicyText]) -> Names:
    """The names of everybody and everything that some policies name: at most four reads."""
    people = User.objects.filter(pk__in={key for text in texts for key in text.people()})
    groups = PeopleGroup.objects.filter(pk__in={key for text in texts for key in text.groups()})
    members: dict[str, int] = {}
    active = User.objects.active().filter(groups_of_people__in=groups.values("pk"))
    for key in active.values_list("groups_of_people", flat=True):
        members[key] = members.get(key, 0) + 1
    found = list(people)
    return Names(
        {person.pk: person.name for person in found},
        dict(groups.values_list("pk", "name")),
        frozenset(person.pk for person in found if not person.is_active),
        members,
        {code: labels_of(code) for code in {test.field for text in texts for test in _tests(text)}},
    )


def policy_said(text: PolicyText, names: Names) -> PolicySaid:
    rules = [rule_said(number, rule, names) for number, rule in enumerate(text.rules, 1)]
    return PolicySaid(rules, REMOVES if text.removes else KEEPS, flags(text, names))


def plain(said: PolicySaid) -> str:
    """All of it as lines of text, for comparing two versions."""
    lines = [f"{rule.number}. {rule.name}: {' '.join([rule.sentence, *_notes(rule)])}" for rule in said.rules]
    return "\n".join([*lines, said.removal])


def _notes(rule: RuleSaid) -> Iterable[str]:
    return (f"Step {number}: {note}" for number, step in enumerate(rule.steps, 1) for note in step.notes)


def _tests(text: PolicyText) -> Iterable[Test]:
    return (test for rule in text.rules if rule.condition for test in rule.condition.tests())


# --- one rule ---

type Labels = Mapping[str, Mapping[str, str]]


def rule_said(number: int, rule: Rule, names: Names) -> RuleSaid:
    when = _condition_said(rule.condition, names.labels) if rule.condition else ""
    steps = [StepSaid(_who(step, names), list(_step_notes(step, names))) for step in rule.steps]
    asked = ", then ".join(step.who for step in steps)
    start = f"If {when}: " if when else ("Otherwise: " if number > 1 else "")
    sentence = f"{start}{asked}."
    return RuleSaid(number, rule.name, when, steps, sentence[0].upper() + sentence[1:])


def _condition_said(condition: Condition, labels: Labels) -> str:
    if len(condition.parts) == 1 and isinstance(condition.parts[0], Condition):
        return _condition_said(condition.parts[0], labels)
    parts = [
        _test_said(part, labels) if isinstance(part, Test) else f"({_condition_said(part, labels)})"
        for part in condition.parts
    ]
    return (", or " if condition.is_any else ", and ").join(parts)


def _test_said(test: Test, labels: Labels) -> str:
    if test.field == "entitlement.grave":
        is_grave = ("yes" in test.folded) == (test.how is not Is.NOT_IN)
        return "the risk asks for more care" if is_grave else "the risk asks for no more care"
    phrase = WORDINGS[test.field].phrase if test.field in WORDINGS else test.field
    if test.how is Is.MISSING:
        return "the account has no owner" if test.field == "account.owner" else f"{phrase} is missing"
    values = [labels.get(test.field, {}).get(value, value) for value in test.values]
    if test.how is Is.CONTAINS:
        return f"{phrase} contains {joined([f'"{value}"' for value in values])}"
    if test.how is Is.NOT_IN:
        is_not = "is not" if len(values) == 1 else "is neither"
        return f"{phrase} {is_not} {joined(values, 'nor')}"
    return f"{phrase} is {joined(values)}"


def _who(step: Step, names: Names) -> str:
    if step.kind is Kind.PEOPLE:
        who = joined([names.people.get(key, UNKNOWN) for key in step.people])
    elif step.kind is Kind.GROUP:
        who = f"somebody of {names.groups.get(step.group, 'a group that is not known')}"
    else:
        who = WHO[step.kind]
    return f"{who} who has no tie to the line" if step.clean else who


def _step_notes(step: Step, names: Names) -> Iterable[str]:
    """Where a step differs from what is usual, a sentence each."""
    if step.fallback != Fallback():
        yield f"Where nobody can be asked: {_fallback_said(step.fallback, names)}."
    if step.may_self_review:
        yield "People may be asked about their own access here: they give it up, or the next step decides."
    if not step.distinct:
        yield "Who decided an earlier step may decide this one, too."
    yield from _giving_notes(step, names)
    yield from _reason_notes(step)
    if step.after_days and step.then:
        days = "1 day" if step.after_days == 1 else f"{step.after_days} days"
        yield f"Not decided after {days}: {THEN[step.then]}."


def _giving_notes(step: Step, names: Names) -> Iterable[str]:
    if not step.may_reassign:
        yield "It cannot be given to another reviewer."
    elif step.reassign_to:
        people = joined([names.people.get(key, UNKNOWN) for key in step.reassign_to])
        yield f"It can be given on to {people} alone."
    if step.may_reassign and not step.reassign_needs_reason:
        yield "Giving it on needs no reason."
    if not step.may_delegate:
        yield "Nobody stands in for the reviewer."


def _reason_notes(step: Step) -> Iterable[str]:
    if step.reason_to_certify is ReasonToCertify.ALWAYS:
        yield "A certify always needs a reason."
    elif step.reason_to_certify is ReasonToCertify.NEVER:
        yield "A certify needs no reason."
    if not step.reason_to_deny:
        yield "A deny needs no reason."
    if step.sign_in_again:
        yield "Who submits has signed in again within the last ten minutes."


def _fallback_said(fallback: Fallback, names: Names) -> str:
    people = [names.people.get(key, UNKNOWN) for key in fallback.people]
    kinds = [WHO[fallback.kind]] if fallback.kind else []
    return ", else ".join([*([joined(people)] if people else []), *kinds])


def joined(words: Sequence[str], between: str = "or") -> str:
    """A, B or C."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {between} {words[-1]}"


def flags(text: PolicyText, names: Names) -> Sequence[str]:
    """What somebody should look at: people and groups that can no longer answer. Each a sentence."""
    found: list[str] = []
    for key in sorted(text.people(), key=lambda each: names.people.get(each, "")):
        if key in names.left:
            found.append(f"{names.people[key]} is deactivated and is not asked.")
        elif key not in names.people:
            found.append("Somebody named here is no longer known and is not asked.")
    for key in sorted(text.groups(), key=lambda each: names.groups.get(each, "")):
        size, name = names.sizes.get(key, 0), names.groups.get(key, "")
        if not name:
            found.append("A group named here is no longer known: its step falls back.")
        elif not size:
            found.append(f"Nobody active is in {name}: its step falls back.")
        elif size > MOST_MEMBERS:
            found.append(
                f"{name} has {size} people; more than {MOST_MEMBERS} are not asked: its step falls back."
            )
    return found
