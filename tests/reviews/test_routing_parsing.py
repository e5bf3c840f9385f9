"""A policy is read as it was meant, or refused with a sentence and a place."""

import pytest

from reviews.routing import BadPolicy, Kind, Then, digest, parse

MANAGER = {"kind": "manager"}


def rule(*steps, condition=None, **fields):
    return {"name": "Everything", "condition": condition, "steps": list(steps) or [MANAGER], **fields}


def when(**test):
    return {"all": [{"field": "entitlement.risk", "is": "in", "values": ["High"], **test}]}


def test_everything_a_step_may_say_is_read():
    step = {
        "kind": "people",
        "people": ["a", "b", "a"],
        "group": "",
        "fallback": {"people": ["c"], "kind": "app_owner"},
        "may_reassign": False,
        "reassign_to": ["d"],
        "reassign_needs_reason": False,
        "may_delegate": False,
        "may_self_review": False,
        "distinct": False,
        "reason_to_certify": "always",
        "reason_to_deny": False,
        "clean": True,
        "after_days": 5,
        "then": "fallback",
    }

    text = parse({"rules": [rule(step)], "removes": False})

    (read,) = text.rules[0].steps
    assert read.people == ("a", "b")
    assert (read.fallback.people, read.fallback.kind) == (("c",), Kind.APP_OWNER)
    assert (read.may_reassign, read.reassign_to, read.reassign_needs_reason) == (False, ("d",), False)
    assert (read.may_delegate, read.may_self_review, read.distinct, read.clean) == (False, False, False, True)
    assert (read.after_days, read.then) == (5, Then.FALLBACK)
    assert not text.removes
    assert text.people() == {"a", "b", "c", "d"}


def test_what_is_not_said_is_the_careful_choice():
    (step,) = parse({"rules": [rule()]}).rules[0].steps

    assert step.may_reassign
    assert step.reassign_needs_reason
    assert step.distinct
    assert step.reason_to_deny
    assert step.reason_to_certify == "risky"
    assert not step.may_self_review
    assert parse({"rules": [rule()]}).removes


BAD = [
    ([], (), "An object is expected here."),
    ({}, ("rules",), "A policy needs at least one rule."),
    ({"rules": [rule()], "more": 1}, ("more",), '"more" means nothing here.'),
    ({"rules": [rule()], "removes": "yes"}, ("removes",), "Yes or no is expected here."),
    ({"rules": [rule(condition=when())]}, ("rules", 0), "it has no condition"),
    ({"rules": [rule(), rule()]}, ("rules", 0, "condition"), "no rule can follow it"),
    ({"rules": [rule(name=" ")]}, ("rules", 0, "name"), "Give the rule a name."),
    ({"rules": [{**rule(), "steps": []}]}, ("rules", 0, "steps"), "it has no step"),
    ({"rules": [rule({"kind": "boss"})]}, ("rules", 0, "steps", 0, "kind"), "One of these"),
    ({"rules": [rule({})]}, ("rules", 0, "steps", 0, "kind"), "One of these"),
    ({"rules": [rule({"kind": "people"})]}, ("rules", 0, "steps", 0, "people"), "at least one person"),
    ({"rules": [rule({"kind": "group"})]}, ("rules", 0, "steps", 0, "group"), "Choose the group."),
    ({"rules": [rule({**MANAGER, "people": ["a"]})]}, ("rules", 0, "steps", 0, "people"), "names nobody"),
    ({"rules": [rule({**MANAGER, "group": "a"})]}, ("rules", 0, "steps", 0, "group"), "has no group"),
    ({"rules": [rule({**MANAGER, "people": [1]})]}, ("rules", 0, "steps", 0, "people", 0), "A text"),
    ({"rules": [rule({"kind": "account_owner"})]}, ("rules", 0, "steps", 0), "the last word"),
    ({"rules": [rule({**MANAGER, "may_self_review": True})]}, ("rules", 0, "steps", 0), "the last word"),
    ({"rules": [rule({**MANAGER, "after_days": 3})]}, ("rules", 0, "steps", 0, "after_days"), "Say both"),
    ({"rules": [rule({**MANAGER, "then": "cancel"})]}, ("rules", 0, "steps", 0, "after_days"), "Say both"),
    (
        {"rules": [rule({**MANAGER, "after_days": 0, "then": "cancel"})]},
        ("rules", 0, "steps", 0, "after_days"),
        "from 1 to 365",
    ),
    (
        {"rules": [rule({**MANAGER, "fallback": {"kind": "group"}})]},
        ("rules", 0, "steps", 0, "fallback", "kind"),
        "cannot fall back",
    ),
    ({"rules": [rule(*[MANAGER] * 6)]}, ("rules", 0, "steps"), "at most 5 steps"),
    ({"rules": [rule(condition={}), rule()]}, ("rules", 0, "condition"), "either"),
    ({"rules": [rule(condition={"all": []}), rule()]}, ("rules", 0, "condition", "all"), "at least one part"),
    (
        {"rules": [rule(condition=when(field="entitlement.colour")), rule()]},
        ("rules", 0, "condition", "all", 0, "field"),
        'no field called "entitlement.colour"',
    ),
    (
        {"rules": [rule(condition=when(values=[])), rule()]},
        ("rules", 0, "condition", "all", 0, "values"),
        "Say which values",
    ),
    (
        {"rules": [rule(condition=when(**{"is": "missing"})), rule()]},
        ("rules", 0, "condition", "all", 0, "values"),
        "no values",
    ),
    (
        {"rules": [rule(condition={"all": [{"any": [{"all": [when()]}]}]}), rule()]},
        ("rules", 0, "condition", "all", 0, "any", 0, "all", 0),
        "nested at most",
    ),
]


@pytest.mark.parametrize(("content", "path", "sentence"), BAD)
def test_what_is_no_policy_is_refused_with_a_sentence_and_a_place(content, path, sentence):
    with pytest.raises(BadPolicy) as refused:
        parse(content)

    assert refused.value.path == path
    assert sentence in refused.value.sentence


def test_the_digest_does_not_depend_on_the_order_of_names():
    one = {"rules": [rule()], "removes": True}
    two = {"removes": True, "rules": [dict(reversed(rule().items()))]}

    assert digest(one) == digest(two)
    assert digest(one) != digest({**one, "removes": False})
