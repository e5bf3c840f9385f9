"""Pure: who is asked about a line in a step, and why not those who would have come before."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from reviews.routing.facts import MOST_MEMBERS, Directory, LineFacts
from reviews.routing.independence import TIE_WORDS, Tie, is_subject, reports_to_subject, ties
from reviews.routing.policy import Fallback, Kind, PolicyText, ReasonToCertify, Step, Then


class Via(StrEnum):
    """How somebody came to be asked: `Turn.Via`, as far as routing knows it."""

    PEOPLE = "people"
    GROUP = "group"
    MANAGER = "manager"
    APP_OWNER = "app_owner"
    ENTITLEMENT_OWNER = "entitlement_owner"
    RESOURCE_OWNER = "resource_owner"
    ACCOUNT_OWNER = "account_owner"
    CAMPAIGN_OWNER = "campaign_owner"
    ADMINISTRATOR = "administrator"
    SECOND = "second"


SECOND = Step(kind=Kind.APP_OWNER, fallback=Fallback(kind=Kind.MANAGER), clean=True)
"""The step that is added where something grave was certified only by people who are tied to it."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """Who certified an earlier step, and whether anything tied them to the line."""

    reviewer: str
    is_tied: bool = False


class Asking(NamedTuple):
    """One person to ask."""

    reviewer: str
    on_behalf_of: str = ""
    """Whom they stand in for."""
    ties: frozenset[Tie] = frozenset()


class Asked(NamedTuple):
    """Who is asked in a step. The first of them to answer decides."""

    rule: int
    step: int
    via: Via
    people: tuple[Asking, ...]
    is_fallback: bool = False
    passed_over: tuple[str, ...] = ()
    """Who would have been asked before, and why they were not, as sentences."""


@dataclass(frozen=True, slots=True)
class Nobody:
    """There is nobody to ask; `passed_over` says who was thought of, and why they cannot be."""

    rule: int
    step: int
    passed_over: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return " ".join(self.passed_over)


@dataclass(frozen=True, slots=True)
class _Level:
    """Some people who may be asked, before one turns to the next."""

    via: Via
    kind: Kind | None = None
    people: tuple[str, ...] = ()
    group: str = ""
    is_fallback: bool = True


def step_at(policy: PolicyText, rule: int, step_no: int) -> Step | None:
    """The step of that number of a rule, both counted from 1; `SECOND` after the last; None beyond."""
    steps = policy.rules[rule - 1].steps
    if step_no <= len(steps):
        return steps[step_no - 1]
    return SECOND if step_no == len(steps) + 1 else None


def follows(policy: PolicyText, rule: int, step_no: int, *, is_grave: bool, is_tied: bool) -> bool:
    """Whether a line that was certified in this step is asked about once more.

    `is_tied`: whether everybody who certified it so far is tied to it. Something grave then needs somebody
    who is not.
    """
    last = len(policy.rules[rule - 1].steps)
    return step_no < last or (step_no == last and is_grave and is_tied)


def needs_reason(step: Step, line: LineFacts, outcome: str) -> bool:
    """Whether a decision (`certify`, `deny`) must say why."""
    if outcome == "deny":
        return step.reason_to_deny
    if step.reason_to_certify is ReasonToCertify.RISKY:
        return line.is_risky
    return step.reason_to_certify is ReasonToCertify.ALWAYS


def asked(
    policy: PolicyText,
    line: LineFacts,
    step_no: int,
    directory: Directory,
    earlier: Sequence[Earlier] = (),
    *,
    rule: int = 0,
) -> Asked | Nobody:
    """Who is asked about a line in that step, after those who certified the steps before.

    `rule` is the one that won when the line was first routed; 0: find it.
    """
    number = rule or policy.rule_for(line)
    step = step_at(policy, number, step_no)
    if step is None:
        raise ValueError(f"Rule {number} has no step {step_no}.")
    is_second = step_no > len(policy.rules[number - 1].steps)
    passed: list[str] = []
    for level in _levels(step):
        people = _chosen(level, step, line, directory, earlier, passed)
        if people:
            via = Via.SECOND if is_second else level.via
            return Asked(number, step_no, via, people, level.is_fallback, tuple(passed))
    return Nobody(number, step_no, tuple(passed))


def asked_instead(
    policy: PolicyText,
    line: LineFacts,
    step_no: int,
    directory: Directory,
    earlier: Sequence[Earlier],
    *,
    rule: int,
    late: Collection[str],
) -> Asked | Nobody:
    """Who is asked where those asked so far (`late`) let the time of the step run out.

    To fall back is to begin after those the step is about; to reassign, to turn to those it may be given to,
    else to the owners of the campaign.
    """
    step = step_at(policy, rule, step_no) or SECOND
    levels = _levels(step)[1:]
    if step.then is Then.REASSIGN:
        named = _Level(Via.PEOPLE, Kind.PEOPLE, step.reassign_to)
        levels = (named,) if step.reassign_to else (_Level(Via.CAMPAIGN_OWNER),)
    passed = [f"{_name(person, directory)} did not decide in time." for person in sorted(late)]
    for level in levels:
        found = _chosen(level, step, line, directory, earlier, passed)
        people = tuple(each for each in found if each.reviewer not in late)
        if people:
            return Asked(rule, step_no, level.via, people, is_fallback=True, passed_over=tuple(passed))
    return Nobody(rule, step_no, tuple(passed))


def every_step(
    policy: PolicyText, line: LineFacts, directory: Directory
) -> tuple[Asked | Nobody, Nobody | None]:
    """Who is asked first, and the step in which nobody could be, whoever decides those before; None: none.

    So that nothing is staged that ends without a reviewer half way.
    """
    first = asked(policy, line, 1, directory)
    if isinstance(first, Nobody):
        return first, first
    return first, _lost(policy, line, directory, first, ())


def _lost(
    policy: PolicyText, line: LineFacts, directory: Directory, found: Asked, earlier: tuple[Earlier, ...]
) -> Nobody | None:
    """Where the line gets lost after this step. Tried with everybody asked in it as the one who decides."""
    last = len(policy.rules[found.rule - 1].steps)
    if found.step > last or (found.step == last and not line.is_grave):
        return None
    for each in found.people:
        is_tied = bool(each.ties)
        so_far = (*earlier, Earlier(each.reviewer, is_tied))
        if each.on_behalf_of:
            so_far = (*so_far, Earlier(each.on_behalf_of, is_tied))
        all_tied = all(one.is_tied for one in so_far)
        if not follows(policy, found.rule, found.step, is_grave=line.is_grave, is_tied=all_tied):
            continue
        then = asked(policy, line, found.step + 1, directory, so_far, rule=found.rule)
        lost = then if isinstance(then, Nobody) else _lost(policy, line, directory, then, so_far)
        if lost is not None:
            return lost
    return None


def why_not(
    person: str,
    step: Step,
    line: LineFacts,
    directory: Directory,
    earlier: Sequence[Earlier] = (),
    *,
    may_be_subject: bool = False,
) -> str:
    """Why this person cannot be asked, as words that follow their name; empty: they can."""
    known = directory.people.get(person)
    if known is None or not known.is_active:
        return "is deactivated"
    if not known.may_act:
        return "may only read"
    if not may_be_subject and is_subject(person, line, directory):
        return "cannot decide on their own access"
    if directory.control_owner and _is_one_human(person, directory.control_owner, directory):
        return "signs off the campaign, so decides no line"
    if step.distinct and any(_is_one_human(person, each.reviewer, directory) for each in earlier):
        return "decided an earlier step"
    if step.clean and (found := ties(person, line, directory)):
        return TIE_WORDS[min(found, key=list(Tie).index)]
    return ""


def given_to(
    person: str, step: Step, line: LineFacts, directory: Directory, earlier: Sequence[Earlier] = ()
) -> Asking | str:
    """Whom a line goes to that is given to this person: to them, or to who stands in for them.

    A text says why it cannot go to them, as words that follow their name.
    """
    passed: list[str] = []
    level = _Level(Via.PEOPLE, Kind.PEOPLE, (person,))
    found = _chosen(level, step, line, directory, earlier, passed)
    return found[0] if found else why_not(person, step, line, directory, earlier)


@cache
def _levels(step: Step) -> tuple[_Level, ...]:
    """Who is thought of, one after the other: never is a step skipped (row C30)."""
    levels = [_Level(Via(step.kind), step.kind, step.people, step.group, is_fallback=False)]
    if step.fallback.people:
        levels.append(_Level(Via.PEOPLE, Kind.PEOPLE, step.fallback.people))
    if step.fallback.kind:
        levels.append(_Level(Via(step.fallback.kind), step.fallback.kind))
    if step.kind is Kind.MANAGER and step.fallback.kind is not Kind.APP_OWNER:
        levels.append(_Level(Via.APP_OWNER, Kind.APP_OWNER))
    return (*levels, _Level(Via.CAMPAIGN_OWNER), _Level(Via.ADMINISTRATOR))


def _chosen(
    level: _Level,
    step: Step,
    line: LineFacts,
    directory: Directory,
    earlier: Sequence[Earlier],
    passed: list[str],
) -> tuple[Asking, ...]:
    """Those of one level who can be asked, or who stands in for them; says in `passed` who cannot be."""
    candidates = _candidates(level, line, directory)
    if level.kind is Kind.GROUP and len(candidates) > MOST_MEMBERS:
        group = directory.groups[level.group].name
        passed.append(f"{group} has {len(candidates)} members: more than {MOST_MEMBERS} are not asked.")
        return ()
    if not candidates and (word := _nobody_there(level, line, directory)):
        passed.append(word)
    may_be_subject = step.may_self_review or level.kind is Kind.ACCOUNT_OWNER
    may_delegate = step.may_delegate and level.kind is not Kind.ACCOUNT_OWNER
    found: dict[str, Asking] = {}
    for person in candidates:
        problem = why_not(person, step, line, directory, earlier, may_be_subject=may_be_subject)
        if problem:
            passed.append(f"{_name(person, directory)} {problem}.")
            continue
        delegate = directory.delegates.get(person, "") if may_delegate else ""
        refused = _why_not_delegate(delegate, step, line, directory, earlier) if delegate else ""
        if refused:
            names = _name(delegate, directory), _name(person, directory)
            passed.append(f"{names[0]} stands in for {names[1]}, but {refused}.")
        if delegate and not refused:
            found.setdefault(delegate, Asking(delegate, person, ties(delegate, line, directory)))
        else:
            found[person] = Asking(person, "", ties(person, line, directory))
    return tuple(found.values())


def _why_not_delegate(
    delegate: str, step: Step, line: LineFacts, directory: Directory, earlier: Sequence[Earlier]
) -> str:
    """Never the subject, and nobody who reports to them, not even where self-review is allowed."""
    if reports_to_subject(delegate, line, directory):
        return TIE_WORDS[Tie.SUBORDINATE]
    return why_not(delegate, step, line, directory, earlier)


def _candidates(level: _Level, line: LineFacts, directory: Directory) -> Sequence[str]:
    if level.via is Via.CAMPAIGN_OWNER:
        return directory.campaign_owners
    if level.via is Via.ADMINISTRATOR:
        return directory.administrators
    match level.kind:
        case Kind.MANAGER:
            return _managers(line, directory)
        case Kind.APP_OWNER:
            return directory.app_owners.get(line.app, ())
        case Kind.ENTITLEMENT_OWNER:
            return directory.entitlement_owners.get(line.entitlement, ())
        case Kind.RESOURCE_OWNER:
            return directory.resource_owners.get(line.resource, ())
        case Kind.ACCOUNT_OWNER:
            return (line.person,) if line.person else ()
        case Kind.GROUP:
            group = directory.groups.get(level.group)
            return group.members if group else ()
    return level.people


def _managers(line: LineFacts, directory: Directory) -> Sequence[str]:
    """Of whoever owned the account when the population was frozen; of nobody else."""
    return directory.managers.get(line.person, ())


def _nobody_there(level: _Level, line: LineFacts, directory: Directory) -> str:
    """Why a level is empty, as a sentence."""
    match level.via:
        case Via.MANAGER:
            if not line.person:
                return "The account belongs to nobody, so there is no manager to ask."
            return f"{line.person_name or _name(line.person, directory)} has no manager."
        case Via.ACCOUNT_OWNER:
            return "The account belongs to nobody."
        case Via.APP_OWNER:
            return f"{line.app_name or 'The app'} has no owner."
        case Via.ENTITLEMENT_OWNER:
            return f"{line.entitlement_name or 'The entitlement'} has no owner."
        case Via.RESOURCE_OWNER:
            return f"{line.resource_name or 'The resource'} has no owner."
        case Via.GROUP:
            group = directory.groups.get(level.group)
            return f"{group.name} has no members." if group else "The group is not there any more."
        case Via.CAMPAIGN_OWNER:
            return "The campaign has no owner."
    return ""


def _is_one_human(person: str, other: str, directory: Directory) -> bool:
    if person == other:
        return True
    one, two = directory.people.get(person), directory.people.get(other)
    return one is not None and two is not None and not one.keys.isdisjoint(two.keys)


def _name(person: str, directory: Directory) -> str:
    known = directory.people.get(person)
    return known.name if known else "Somebody who is not known here"
