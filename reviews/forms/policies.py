"""What is typed about a policy: its name and its rules, and sentences about what is wrong with them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict  # noqa: TID251  # a form of no fixed length reads what was sent

from core.forms.stale import Difference, EditForm
from core.models import PeopleGroup, User
from core.models.keys import one_line
from core.queries.people import people_matching
from reviews.actions.policies import LONGEST_NAME, PolicyFacts
from reviews.forms.policy_drafts import (
    Content,
    Picker,
    PolicyDraft,
    RuleDraft,
    StepDraft,
    content_of,
    draft_of,
)
from reviews.models import Policy
from reviews.queries.policy_fields import FieldOffer, offers, unknown_values
from reviews.queries.policy_words import names_of, plain, policy_said, rule_said
from reviews.routing import FALLBACK_KINDS, FIELDS, KIND_WORDS, BadPolicy, Is, PolicyText, Then, parse

PICKED = ("people", "fallback_people", "reassign_to")
THEN_CHOICES = (
    ("", "nothing happens"),
    (Then.REASSIGN, "the reviewer's manager is asked instead"),
    (Then.FALLBACK, "whoever it falls back to is asked instead"),
    (Then.CANCEL, "the line is cancelled: an exception"),
)
REASON_CHOICES = (
    ("risky", "where keeping it is risky"),
    ("always", "always"),
    ("never", "never"),
)
ABOUT = {"entitlement": "Entitlement", "account": "Account", "person": "Owner of the account"}


class PolicyForm(EditForm):
    """What a policy is called. Its rules stand beside it, in a draft."""

    name = forms.CharField(
        label="Name",
        max_length=LONGEST_NAME,
        error_messages={"max_length": f"A name has at most {LONGEST_NAME} letters."},
    )
    description = forms.CharField(
        label="Description (optional)",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What it is for, in words for whoever sets up a campaign.",
    )

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def facts(self, draft: PolicyDraft) -> PolicyFacts:
        """Only of a valid form."""
        typed = self.cleaned_data
        return PolicyFacts(typed["name"], typed["description"].replace("\r\n", "\n"), content_of(draft))

    def compare_rules(self, draft: PolicyDraft, present: Content) -> None:
        """After `compare`: say beside the rules that were built what is saved now."""
        texts = [parse(content_of(draft)), parse(present)]
        names = names_of(texts)
        typed, saved = (plain(policy_said(text, names)) for text in texts)
        if typed != saved:
            self.differences = [*self.differences, Difference("Rules", typed, saved)]


def facts_of_policy(policy: Policy) -> dict[str, Any]:
    """What the form about a policy begins with."""
    return {name: getattr(policy, name) for name in ("name", "description", "changed_at")}


# --- what is wrong ---


def check(draft: PolicyDraft, *, held: Content | None) -> bool:
    """Whether the rules can be saved; where not, each part says what is wrong. `held`: as saved before."""
    for rule in draft.rules[:-1]:
        if not rule.groups:
            rule.problem = "Say when this rule applies: add a condition, or take the rule out."
    _check_values(draft, draft_of(held) if held else PolicyDraft([]))
    _check_people(draft)
    if not draft.problems():
        _check_sense(draft)
    for rule in draft.rules:
        rule.is_open = rule.is_open or rule.has_problem
    return not draft.problems()


def _check_values(draft: PolicyDraft, held: PolicyDraft) -> None:
    """What a condition compares with must be there, or have been there when it was saved last."""
    kept = {(test.code, value) for rule in held.rules for test in rule.tests() for value in test.values}
    for rule in draft.rules:
        for test in rule.tests():
            if test.code in FIELDS and test.op in (Is.IN, Is.NOT_IN):
                asked = [value for value in test.values if (test.code, value) not in kept]
                if missing := ", ".join(unknown_values(test.code, asked)):
                    test.problem = f"Nothing here is called {missing} now. Look at how it is written."


def _check_people(draft: PolicyDraft) -> None:
    steps = [step for rule in draft.rules for step in rule.steps]
    known = set(User.objects.filter(pk__in=_keys(steps)).values_list("pk", flat=True))
    groups = set(PeopleGroup.objects.values_list("pk", flat=True))
    for step in steps:
        if any(key not in known for name in PICKED for key in getattr(step, name)):
            step.problem = "One of the people chosen is not known here: choose again."
        elif step.kind == "group" and step.group and step.group not in groups:
            step.problem = "This group is not known here: choose again."


def _keys(steps: Iterable[StepDraft]) -> Collection[str]:
    return {key for step in steps for name in PICKED for key in getattr(step, name) if key.isalnum()}


def _check_sense(draft: PolicyDraft) -> None:
    """What routing has against it, at the part it is about."""
    try:
        parse(content_of(draft))
    except BadPolicy as problem:
        _blame(draft, problem)


def _blame(draft: PolicyDraft, problem: BadPolicy) -> None:
    match problem.path:
        case ("rules", int(r), "steps", int(s), *_):
            draft.rules[r].steps[s].problem = problem.sentence
        case ("rules", int(r), "condition", str(), int(g), str(), int(t), *_):
            draft.rules[r].groups[g].tests[t].problem = problem.sentence
        case ("rules", int(r), "condition", str(), int(g), *_):
            draft.rules[r].groups[g].tests[0].problem = problem.sentence
        case ("rules", int(r), *_):
            draft.rules[r].problem = problem.sentence
        case _:
            draft.rules[-1].problem = problem.sentence


# --- how it is drawn ---


def dress(draft: PolicyDraft, sent: QueryDict, *, by: User) -> Sequence[FieldOffer]:
    """Give every part its name in the form, and what it is drawn with; answers the fields asked about."""
    draft.number()
    found = offers(test.code for rule in draft.rules for test in rule.tests())
    steps = [step for rule in draft.rules for step in rule.steps]
    people = User.objects.in_bulk(list(_keys(steps)))
    _say(draft)
    for rule in draft.rules:
        for test in rule.tests():
            test.offer = found.get(test.code)
        for step in rule.steps:
            step.pickers = {name: _picker(step, name, people, sent, by=by) for name in PICKED}
    return list(found.values())


def _picker(step: StepDraft, part: str, people: Mapping[str, User], sent: QueryDict, *, by: User) -> Picker:
    name = f"{step.prefix}-{part}"
    keys = [key for key in getattr(step, part) if key in people]
    words = sent.get(f"{name}_words", "").strip()[:200]
    matches = list(people_matching(words, seen_by=by, without=keys)) if words else []
    return Picker(name, [people[key] for key in keys], words, matches)


def _say(draft: PolicyDraft) -> None:
    """Under each rule what it says so far; nothing while it is not finished."""
    texts = [_text(rule, is_last=rule is draft.rules[-1]) for rule in draft.rules]
    names = names_of([text for text in texts if text is not None])
    for number, (rule, text) in enumerate(zip(draft.rules, texts, strict=True), 1):
        if text is not None:
            rule.sentence = rule_said(number, text.rules[0], names).sentence


def _text(rule: RuleDraft, *, is_last: bool) -> PolicyText | None:
    """A policy of this rule alone; None while it is none."""
    try:
        return parse(content_of(PolicyDraft([rule] if is_last else [rule, RuleDraft("Rest")])))
    except BadPolicy:
        return None


def choices() -> Mapping[str, Any]:
    """What the selects of the builder offer."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for code, known in FIELDS.items():
        grouped.setdefault(ABOUT[known.about], []).append((code, known.label))
    return {
        "fields": grouped.items(),
        "kinds": [(kind.value, words) for kind, words in KIND_WORDS.items()],
        "fallbacks": [("", "Nobody further"), *((kind.value, KIND_WORDS[kind]) for kind in FALLBACK_KINDS)],
        "groups": list(PeopleGroup.objects.order_by("name").values_list("pk", "name")),
        "thens": THEN_CHOICES,
        "reasons": REASON_CHOICES,
    }
