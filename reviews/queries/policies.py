"""Policies, as their pages show them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from core.errors import Denied
from core.exports import Parameters
from core.models import Role, User
from reviews.models import AppliedPolicy, Campaign, Policy, PolicyVersion, ScopePolicy, Template
from reviews.queries.policy_words import PolicySaid, all_said

RULE_COLUMNS = (
    *("Policy", "Kind", "Version", "Saved (UTC)", "Saved by", "Rule", "Name of the rule", "When", "Step"),
    *("Who is asked", "Notes", "What is denied"),
)
"""Of the file of rules, a line a step."""
SHOWN = 20
"""Campaigns and templates named on the page of a policy."""


def may_see_policies(user: User) -> bool:
    return user.is_active and (user.sees_everything or user.has_role(Role.CAMPAIGN))


def policy_rows(user: User, *, words: str = "", retired: bool = False) -> QuerySet[Policy]:
    """Policies with how many campaigns and templates use each, in no order yet. Raises Denied."""
    if not may_see_policies(user):
        raise Denied("Only Campaign, Super and Read-Only Administrators can see policies.")
    rows = Policy.objects.visible_to(user).filter(retired_at__isnull=not retired)
    for word in words.split():
        rows = rows.filter(Q(name__icontains=word) | Q(description__icontains=word))
    return rows.annotate(
        campaign_count=Count("campaigns", distinct=True),
        template_count=Count("templates", filter=Q(templates__retired_at=None), distinct=True),
    )


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy in the list, with its latest version in words."""

    policy: Policy
    version: PolicyVersion
    said: PolicySaid


def in_words(policies: Sequence[Policy]) -> Sequence[PolicyRow]:
    """A few reads, however many there are."""
    newest = PolicyVersion.objects.filter(policy=OuterRef("policy")).order_by("-number").values("pk")[:1]
    latest = PolicyVersion.objects.filter(policy__in=policies, pk=Subquery(newest)).select_related("made_by")
    versions = {version.policy_id: version for version in latest}
    words = all_said(versions.values())
    return [
        PolicyRow(policy, versions[policy.pk], words[versions[policy.pk].pk])
        for policy in policies
        if policy.pk in versions
    ]


def versions_of(policy: Policy) -> QuerySet[PolicyVersion]:
    """What it said, newest first."""
    return policy.versions.select_related("made_by").order_by("-number")


@dataclass(frozen=True, slots=True)
class Uses:
    """What rests on a policy: what this person may open by name, the rest as a number."""

    campaigns: Sequence[Campaign]
    campaign_count: int
    templates: Sequence[Template]
    template_count: int
    preferring: Sequence[str]


def campaigns_using(policy: Policy) -> QuerySet[Campaign]:
    """As a whole, or for some of their entitlements."""
    chosen = ScopePolicy.objects.filter(policy=policy).values("scope")
    frozen = AppliedPolicy.objects.filter(version__policy=policy).values("campaign")
    return Campaign.objects.filter(Q(policy=policy) | Q(scope__in=chosen) | Q(pk__in=frozen))


def templates_using(policy: Policy) -> QuerySet[Template]:
    chosen = ScopePolicy.objects.filter(policy=policy).values("scope")
    return Template.objects.filter(Q(policy=policy) | Q(scope__in=chosen), retired_at=None)


def preferring(policy: Policy) -> Sequence[str]:
    """Names of the apps and entitlements that prefer it."""
    rows = policy.preferred_by.select_related("app", "entitlement")
    return sorted(f"{each.entitlement} in {each.app}" if each.entitlement else str(each.app) for each in rows)


def uses_of(policy: Policy, user: User) -> Uses:
    """The newest campaigns and templates that use it."""
    campaigns, templates = campaigns_using(policy), templates_using(policy)
    visible = campaigns.filter(pk__in=Campaign.objects.visible_to(user).values("pk"))
    return Uses(
        list(visible.select_related("policy_version").order_by("-created_at")[:SHOWN]),
        campaigns.count(),
        list(templates.order_by("name")[:SHOWN]),
        templates.count(),
        preferring(policy)[:SHOWN],
    )


def rule_file(user: User, asked: Parameters) -> Iterator[Sequence[object]]:
    """The rules of every policy on the list, or of the `policy` named, a line a step. Raises Denied."""
    rows = policy_rows(user, words=asked.get("q", "")[:200], retired=asked.get("only") == "retired")
    if key := asked.get("policy", ""):
        rows = Policy.objects.visible_to(user).filter(pk=key)
    for row in in_words(list(rows.order_by("name", "pk"))):
        policy, version = row.policy, row.version
        kind = "Built-in" if policy.built_in else "Own"
        by = version.made_by.name if version.made_by else "Reeve"
        head = (policy.name, kind, version.number, version.made_at, by)
        for rule in row.said.rules:
            when = rule.when or "Everything else"
            for number, step in enumerate(rule.steps, 1):
                notes = " ".join(step.notes)
                yield (*head, rule.number, rule.name, when, number, step.who, notes, row.said.removal)
