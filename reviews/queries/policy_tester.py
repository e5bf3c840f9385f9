"""Who would be asked about one entitlement of one person, and why: a policy tried before it is used."""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.models import Account, Entitlement, Tag
from core.models import User
from reviews.models import PolicyVersion, Turn
from reviews.queries.directory import Around, directory_for
from reviews.queries.policy_fields import labels_of
from reviews.queries.policy_words import RuleSaid, names_of, policy_said
from reviews.routing import (
    FIELDS,
    TIE_WORDS,
    Asked,
    Directory,
    Earlier,
    LineFacts,
    Nobody,
    PolicyText,
    asked,
    follows,
    identity_keys,
    parse,
)

MOST_FOUND = 8
OWNERS = "The owners of the campaign are asked."
NO_CAMPAIGN = "The campaign has no owner."
"""What routing says of the campaign that a trial has not."""


@dataclass(frozen=True, slots=True)
class WouldBeAsked:
    """One person of a step."""

    person: User
    stands_in_for: User | None
    ties: Sequence[str]


@dataclass(frozen=True, slots=True)
class StepTried:
    """One step: who would be asked, how it came to them, and who was passed over."""

    number: int
    people: Sequence[WouldBeAsked]
    via: str
    is_fallback: bool
    is_added: bool
    """It stands in no rule: something grave was decided by tied people alone."""
    passed_over: Sequence[str]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a policy makes of a line that may be there or not."""

    rule: RuleSaid
    inputs: Sequence[tuple[str, str]]
    """What the conditions looked at, up to the rule that won: field and what stood there."""
    steps: Sequence[StepTried]
    account: Account | None
    """The account that was taken; None: none is there, one like most was thought of."""


def owners_found(words: str, key: str, *, by: User) -> Sequence[User]:
    """Whose account it might be, deactivated people too: by words, or without any by key."""
    rows = User.objects.visible_to(by)
    found = rows.search(words) if words.strip() else rows.filter(pk=key)
    return list(found.order_by("search_text", "pk")[:MOST_FOUND])


def entitlements_found(words: str, key: str) -> Sequence[Entitlement]:
    """By words, or without any by key."""
    rows = Entitlement.objects.here().select_related("app", "resource")
    found = rows.search(words) if words.strip() else rows.filter(pk=key)
    return list(found.order_by("search_text", "pk")[:MOST_FOUND])


def tried(version: PolicyVersion, entitlement: Entitlement, person: User | None) -> Trial:
    """A line of this entitlement held by an account of that person, or by one of nobody's."""
    text = parse(version.content)
    account = _account(entitlement, person)
    line = _line(entitlement, person, account)
    directory = directory_for(Around(), [text], [line])
    number = text.rule_for(line)
    said = policy_said(text, names_of([text])).rules[number - 1]
    return Trial(said, _inputs(text, number, line), _steps(text, number, line, directory), account)


def _account(entitlement: Entitlement, person: User | None) -> Account | None:
    """One that holds it, else an enabled one; of nobody's only one that holds it."""
    rows = Account.objects.here().filter(app=entitlement.app_id, person=person)
    holding = rows.filter(grants__entitlement=entitlement, grants__gone_at=None).order_by("id").first()
    if holding or person is None:
        return holding
    enabled = rows.filter(status=Account.Status.ENABLED)
    return enabled.order_by("id").first() or rows.order_by("id").first()


def _line(entitlement: Entitlement, person: User | None, account: Account | None) -> LineFacts:
    taken = account or Account(status=Account.Status.ENABLED)
    keys = identity_keys(employee_id=taken.employee_id, email=taken.email, login=taken.login)
    return LineFacts(
        app=entitlement.app_id,
        account=account.pk if account else "",
        entitlement=entitlement.pk,
        resource=entitlement.resource_id,
        person=person.pk if person else "",
        owner_now=person.pk if person else "",
        account_keys=frozenset() if person else keys,
        is_grave=entitlement.risk in Tag.objects.grave_names(),
        app_name=entitlement.app.name,
        kind=entitlement.kind,
        resource_name=entitlement.resource.shown_name,
        entitlement_name=entitlement.name,
        entitlement_slug=entitlement.shown_slug,
        risk=entitlement.risk,
        frameworks=tuple(entitlement.frameworks),
        account_type=taken.type,
        account_status=taken.status,
        account_marks=tuple(taken.marks),
        account_name=taken.name,
        account_login=taken.login,
        account_email=taken.email,
        person_name=person.name if person else "",
        person_title=person.title if person else "",
        person_department=person.department if person else "",
    )


def _inputs(text: PolicyText, number: int, line: LineFacts) -> Sequence[tuple[str, str]]:
    looked_at = {
        test.field: None for rule in text.rules[:number] if rule.condition for test in rule.condition.tests()
    }
    found = []
    for code in looked_at:
        labels = labels_of(code)
        values = [labels.get(value, value) for value in FIELDS[code].values(line)]
        found.append((FIELDS[code].label, ", ".join(values) or "nothing"))
    return found


def _steps(text: PolicyText, rule: int, line: LineFacts, directory: Directory) -> Sequence[StepTried]:
    """Each step as if the first of those asked before had certified."""
    last = len(text.rules[rule - 1].steps)
    people = User.objects.in_bulk(list(directory.people))
    found: list[StepTried] = []
    earlier: list[Earlier] = []
    number, goes_on = 1, True
    while goes_on:
        answer = asked(text, line, number, directory, earlier, rule=rule)
        found.append(_step(answer, people, is_added=number > last))
        if isinstance(answer, Asked):
            first = answer.people[0]
            earlier.append(Earlier(first.reviewer, bool(first.ties)))
        is_tied = bool(earlier) and all(each.is_tied for each in earlier)
        goes_on = follows(text, rule, number, is_grave=line.is_grave, is_tied=is_tied)
        number += 1
    return found


def _step(answer: Asked | Nobody, people: dict[str, User], *, is_added: bool) -> StepTried:
    passed = [sentence for sentence in answer.passed_over if sentence != NO_CAMPAIGN]
    if isinstance(answer, Nobody):
        return StepTried(answer.step, [], OWNERS, is_fallback=True, is_added=is_added, passed_over=passed)
    would_be = [
        WouldBeAsked(
            people[each.reviewer],
            people.get(each.on_behalf_of),
            [TIE_WORDS[tie] for tie in sorted(each.ties)],
        )
        for each in answer.people
    ]
    via = str(Turn.Via(answer.via.value).label)
    return StepTried(answer.step, would_be, via, answer.is_fallback, is_added, passed)
