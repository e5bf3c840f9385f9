"""Entitlements of a scope, one by one: left out, put back, given a policy of their own."""

from django.db import transaction
from django.utils.timezone import now

from connectors.models import Entitlement
from core.errors import NotPossible
from core.models import User
from core.trail import record
from reviews.actions.permission import must_run, must_run_template
from reviews.actions.rights import must_not_hold
from reviews.models import Campaign, Policy, Scope, ScopePolicy, Template

type Scoped = Campaign | Template
"""What has a scope: a draft, or a template for its next drafts."""


@transaction.atomic
def leave_out(of: Scoped, entitlement: Entitlement, *, by: User | None) -> None:
    """Take it out, whatever else the scope says.

    Raises Denied, also for one's own access, and NotPossible.
    """
    scope = _open(of, by)
    must_not_hold(entitlement, by)
    if entitlement.pk in scope.left_out:
        return
    _save(of, scope, [*scope.left_out, entitlement.pk])
    record("scopes.left_out", of, by=by, entitlement=entitlement, app=entitlement.app.name)


@transaction.atomic
def put_back(of: Scoped, entitlement: Entitlement, *, by: User | None) -> None:
    """No longer leave it out. Raises Denied, NotPossible."""
    scope = _open(of, by)
    if entitlement.pk not in scope.left_out:
        return
    _save(of, scope, [key for key in scope.left_out if key != entitlement.pk])
    record("scopes.put_back", of, by=by, entitlement=entitlement, app=entitlement.app.name)


@transaction.atomic
def give_policy(of: Scoped, entitlement: Entitlement, policy: Policy | None, *, by: User | None) -> None:
    """Have this policy say who decides on it; None: what would apply without.

    Raises Denied, also for one's own access, and NotPossible.
    """
    scope = _open(of, by)
    must_not_hold(entitlement, by)
    present = scope.policies.select_related("policy").filter(entitlement=entitlement).first()
    before = present.policy if present else None
    if policy == before:
        return
    if policy is None:
        scope.policies.filter(entitlement=entitlement).delete()
    else:
        _must_be_in_use(policy)
        ScopePolicy.objects.update_or_create(
            scope=scope, entitlement=entitlement, defaults={"policy": policy}
        )
    _touch(of)
    changed = {"before": str(before or ""), "after": str(policy or "")}
    record(
        "scopes.policy_given",
        of,
        by=by,
        entitlement=entitlement,
        app=entitlement.app.name,
        policy=changed,
    )


@transaction.atomic
def reset_policies(of: Scoped, *, by: User | None) -> int:
    """No entitlement has a policy of its own any more. Answers how many had. Raises Denied, NotPossible."""
    scope = _open(of, by)
    number, _ = scope.policies.all().delete()
    if number:
        _touch(of)
        record("scopes.policies_reset", of, by=by, entitlements=number)
    return number


def _open(of: Scoped, by: User | None) -> Scope:
    """Its scope, while it may be changed; nobody else changes it until this is over."""
    if isinstance(of, Campaign):
        must_run(of, by)
        if not Campaign.objects.select_for_update(of=("self",)).get(pk=of.pk).is_draft:
            raise NotPossible(f"{of} is no draft any more. Its scope is fixed from staging on.")
    else:
        must_run_template(of, by)
        if Template.objects.select_for_update(of=("self",)).get(pk=of.pk).retired_at is not None:
            raise NotPossible(f"{of} is retired: make a new template of one of its campaigns.")
    return Scope.objects.get(pk=of.scope_id)


def _save(of: Scoped, scope: Scope, left_out: list[str]) -> None:
    Scope.objects.filter(pk=scope.pk).update(left_out=left_out)
    _touch(of)


def _touch(of: Scoped) -> None:
    """A form that knows it as it was is stale; a draft may be right now for what it was refused for."""
    if isinstance(of, Campaign):
        Campaign.objects.filter(pk=of.pk).update(changed_at=now(), staging_problem="")
    else:
        Template.objects.filter(pk=of.pk).update(changed_at=now())


def _must_be_in_use(policy: Policy) -> None:
    if Policy.objects.select_for_update().get(pk=policy.pk).retired_at is not None:
        raise NotPossible(f"The policy {policy} is retired: choose another.")
