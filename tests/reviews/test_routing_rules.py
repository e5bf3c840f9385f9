"""Which rule of a policy wins for a line, when a reason is needed, and what the built-in policies do."""

import pytest

from reviews.models import Turn
from reviews.routing import BUILT_IN, FIELDS, Earlier, Via, asked, needs_reason, parse
from tests.reviews.test_routing import LENA, RUI, TOM, directory, line, policy, whom

CONDITIONS = [
    ({"field": "entitlement.risk", "is": "in", "values": ["high", "Critical"]}, {"risk": "High"}, True),
    ({"field": "entitlement.risk", "is": "in", "values": ["high"]}, {"risk": ""}, False),
    ({"field": "entitlement.risk", "is": "not_in", "values": ["high"]}, {"risk": "Low"}, True),
    ({"field": "entitlement.risk", "is": "not_in", "values": ["high"]}, {"risk": ""}, False),
    ({"field": "entitlement.risk", "is": "missing"}, {"risk": ""}, True),
    ({"field": "entitlement.risk", "is": "missing"}, {"risk": "Low"}, False),
    ({"field": "entitlement.name", "is": "contains", "values": ["BUY"]}, {}, True),
    (
        {"field": "entitlement.frameworks", "is": "in", "values": ["SOX"]},
        {"frameworks": ("GxP", "SOX")},
        True,
    ),
    ({"field": "entitlement.frameworks", "is": "not_in", "values": ["SOX"]}, {"frameworks": ("SOX",)}, False),
    ({"field": "entitlement.grave", "is": "in", "values": ["yes"]}, {"is_grave": True}, True),
    ({"field": "account.owner", "is": "missing"}, {"person_name": ""}, True),
]


@pytest.mark.parametrize(("test", "fields", "holds"), CONDITIONS)
def test_a_condition_compares_one_field_and_what_is_missing_fits_nothing(test, fields, holds):
    text = policy({"kind": "app_owner"}, condition={"all": [test]})

    assert text.rule_for(line(**fields)) == (1 if holds else 2)


def test_conditions_are_nested_with_all_and_any():
    risky = {"field": "entitlement.risk", "is": "in", "values": ["High"]}
    service = {"field": "account.type", "is": "in", "values": ["service"]}
    disabled = {"field": "account.status", "is": "in", "values": ["disabled"]}
    text = policy({"kind": "app_owner"}, condition={"all": [risky, {"any": [service, disabled]}]})

    assert text.rule_for(line(risk="High")) == 2
    assert text.rule_for(line(risk="High", account_status="disabled")) == 1
    assert text.rule_for(line(account_status="disabled")) == 2


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_has_a_label_and_can_be_read(field):
    assert FIELDS[field].label
    assert isinstance(FIELDS[field].values(line()), tuple)


@pytest.mark.parametrize(
    ("switch", "fields", "needs"),
    [
        ("never", {"is_grave": True}, False),
        ("always", {}, True),
        ("risky", {}, False),
        ("risky", {"is_grave": True}, True),
        ("risky", {"account_status": "disabled"}, True),
        ("risky", {"person": ""}, True),
        ("risky", {"account_type": "service"}, True),
        ("risky", {"account_marks": ("api",)}, True),
        ("risky", {"came_back": True}, True),
    ],
)
def test_a_certify_needs_a_reason_where_the_step_says_so(switch, fields, needs):
    (step,) = policy({"kind": "manager", "reason_to_certify": switch}).rules[0].steps

    assert needs_reason(step, line(**fields), "certify") is needs


def test_a_denial_needs_a_reason_unless_the_step_says_otherwise():
    (strict,) = policy({"kind": "manager"}).rules[0].steps
    (loose,) = policy({"kind": "manager", "reason_to_deny": False}).rules[0].steps

    assert needs_reason(strict, line(), "deny")
    assert not needs_reason(loose, line(), "deny")


def test_turns_keep_the_words_of_routing():
    assert {via.value for via in Via} | {"reassigned"} == set(Turn.Via)


@pytest.mark.parametrize("code", BUILT_IN)
def test_every_built_in_policy_is_one_and_reads_as_sentences(code):
    name, description, content = BUILT_IN[code]

    assert parse(content).removes
    assert name
    assert description.endswith(".")


@pytest.mark.parametrize(
    ("fields", "steps"),
    [
        ({}, [[RUI]]),
        ({"is_grave": True}, [[RUI], [TOM]]),
        ({"person": "", "person_name": "", "owner_now": ""}, [[TOM], [LENA]]),
        ({"account_type": "service"}, [[TOM], [LENA]]),
        ({"account_marks": ("api",)}, [[TOM], [LENA]]),
    ],
    ids=["plain", "grave", "nobody's", "service", "api"],
)
def test_the_standard_policy_asks_twice_where_it_matters(fields, steps):
    text = parse(BUILT_IN["standard"][2])
    earlier: list[Earlier] = []
    for number, expected in enumerate(steps, 1):
        found = asked(text, line(**fields), number, directory(), earlier)
        assert whom(found) == expected
        earlier.append(Earlier(expected[0]))

    assert len(text.rules[found.rule - 1].steps) == len(steps)
