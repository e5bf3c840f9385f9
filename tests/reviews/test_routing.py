"""Who is asked about a line, in which order, and why not those who would have come before."""

import pytest

from reviews.routing import (
    MOST_MEMBERS,
    Asked,
    Asking,
    Directory,
    Earlier,
    Group,
    LineFacts,
    Nobody,
    Person,
    Tie,
    Via,
    asked,
    every_step,
    follows,
    given_to,
    identity_keys,
    parse,
    step_at,
    ties,
)

GRACE, RUI, TOM, LENA, OLGA, NORA = "grace", "rui", "tom", "lena", "olga", "nora"
"""Grace holds the access and reports to Rui; Tom owns the app, Lena the entitlement, Olga the campaign."""


def person(key, **fields):
    return Person(key, key.capitalize(), identity_keys(email=f"{key}@meridian.example"), **fields)


def directory(**fields):
    people = {key: person(key) for key in (GRACE, RUI, TOM, LENA, OLGA, NORA)}
    return Directory(
        **{
            "people": people | fields.pop("people", {}),
            "managers": {GRACE: (RUI,)},
            "app_owners": {"coupa": (TOM,)},
            "entitlement_owners": {"buyer": (LENA,)},
            "campaign_owners": (OLGA,),
            **fields,
        }
    )


def line(**fields):
    return LineFacts(
        **{
            "app": "coupa",
            "app_name": "Coupa",
            "account": "a1",
            "entitlement": "buyer",
            "entitlement_name": "Buyer",
            "person": GRACE,
            "person_name": "Grace",
            "owner_now": GRACE,
            **fields,
        }
    )


def policy(*steps, condition=None):
    rule = {"name": "Everything", "condition": condition, "steps": list(steps)}
    rest = [{"name": "Rest", "condition": None, "steps": [{"kind": "manager"}]}] if condition else []
    return parse({"rules": [rule, *rest]})


def ask(*steps, step_no=1, earlier=(), on=None, **fields):
    return asked(policy(*steps), on or line(), step_no, directory(**fields), earlier)


def whom(found):
    return [each.reviewer for each in found.people]


@pytest.mark.parametrize(
    ("kind", "reviewer"), [("manager", RUI), ("app_owner", TOM), ("entitlement_owner", LENA)]
)
def test_the_kind_of_a_step_says_who_is_asked(kind, reviewer):
    found = ask({"kind": kind})

    assert whom(found) == [reviewer]
    assert found.via == kind
    assert not found.is_fallback
    assert found.passed_over == ()


def test_named_people_and_members_of_a_group_are_all_asked():
    named = ask({"kind": "people", "people": [NORA, TOM]})
    group = ask({"kind": "group", "group": "g"}, groups={"g": Group("Desk", (LENA, TOM))})

    assert whom(named) == [NORA, TOM]
    assert whom(group) == [LENA, TOM]


def test_a_manager_who_is_not_there_is_followed_by_the_app_owner():
    found = ask({"kind": "manager"}, managers={})

    assert whom(found) == [TOM]
    assert (found.via, found.is_fallback) == (Via.APP_OWNER, True)
    assert found.passed_over == ("Grace has no manager.",)


def test_the_step_s_own_fallback_comes_before_the_app_owner():
    step = {"kind": "manager", "fallback": {"people": [NORA], "kind": "entitlement_owner"}}

    assert whom(ask(step, managers={})) == [NORA]
    away = {NORA: person(NORA, is_active=False)}
    assert whom(ask(step, managers={}, people=away)) == [LENA]
    assert whom(ask(step, managers={}, people=away, entitlement_owners={})) == [TOM]
    found = ask(step, managers={}, people=away, entitlement_owners={}, app_owners={})
    assert whom(found) == [OLGA]
    assert found.via == Via.CAMPAIGN_OWNER
    assert found.passed_over == (
        "Grace has no manager.",
        "Nora is deactivated.",
        "Buyer has no owner.",
        "Coupa has no owner.",
    )


def test_a_step_is_never_skipped_nobody_is_named_instead():
    found = ask({"kind": "app_owner"}, app_owners={}, campaign_owners=(GRACE,))

    assert isinstance(found, Nobody)
    assert found.sentence == "Coupa has no owner. Grace cannot decide on their own access."


def test_administrators_are_asked_only_where_a_campaign_runs_and_nobody_else_is_left():
    found = ask({"kind": "app_owner"}, app_owners={}, campaign_owners=(), administrators=(NORA,))

    assert whom(found) == [NORA]
    assert found.via == Via.ADMINISTRATOR


@pytest.mark.parametrize(
    "on",
    [
        line(person=TOM),
        line(owner_now=TOM),
        line(person="", owner_now="", account_keys=identity_keys(email=" TOM@Meridian.example ")),
        line(person="", owner_now="", account_keys=identity_keys(login="tom@meridian.example")),
    ],
    ids=["frozen", "present", "e-mail", "login"],
)
def test_nobody_is_asked_about_their_own_access(on):
    found = ask({"kind": "app_owner"}, on=on)

    assert whom(found) == [OLGA]
    assert "Tom cannot decide on their own access." in found.passed_over


def test_two_people_with_one_employee_number_are_one_human():
    both = identity_keys(employee_id="17")
    double = {GRACE: Person(GRACE, "Grace", both), TOM: Person(TOM, "Tom", both)}

    assert whom(ask({"kind": "app_owner"}, people=double)) == [OLGA]


def test_an_account_that_belongs_to_somebody_is_not_known_by_its_e_mail():
    facts = line(account_keys=frozenset())

    assert whom(ask({"kind": "app_owner"}, on=facts)) == [TOM]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"people": {TOM: person(TOM, is_active=False)}}, "Tom is deactivated."),
        ({"people": {TOM: person(TOM, may_act=False)}}, "Tom may only read."),
        ({"control_owner": TOM}, "Tom signs off the campaign, so decides no line."),
    ],
)
def test_who_may_not_decide_is_passed_over_and_it_says_why(fields, why):
    found = ask({"kind": "app_owner"}, **fields)

    assert whom(found) == [OLGA]
    assert found.passed_over == (why,)


def test_whoever_stands_in_is_asked_on_behalf():
    found = ask({"kind": "manager"}, delegates={RUI: NORA})

    assert [(each.reviewer, each.on_behalf_of) for each in found.people] == [(NORA, RUI)]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"delegates": {RUI: GRACE}}, "Grace stands in for Rui, but cannot decide on their own access."),
        (
            {"delegates": {RUI: NORA}, "managers": {GRACE: (RUI,), NORA: (LENA,), LENA: (GRACE,)}},
            "Nora stands in for Rui, but reports to the account's owner.",
        ),
        (
            {"delegates": {RUI: NORA}, "people": {NORA: person(NORA, is_active=False)}},
            "Nora stands in for Rui, but is deactivated.",
        ),
    ],
    ids=["subject", "subordinate", "deactivated"],
)
def test_the_one_who_is_stood_in_for_stays_where_the_delegate_may_not(fields, why):
    found = ask({"kind": "manager"}, **fields)

    assert whom(found) == [RUI]
    assert found.passed_over == (why,)


def test_nobody_stands_in_for_whoever_may_not_decide_themselves():
    found = ask({"kind": "app_owner"}, on=line(person=TOM, owner_now=TOM), delegates={TOM: NORA})

    assert whom(found) == [OLGA]


def test_a_step_may_forbid_that_somebody_stands_in():
    assert whom(ask({"kind": "manager", "may_delegate": False}, delegates={RUI: NORA})) == [RUI]


def test_a_group_that_is_too_large_is_not_asked():
    many = tuple(f"m{number}" for number in range(MOST_MEMBERS + 1))
    people = {key: person(key) for key in many}

    just = ask({"kind": "group", "group": "g"}, people=people, groups={"g": Group("Desk", many[1:])})
    found = ask({"kind": "group", "group": "g"}, people=people, groups={"g": Group("Desk", many)})

    assert len(just.people) == MOST_MEMBERS
    assert whom(found) == [OLGA]
    assert found.passed_over == ("Desk has 129 members: more than 128 are not asked.",)


def test_nobody_decides_two_steps_unless_the_step_lets_them():
    steps = {"kind": "manager"}, {"kind": "people", "people": [RUI, NORA]}
    again = {"kind": "manager"}, {"kind": "people", "people": [RUI, NORA], "distinct": False}

    assert whom(ask(*steps, step_no=2, earlier=[Earlier(RUI)])) == [NORA]
    assert whom(ask(*again, step_no=2, earlier=[Earlier(RUI)])) == [RUI, NORA]


def test_people_are_asked_about_their_own_access_only_in_a_step_that_is_not_the_last():
    steps = {"kind": "account_owner"}, {"kind": "manager"}
    switch = {"kind": "people", "people": [GRACE], "may_self_review": True}, {"kind": "manager"}

    assert whom(ask(*steps)) == [GRACE]
    assert ask(*steps).people[0].ties == {Tie.OWN}
    assert whom(ask(*switch)) == [GRACE]
    assert whom(ask(*steps, step_no=2, earlier=[Earlier(GRACE)])) == [RUI]
    assert whom(ask(*steps, delegates={GRACE: NORA})) == [GRACE]


def test_what_ties_a_reviewer_to_a_line_is_told():
    around = directory(
        holders={"buyer": frozenset({NORA})},
        granters={("a1", "buyer"): frozenset({NORA})},
        managers={GRACE: (RUI,), NORA: (LENA,), LENA: (GRACE,)},
        asked_about=frozenset({(GRACE, NORA)}),
    )

    assert ties(NORA, line(), around) == {Tie.HOLDS, Tie.GRANTED, Tie.SUBORDINATE, Tie.MUTUAL}
    assert ties(TOM, line(), around) == frozenset()
    assert ties(GRACE, line(), around) == {Tie.OWN}


def test_a_clean_step_asks_only_whom_nothing_ties():
    found = ask({"kind": "app_owner", "clean": True}, holders={"buyer": frozenset({TOM})})

    assert whom(found) == [OLGA]
    assert found.passed_over == ("Tom has the same access.",)


def test_something_grave_that_a_tied_reviewer_certified_needs_a_second_who_is_not():
    text = policy({"kind": "manager"})
    around = directory(holders={"buyer": frozenset({RUI})})
    grave = line(is_grave=True)

    assert follows(text, 1, 1, is_grave=True, is_tied=True)
    assert not follows(text, 1, 1, is_grave=True, is_tied=False)
    assert not follows(text, 1, 1, is_grave=False, is_tied=True)
    assert not follows(text, 1, 2, is_grave=True, is_tied=True)
    found = asked(text, grave, 2, around, [Earlier(RUI, is_tied=True)])
    assert whom(found) == [TOM]
    assert getattr(found, "via", "") == Via.SECOND
    assert step_at(text, 1, 3) is None


def test_a_line_that_would_get_lost_half_way_is_found_before():
    text = policy({"kind": "manager"}, {"kind": "people", "people": [RUI]})

    first, lost = every_step(text, line(), directory())
    assert (whom(first), lost) == ([RUI], None)

    first, lost = every_step(text, line(), directory(campaign_owners=(GRACE,)))
    assert isinstance(first, Asked)
    assert isinstance(lost, Nobody)
    assert lost.step == 2
    assert "Rui decided an earlier step." in lost.passed_over


def test_what_nobody_clean_could_second_is_found_before():
    around = directory(
        holders={"buyer": frozenset({RUI, TOM, OLGA})},
    )
    text = policy({"kind": "manager"})

    assert every_step(text, line(), around)[1] is None
    lost = every_step(text, line(is_grave=True), around)[1]
    assert isinstance(lost, Nobody)
    assert lost.step == 2


def test_a_line_is_given_to_somebody_or_to_who_stands_in_for_them():
    (step,) = policy({"kind": "manager"}).rules[0].steps

    assert given_to(NORA, step, line(), directory()) == Asking(NORA)
    assert given_to(NORA, step, line(), directory(delegates={NORA: LENA})) == Asking(LENA, NORA)
    assert given_to(GRACE, step, line(), directory()) == "cannot decide on their own access"
