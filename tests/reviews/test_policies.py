"""Policies: made, changed by a new version, copied, retired, by those who may."""

import hashlib
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from core.errors import Denied, NotPossible, StaleState
from core.models import Reporting, Role, TrailEvent
from reviews.actions import policies
from reviews.actions.policies import PolicyFacts
from reviews.actions.policies_built_in import ensure
from reviews.models import Campaign, Policy, PolicyVersion
from reviews.queries.policies import policy_rows, rule_file
from reviews.queries.policy_tester import tried
from reviews.queries.policy_words import said
from reviews.routing import BUILT_IN, FIELDS
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_campaign, make_policy

MANAGER: dict[str, Any] = {
    "rules": [{"name": "All", "condition": None, "steps": [{"kind": "manager"}]}],
    "removes": True,
}
OWNER: dict[str, Any] = {
    "rules": [{"name": "All", "condition": None, "steps": [{"kind": "app_owner"}]}],
    "removes": True,
}


@pytest.fixture
def hugo(db):
    return make_user("Hugo Brandt", Role.CAMPAIGN, Role.BASIC)


@pytest.fixture
def policy(hugo):
    return policies.create(PolicyFacts("Ours", "", MANAGER), by=hugo)


def event() -> TrailEvent:
    return TrailEvent.objects.latest("id")


def test_a_policy_begins_with_a_version_that_is_told_with_its_digest(hugo, policy):
    version = policy.latest()

    canonical = '{"removes":true,"rules":[{"condition":null,"name":"All","steps":[{"kind":"manager"}]}]}'
    assert version.number == 1
    assert version.made_by == hugo
    assert version.digest == hashlib.sha256(canonical.encode()).hexdigest()
    assert event().action == "policies.made"
    assert event().change["digest"] == version.digest


def test_a_change_of_rules_is_a_new_version_and_the_old_one_stays(hugo, policy):
    old = policy.latest()

    policies.change(policy, PolicyFacts("Ours", "", OWNER), by=hugo, seen=policy.changed_at)

    policy.refresh_from_db()
    old.refresh_from_db()
    assert policy.latest().number == 2
    assert policy.latest().content == OWNER
    assert old.content == MANAGER
    assert event().change["before"]["version"] == 1
    assert event().change["after"]["version"] == 2


def test_what_a_version_said_is_changed_or_taken_away_by_nobody(policy):
    with pytest.raises(DatabaseError, match="stays"), transaction.atomic():
        PolicyVersion.objects.update(content=OWNER)
    with pytest.raises(DatabaseError, match="stays"), transaction.atomic():
        PolicyVersion.objects.all()._raw_delete(using="default")

    assert policy.latest().content == MANAGER


def test_a_change_of_the_name_alone_is_no_new_version(hugo, policy):
    policies.change(policy, PolicyFacts("Renamed", "For Coupa", MANAGER), by=hugo, seen=policy.changed_at)

    policy.refresh_from_db()
    assert policy.versions.count() == 1
    assert event().change["before"]["name"] == "Ours"
    assert event().change["after"]["name"] == "Renamed"


def test_saving_what_is_saved_changes_nothing(hugo, policy):
    seen, told = policy.changed_at, TrailEvent.objects.count()

    policies.change(policy, PolicyFacts("Ours", "", MANAGER), by=hugo, seen=seen)

    assert Policy.objects.get(pk=policy.pk).changed_at == seen
    assert TrailEvent.objects.count() == told


def test_a_stale_change_is_refused(hugo, policy):
    seen = policy.changed_at
    policies.change(policy, PolicyFacts("First", "", MANAGER), by=hugo, seen=seen)

    with pytest.raises(StaleState):
        policies.change(policy, PolicyFacts("Second", "", OWNER), by=hugo, seen=seen)

    assert Policy.objects.get(pk=policy.pk).name == "First"


def test_two_policies_never_have_one_name_and_a_retired_one_gives_its_name_back(hugo, policy):
    with pytest.raises(policies.TakenName):
        policies.create(PolicyFacts("OURS", "", MANAGER), by=hugo)

    policies.retire(policy, by=hugo)

    assert policies.create(PolicyFacts("Ours", "", MANAGER), by=hugo).pk != policy.pk


def test_what_is_no_policy_is_refused(hugo):
    nonsense: list[dict[str, Any]] = [
        {},
        {"rules": []},
        {"rules": [{"name": "All", "condition": None, "steps": []}]},
    ]
    for content in nonsense:
        with pytest.raises(NotPossible):
            policies.create(PolicyFacts("Bad", "", content), by=hugo)

    assert not Policy.objects.exists()


@pytest.mark.parametrize(
    "who", ["connector_admin", "application", "request", "helpdesk", "read_only", "basic"]
)
def test_only_campaign_and_super_administrators_change_policies(cast, policy, who):
    person, facts = cast[who], PolicyFacts("Theirs", "", OWNER)
    told = TrailEvent.objects.count()

    for attempt in (
        lambda: policies.create(facts, by=person),
        lambda: policies.change(policy, facts, by=person, seen=policy.changed_at),
        lambda: policies.duplicate(policy, by=person),
        lambda: policies.retire(policy, by=person),
        lambda: policies.follow_denials(policy, removes=False, by=person),
    ):
        with pytest.raises(Denied, match="Only Campaign Administrators and Super Administrators"):
            attempt()

    assert Policy.objects.get().name == "Ours"
    assert TrailEvent.objects.count() == told


def test_a_copy_says_the_same_under_a_name_of_its_own(hugo, policy):
    first = policies.duplicate(policy, by=hugo)
    second = policies.duplicate(policy, by=hugo)

    assert [first.name, second.name] == ["Ours, copy", "Ours, copy 2"]
    assert first.latest().content == MANAGER
    assert first.latest().digest == policy.latest().digest
    assert event().action == "policies.copied"
    assert event().change["of"]["name"] == "Ours"


def test_a_policy_is_not_retired_while_a_campaign_that_is_not_over_uses_it(hugo, policy):
    campaign = make_campaign("Q4", policy=policy)

    with pytest.raises(NotPossible, match="Ours is used by Q4"):
        policies.retire(policy, by=hugo)

    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.SIGNED_OFF)
    policies.retire(policy, by=hugo)
    policy.refresh_from_db()
    assert policy.retired_at is not None
    assert policy not in policy_rows(hugo)
    assert policy in policy_rows(hugo, retired=True)
    assert event().action == "policies.retired"


def test_a_retired_policy_is_not_changed_and_can_be_copied(hugo, policy):
    policies.retire(policy, by=hugo)

    with pytest.raises(NotPossible, match="retired"):
        policies.change(policy, PolicyFacts("Back", "", OWNER), by=hugo, seen=policy.changed_at)
    with pytest.raises(NotPossible, match="retired"):
        policies.retire(policy, by=hugo)

    assert policies.duplicate(policy, by=hugo).retired_at is None


def test_of_a_built_in_policy_only_what_follows_a_deny_can_be_changed(hugo):
    policy = make_policy("Manager", MANAGER, built_in="manager")

    with pytest.raises(NotPossible, match="came with Reeve"):
        policies.change(policy, PolicyFacts("Mine", "", OWNER), by=hugo, seen=policy.changed_at)
    with pytest.raises(NotPossible, match="came with Reeve"):
        policies.retire(policy, by=hugo)
    policies.follow_denials(policy, removes=False, by=hugo)
    policies.follow_denials(policy, removes=False, by=hugo)

    assert policy.latest().number == 2
    assert policy.latest().content == {**MANAGER, "removes": False}
    assert "somebody has to do it" in said(policy.latest()).removal
    assert event().action == "policies.follow_up_changed"


def test_what_follows_a_deny_stays_as_it_was_switched(hugo):
    first, *_ = ensure()
    policies.follow_denials(first, removes=False, by=hugo)

    ensure()

    assert first.latest().content["removes"] is False
    assert first.versions.count() == 2


@pytest.mark.parametrize("code", list(BUILT_IN))
def test_every_built_in_policy_reads_as_sentences_and_fits_the_builder(db, code):
    from reviews.forms.policy_drafts import content_of, draft_of

    content = BUILT_IN[code][2]
    policy = make_policy(code, content, built_in=code)

    words = said(policy.latest())

    assert not words.problem
    assert all(rule.sentence.endswith(".") for rule in words.rules)
    built = PolicyVersion(policy=policy, content=content_of(draft_of(content)))
    assert [rule.sentence for rule in said(built).rules] == [rule.sentence for rule in words.rules]


def test_every_field_that_routing_knows_has_words_and_values():
    from reviews.queries.policy_fields import WORDINGS

    assert set(WORDINGS) == set(FIELDS)


def test_sentences_say_and_or_not_missing_and_contains(db):
    condition = {
        "any": [
            {"field": "account.login", "is": "contains", "values": ["svc", "bot"]},
            {
                "all": [
                    {"field": "account.type", "is": "not_in", "values": ["user"]},
                    {"field": "account.owner", "is": "missing", "values": []},
                    {"field": "entitlement.risk", "is": "not_in", "values": ["Low", "Medium"]},
                ]
            },
        ]
    }
    first = {"name": "Robots", "condition": condition, "steps": [{"kind": "app_owner", "clean": True}]}
    policy = make_policy("Robots", {"rules": [first, *MANAGER["rules"]], "removes": True})

    assert said(policy.latest()).rules[0].sentence == (
        'If the login contains "svc" or "bot", or (the account type is not User, and the account has no '
        "owner, and the risk is neither Low nor Medium): an owner of the app who has no tie to the line."
    )


def test_the_file_of_rules_has_a_line_a_step(hugo, policy):
    steps = [{"kind": "manager"}, {"kind": "app_owner"}]
    two = {"rules": [{"name": "All", "condition": None, "steps": steps}], "removes": False}
    policies.create(PolicyFacts("Zwei", "", two), by=hugo)

    rows = list(rule_file(hugo, {}))

    assert [(row[0], row[8], row[9]) for row in rows] == [
        ("Ours", 1, "the manager of the account's owner"),
        ("Zwei", 1, "the manager of the account's owner"),
        ("Zwei", 2, "an owner of the app"),
    ]
    with pytest.raises(Denied):
        list(rule_file(make_user("Kim Sorensen", Role.BASIC), {}))


@pytest.fixture
def coupa(db):
    """Grace holds Buyer; she reports to Tom; Olga owns the app and holds Buyer, too."""
    grace, tom, olga = (make_user(name, Role.BASIC) for name in ("Grace Kim", "Tom Okafor", "Olga Berg"))
    Reporting.objects.create(person=grace, manager=tom)
    app = make_app("Coupa", olga)
    buyer = make_entitlement(app, "Buyer", risk="Critical")
    for person in (grace, olga):
        make_grant(make_account(app, person.name, person=person), buyer)
    return {"grace": grace, "tom": tom, "olga": olga, "buyer": buyer}


def test_the_tester_says_who_would_be_asked_and_why(coupa, policy):
    trial = tried(policy.latest(), coupa["buyer"], coupa["grace"])

    assert trial.rule.name == "All"
    assert trial.account is not None
    assert [each.person for each in trial.steps[0].people] == [coupa["tom"]]
    assert trial.steps[0].via == "manager of the account's owner"
    assert not trial.steps[0].is_fallback


def test_the_tester_says_who_was_passed_over_and_where_it_falls_back(coupa, policy):
    trial = tried(policy.latest(), coupa["buyer"], coupa["tom"])

    assert trial.account is None
    assert [each.person for each in trial.steps[0].people] == [coupa["olga"]]
    assert trial.steps[0].is_fallback
    assert "Tom Okafor has no manager." in trial.steps[0].passed_over


def test_the_tester_adds_the_second_reviewer_that_a_grave_risk_asks_for(coupa, policy):
    trial = tried(policy.latest(), coupa["buyer"], coupa["tom"])

    assert "has the same access" in trial.steps[0].people[0].ties
    assert trial.steps[1].is_added
    assert not trial.steps[1].people
    assert trial.steps[1].via == "The owners of the campaign are asked."


def test_the_tester_shows_what_the_conditions_looked_at(hugo, coupa):
    condition = {"all": [{"field": "account.owner", "is": "missing", "values": []}]}
    nobodys = {"name": "Nobody's", "condition": condition, "steps": [{"kind": "app_owner"}]}
    content = {"rules": [nobodys, *MANAGER["rules"]], "removes": True}
    policy = policies.create(PolicyFacts("Nobody's first", "", content), by=hugo)

    owned = tried(policy.latest(), coupa["buyer"], coupa["grace"])
    free = tried(policy.latest(), coupa["buyer"], None)

    assert owned.rule.number == 2
    assert owned.inputs == [("Owner of the account", "Grace Kim")]
    assert free.rule.number == 1
    assert free.inputs == [("Owner of the account", "nothing")]
