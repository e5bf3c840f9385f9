"""Entitlements of a scope, one by one: left out, put back, decided on by a policy of their own."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from connectors.models import Account
from core.errors import Denied, NotPossible
from core.models import Role, TrailEvent
from reviews.actions import campaigns, deciding, policies, scoping, staging, templates
from reviews.actions.facts import Covered
from reviews.actions.marks import mark
from reviews.actions.running_out import run_out, those_with_a_clock
from reviews.actions.templates import Rhythm
from reviews.models import AppliedPolicy, Campaign, Mark, Removal, Scope, ScopePolicy, Turn
from reviews.queries import bridge
from reviews.queries.applying import applying
from reviews.queries.asking import Rules, questions
from reviews.queries.desk import bar
from reviews.queries.evidence import evidence_lines
from reviews.queries.memo import memo
from reviews.queries.scope import Reason, validate
from reviews.queries.scope_table import entitlement_rows, entitlements_of
from reviews.queries.submitting import summary
from tests.make import make_user
from tests.reviews.making import make_campaign, make_grants, make_policy, make_running
from tests.reviews.staged import make_draft, work, world

APP_OWNER = {"rules": [{"name": "Owners", "condition": None, "steps": [{"kind": "app_owner"}]}]}


@pytest.fixture
def olga(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def owners(db):
    return make_policy("By app owners", APP_OWNER)


@pytest.fixture
def draft(olga):
    make_grants(3)
    return make_campaign("Coupa, Q4", olga)


@pytest.fixture
def roles(draft):
    """What its three lines are about."""
    return list(entitlements_of(draft.scope).order_by("search_text"))


def again(campaign):
    return type(campaign).objects.select_related("scope").get(pk=campaign.pk)


def test_what_is_left_out_makes_no_line_until_it_is_put_back(draft, roles, olga):
    role = roles[0]

    scoping.leave_out(draft, role, by=olga)

    draft = again(draft)
    found = validate(draft)
    assert found.left_out.grants == {Reason.SINGLY: 1}
    assert found.left_out.accounts == {Reason.HOLDS_NOTHING: 1}
    assert found.singly.first == [role.name]
    scoping.put_back(draft, role, by=olga)
    assert again(draft).scope.left_out == []
    told = TrailEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(told) == ["scopes.left_out", "scopes.put_back"]


def test_nobody_leaves_out_or_gives_a_policy_to_what_they_hold_themselves(draft, roles, olga, owners, trail):
    Account.objects.filter(grants__entitlement=roles[0]).update(person=olga)

    with pytest.raises(Denied, match="You hold Role 1 yourself"):
        scoping.leave_out(draft, roles[0], by=olga)
    with pytest.raises(Denied, match="You hold Role 1 yourself"):
        scoping.give_policy(draft, roles[0], owners, by=olga)

    assert (again(draft).scope.left_out, ScopePolicy.objects.count(), trail()) == ([], 0, [])
    other = make_user("Sam Root", Role.SUPER)
    scoping.give_policy(draft, roles[0], owners, by=other)
    scoping.leave_out(draft, roles[0], by=other)


def test_a_form_that_says_the_scope_anew_puts_nothing_back(draft, roles, olga):
    role = roles[0]
    scoping.leave_out(draft, role, by=olga)
    draft = again(draft)

    campaigns.change_scope(draft, Covered(kinds=[role.kind]), seen=draft.changed_at, by=olga)

    assert again(draft).scope.left_out == [role.pk]


def test_the_table_keeps_what_was_left_out_and_says_who_decides(draft, roles, olga, owners):
    out, own, plain = roles
    scoping.leave_out(draft, out, by=olga)
    scoping.give_policy(draft, own, owners, by=olga)
    draft = again(draft)

    rows = entitlement_rows(draft, list(entitlements_of(draft.scope).order_by("search_text")))

    told = [(row.entitlement, row.lines, row.is_left_out, policy_at(row.applied)) for row in rows]
    assert told == [
        (out, 1, True, draft.policy),
        (own, 1, False, owners),
        (plain, 1, False, draft.policy),
    ]
    assert [each.pk for each in entitlements_of(draft.scope, only="own")] == [own.pk]
    assert [each.pk for each in entitlements_of(draft.scope, only="out")] == [out.pk]


def test_only_who_runs_the_campaign_says_who_decides(draft, roles, owners):
    role, stranger = roles[0], make_user("Sam Roe", Role.CAMPAIGN)

    for act in (
        lambda: scoping.leave_out(draft, role, by=stranger),
        lambda: scoping.put_back(draft, role, by=stranger),
        lambda: scoping.give_policy(draft, role, owners, by=stranger),
        lambda: scoping.reset_policies(draft, by=stranger),
    ):
        with pytest.raises(Denied, match="owner of Coupa, Q4"):
            act()

    assert not ScopePolicy.objects.exists()
    assert not TrailEvent.objects.exists()


def test_once_staged_no_scope_changes(draft, roles, olga, owners):
    Campaign.objects.update(status=Campaign.Status.STAGED)

    with pytest.raises(NotPossible, match="no draft any more"):
        scoping.leave_out(draft, roles[0], by=olga)
    with pytest.raises(NotPossible, match="no draft any more"):
        scoping.give_policy(draft, roles[0], owners, by=olga)


def test_reset_leaves_no_entitlement_a_policy_of_its_own(draft, roles, olga, owners):
    for role in roles[:2]:
        scoping.give_policy(draft, role, owners, by=olga)

    number = scoping.reset_policies(draft, by=olga)

    assert number == 2
    assert not ScopePolicy.objects.exists()
    assert TrailEvent.objects.filter(action="scopes.policies_reset").get().change == {"entitlements": 2}


def test_a_retired_policy_is_given_to_nothing_and_a_given_one_cannot_be_retired(draft, roles, olga, owners):
    scoping.give_policy(draft, roles[0], owners, by=olga)

    with pytest.raises(NotPossible, match="used by Coupa, Q4"):
        policies.retire(owners, by=olga)
    scoping.give_policy(draft, roles[0], None, by=olga)
    policies.retire(owners, by=olga)
    with pytest.raises(NotPossible, match="is retired"):
        scoping.give_policy(draft, roles[0], owners, by=olga)


def test_copies_and_templates_take_both_over(draft, roles, olga, owners):
    out, own, _ = roles
    scoping.leave_out(draft, out, by=olga)
    scoping.give_policy(draft, own, owners, by=olga)
    draft = again(draft)

    copy = campaigns.duplicate(draft, "Coupa, Q1", policy=draft.policy, by=olga)
    template = templates.create(draft, "Quarterly", Rhythm(), by=olga)
    drafted = templates.make_draft(template, by=olga)

    assert Scope.objects.count() == 4
    for each in (copy, template, drafted):
        assert each.scope.left_out == [out.pk]
        assert [row.policy for row in each.scope.policies.all()] == [owners]
    scoping.put_back(template, out, by=olga)
    scoping.reset_policies(template, by=olga)
    assert again(copy).scope.left_out == [out.pk]
    assert again(template).scope.left_out == []


@pytest.mark.django_db(transaction=True)
def test_each_line_is_asked_about_by_its_own_version_frozen_at_staging(owners):
    connector, _, grants = world(holders=2)
    tom, olga = make_user("Tom Okafor", Role.BASIC), make_user("Olga Berg", Role.CAMPAIGN)
    connector.app.ownerships.create(user=tom)
    campaign = make_draft(olga)
    own, out = grants[0].entitlement, grants[1].entitlement
    scoping.give_policy(campaign, own, owners, by=olga)
    scoping.leave_out(campaign, out, by=olga)
    staging.want(Campaign.objects.get(pk=campaign.pk), by=olga)

    campaign = work(campaign)

    assert campaign.status == Campaign.Status.STAGED, campaign.staging_problem
    asked = {line.entitlement_id: line.turns.get().reviewer.name for line in campaign.tasks.all()}
    assert asked == {own.pk: "Tom Okafor"}
    assert campaign.bridge["grants"]["left_out"] == {"credential": 2, "singly": 2}
    assert bridge.of(campaign).ties
    row = AppliedPolicy.objects.get()
    assert (row.entitlement, row.version, row.origin) == (own, owners.latest(), "own")
    policies.change(
        owners,
        policies.PolicyFacts("By app owners", "", {**APP_OWNER, "removes": False}),
        by=olga,
        seen=owners.changed_at,
    )
    applied = applying(campaign).to(own.app_id, own.pk)
    assert applied is not None
    assert (applied.version.number, applied.reason) == (1, "chosen in the campaign for this entitlement")


def test_what_a_mark_needs_and_what_a_denial_leads_to_are_of_the_lines_own_version(db):
    words = {"reason_to_certify": "always", "reason_to_deny": False}
    strict = make_policy("Words for everything", by_manager(**words) | {"removes": False})
    (plain, own), rui = make_grants(2), make_user("Rui Alves", Role.BASIC)
    campaign = make_running([plain, own], rui)
    freeze_own(campaign, own, strict)
    rules = Rules(campaign)

    asked = {question.line_no: question for question in questions(campaign, rui)}

    assert rules.needs_reason(asked[2], "certify")
    assert (rules.needs_reason(asked[1], "deny"), rules.needs_reason(asked[2], "deny")) == (True, False)
    assert (rules.removes(asked[1]), rules.removes(asked[2])) == (True, False)
    for line in (1, 2):
        mark(campaign, [line], Mark.Outcome.DENY, by=rui, reason="Left the team", seen={})
    found = summary(campaign, rui)
    assert (found.denied, found.stays, found.tasks.get().line_no) == (2, 1, 1)
    deciding.submit(campaign, rui, marks_seen=bar(campaign, rui).stamp)
    assert list(Removal.objects.values_list("task__line_no", flat=True)) == [1]
    assert "Denied, where the policy has access taken away" in [row.name for row in bridge.of(campaign).rows]
    assert bridge.of(campaign).ties


def test_each_line_says_in_the_evidence_which_version_it_rests_on(db):
    risky = {"name": "Contractors", "condition": None, "steps": [{"kind": "manager"}]}
    own_policy = make_policy("Its own", {"rules": [risky]})
    (plain, own), rui = make_grants(2), make_user("Rui Alves")
    campaign = make_running([plain, own], rui)
    freeze_own(campaign, own, own_policy)

    told = list(evidence_lines(campaign))

    assert [line.frozen.policy for line in told] == [
        "Policy of Coupa access, Q4, version 1",
        "Its own, version 1 (chosen in the campaign for this entitlement)",
    ]
    assert [step.rule for line in told for step in line.steps if step] == [
        "1: Everything else",
        "1: Contractors",
    ]
    paper = str(memo(campaign).sections)
    assert f"chosen in the campaign for this entitlement: {own.entitlement} in Coupa" in paper


def test_a_clock_runs_for_the_lines_of_its_own_version_alone(db):
    clock = by_manager(after_days=2, then="cancel")
    (plain, own), rui = make_grants(2), make_user("Rui Alves")
    campaign = make_running([plain, own], rui)
    freeze_own(campaign, own, make_policy("With a clock", clock))
    long_ago = now() - timedelta(days=3)
    Campaign.objects.update(started_at=long_ago)
    Turn.objects.update(at=long_ago)

    for each in those_with_a_clock():
        run_out(each)

    told = list(campaign.tasks.order_by("line_no").values_list("status", flat=True))
    assert told == ["open", "excepted"]


def policy_at(applied):
    return applied.version.policy if applied else None


def by_manager(**step):
    return {"rules": [{"name": "All", "condition": None, "steps": [{"kind": "manager", **step}]}]}


def freeze_own(campaign, grant, policy):
    AppliedPolicy.objects.create(
        campaign=campaign,
        app=grant.account.app,
        entitlement=grant.entitlement,
        version=policy.latest(),
        origin="own",
        name=f"{grant.entitlement} in {grant.account.app}",
    )
