"""Policies: made, changed by a new version, copied, retired; what a version says never changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now

from core.errors import Denied, NotPossible
from core.models import Role, User
from core.states import must_be_unchanged
from core.trail import record
from reviews.models import Campaign, Policy, PolicyVersion
from reviews.queries.policies import campaigns_using, preferring, templates_using
from reviews.routing import BadPolicy, digest, parse

LONGEST_NAME = 200


class TakenName(NotPossible):
    """Another policy has this name."""


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """What a policy is called and what it says."""

    name: str
    description: str
    content: Mapping[str, object]
    """As `reviews.routing.parse` reads it."""


@transaction.atomic
def create(facts: PolicyFacts, *, by: User) -> Policy:
    """Make one with its first version. Raises Denied, TakenName, NotPossible for what is no policy."""
    must_write_policies(by)
    _must_make_sense(facts.content)
    _lock_names()
    policy, version = _made(facts, by=by)
    record("policies.made", policy, by=by, version=version.number, digest=version.digest)
    return policy


@transaction.atomic
def change(policy: Policy, facts: PolicyFacts, *, by: User, seen: datetime | None) -> None:
    """Save it, as a new version where its rules changed. Campaigns keep the version they were staged with.

    `seen`: `changed_at` as the form knew it. Raises Denied, StaleState, TakenName, NotPossible.
    """
    must_write_policies(by)
    _must_make_sense(facts.content)
    _lock_names()
    policy = _ours(policy)
    must_be_unchanged(policy.changed_at, seen=seen)
    _must_be_free(facts.name, policy)
    before: dict[str, object] = {"name": policy.name, "description": policy.description}
    after: dict[str, object] = {"name": facts.name, "description": facts.description}
    latest = policy.latest()
    if digest(facts.content) != latest.digest:
        version = _say(policy, facts.content, by=by)
        before |= {"version": latest.number, "digest": latest.digest}
        after |= {"version": version.number, "digest": version.digest}
    changed = [name for name, value in after.items() if before[name] != value]
    if not changed:
        return
    policy.name, policy.description, policy.changed_at = facts.name, facts.description, now()
    policy.save(update_fields=["name", "description", "changed_at"])
    was, is_now = ({name: side[name] for name in changed} for side in (before, after))
    record("policies.changed", policy, by=by, before=was, after=is_now)


@transaction.atomic
def duplicate(policy: Policy, *, by: User) -> Policy:
    """A policy of the organisation's own that says the same, built-in or retired as that one may be."""
    must_write_policies(by)
    _lock_names()
    facts = PolicyFacts(_free_name(policy.name), policy.description, policy.latest().content)
    copy, version = _made(facts, by=by)
    record("policies.copied", copy, by=by, of=policy, version=version.number, digest=version.digest)
    return copy


@transaction.atomic
def retire(policy: Policy, *, by: User) -> None:
    """Offer it to no further campaign. Raises Denied, and NotPossible while something rests on it."""
    must_write_policies(by)
    policy = _ours(policy)
    held = _held_by(policy)
    if held:
        named = ", ".join(held[:3]) + (f" and {len(held) - 3} more" if len(held) > 3 else "")
        raise NotPossible(f"{policy} is used by {named}. Give those another policy first.")
    policy.retired_at = policy.changed_at = now()
    policy.save(update_fields=["retired_at", "changed_at"])
    record("policies.retired", policy, by=by)


@transaction.atomic
def follow_denials(policy: Policy, *, removes: bool, by: User) -> None:
    """Whether what is denied is taken away: of a built-in policy all that can be changed (row C34)."""
    must_write_policies(by)
    policy = Policy.objects.select_for_update().get(pk=policy.pk)
    _must_be_here(policy)
    latest = policy.latest()
    if bool(latest.content.get("removes", True)) == removes:
        return
    policy.changed_at = now()
    policy.save(update_fields=["changed_at"])
    version = _say(policy, {**latest.content, "removes": removes}, by=by)
    record(
        "policies.follow_up_changed",
        policy,
        by=by,
        before={"removes": not removes},
        after={"removes": removes},
        version=version.number,
        digest=version.digest,
    )


def may_write_policies(user: User) -> bool:
    return user.is_active and user.has_role(Role.SUPER, Role.CAMPAIGN)


def must_write_policies(user: User) -> None:
    if not may_write_policies(user):
        raise Denied("Only Campaign Administrators and Super Administrators can change policies.")


def must_be_ours(policy: Policy) -> None:
    """Raises NotPossible for a built-in or a retired one."""
    _must_be_here(policy)
    if policy.built_in:
        raise NotPossible(f"{policy} came with Reeve and stays as it is. Duplicate it to have your own.")


def _made(facts: PolicyFacts, *, by: User) -> tuple[Policy, PolicyVersion]:
    _must_be_free(facts.name, None)
    policy = Policy.objects.create(name=facts.name, description=facts.description, made_by=by)
    return policy, _say(policy, facts.content, by=by)


def _say(policy: Policy, content: Mapping[str, object], *, by: User) -> PolicyVersion:
    last = policy.versions.aggregate(last=Max("number"))["last"] or 0
    return PolicyVersion.objects.create(
        policy=policy, number=last + 1, content=dict(content), digest=digest(content), made_by=by
    )


def _ours(policy: Policy) -> Policy:
    """Locked, and one that may be changed."""
    policy = Policy.objects.select_for_update().get(pk=policy.pk)
    must_be_ours(policy)
    return policy


def _held_by(policy: Policy) -> list[str]:
    """Names of whatever rests on it: campaigns and templates, also for one entitlement; what prefers it."""
    campaigns = campaigns_using(policy).exclude(status__in=Campaign.OVER)
    return [
        *campaigns.order_by("name").values_list("name", flat=True),
        *templates_using(policy).order_by("name").values_list("name", flat=True),
        *preferring(policy),
    ]


def _must_be_here(policy: Policy) -> None:
    if policy.retired_at:
        raise NotPossible(f"{policy} is retired. Duplicate it to use what it says again.")


def _must_make_sense(content: Mapping[str, object]) -> None:
    try:
        parse(content)
    except BadPolicy as problem:
        raise NotPossible(str(problem)) from problem


def _lock_names() -> None:
    """From here to the end of the transaction nobody else names a policy, or edits one."""
    list(Policy.objects.select_for_update().order_by("pk").values_list("pk"))


def _must_be_free(name: str, policy: Policy | None) -> None:
    others = Policy.objects.here().filter(name__iexact=name).exclude(pk=policy.pk if policy else "")
    if others.exists():
        raise TakenName(f'There is a policy called "{name}" already.')


def _free_name(name: str) -> str:
    """A name for a copy that no policy has: "Manager, copy", then "Manager, copy 2"."""
    taken = {each.casefold() for each in Policy.objects.here().values_list("name", flat=True)}
    number = 1
    while True:
        end = ", copy" if number == 1 else f", copy {number}"
        wanted = name[: LONGEST_NAME - len(end)] + end
        if wanted.casefold() not in taken:
            return wanted
        number += 1
