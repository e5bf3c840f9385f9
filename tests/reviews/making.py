"""Campaigns and lines for tests, as staging would have left them."""

from collections.abc import Sequence
from typing import Any

from django.utils.timezone import now

from connectors.models import Grant
from core.models import Role, User
from reviews.models import (
    Campaign,
    CampaignOwner,
    Instructions,
    Policy,
    PolicyVersion,
    Progress,
    ReviewTask,
    Scope,
    Turn,
)
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user

BY_MANAGER = {"rules": [{"name": "Everything else", "condition": None, "steps": [{"kind": "manager"}]}]}


def make_policy(name: str = "Manager", content: dict[str, Any] | None = None, **fields: Any) -> Policy:
    """A policy with one version. It says that the manager decides unless told otherwise."""
    policy = Policy.objects.create(name=name, **fields)
    PolicyVersion.objects.create(policy=policy, number=1, content=content or BY_MANAGER, digest="0" * 64)
    return policy


def make_campaign(name: str = "Coupa access, Q4", *owners: User, **fields: Any) -> Campaign:
    """A draft of everything, with an owner of its own unless given some."""
    owners = owners or (make_user("Olga Berg", Role.CAMPAIGN),)
    scope = fields.pop("scope", None) or Scope.objects.create()
    campaign = Campaign.objects.create(
        name=name, **{"scope": scope, "policy": make_policy(f"Policy of {name}"), **fields}
    )
    CampaignOwner.objects.bulk_create(CampaignOwner(campaign=campaign, user=owner) for owner in owners)
    Instructions.objects.create(campaign=campaign, number=1, text="Keep what they need for their work.")
    return campaign


def make_running(grants: Sequence[Grant], reviewer: User, *owners: User, **fields: Any) -> Campaign:
    """A campaign that runs over these grants, each a line that this reviewer is asked about (`turn`: how)."""
    turn = fields.pop("turn", {})
    campaign = make_campaign(
        fields.pop("name", "Coupa access, Q4"),
        *owners,
        **{"status": Campaign.Status.RUNNING, "frozen_at": now(), "staged_at": now(), "started_at": now()}
        | fields,
    )
    version = campaign.policy.latest() if campaign.policy else None
    Campaign.objects.filter(pk=campaign.pk).update(policy_version=version, lines=len(grants))
    campaign.refresh_from_db()
    for line_no, grant in enumerate(grants, 1):
        make_turn(make_line(campaign, grant, line_no), reviewer, **turn)
    return campaign


def make_line(campaign: Campaign, grant: Grant, line_no: int, **fields: Any) -> ReviewTask:
    """One frozen line of a campaign."""
    account, entitlement = grant.account, grant.entitlement
    person = account.person
    frozen = {
        "app": account.app,
        "account": account,
        "entitlement": entitlement,
        "person": person,
        "run": grant.first_run,
        "since": grant.since,
        "source": account.source,
        "kind": entitlement.kind,
        "app_name": account.app.name,
        "account_id_there": account.external_id,
        "account_name": account.name,
        "account_login": account.login,
        "account_email": account.email,
        "account_status": account.status,
        "account_type": account.type,
        "account_marks": account.marks,
        "account_last_sign_in": account.profile.get("last_login", ""),
        "person_name": person.name if person else "",
        "person_title": person.title if person else "",
        "entitlement_id_there": entitlement.external_id,
        "entitlement_name": entitlement.name,
        "entitlement_slug": entitlement.shown_slug,
        "entitlement_description": entitlement.shown_description,
        "resource_name": entitlement.resource.shown_name,
        "risk": entitlement.risk,
        "frameworks": entitlement.frameworks,
    }
    return ReviewTask.objects.create(
        campaign=campaign, line_no=line_no, grant=grant.pk, **{**frozen, **fields}
    )


def make_turn(task: ReviewTask, reviewer: User, **fields: Any) -> Turn:
    """This reviewer is asked about that line, as its owner's manager unless told otherwise."""
    progress, _ = Progress.objects.get_or_create(campaign=task.campaign, reviewer=reviewer)
    Progress.objects.filter(pk=progress.pk).update(asked=progress.asked + 1, open=progress.open + 1)
    return Turn.objects.create(
        task=task,
        campaign=task.campaign,
        line_no=task.line_no,
        reviewer=reviewer,
        **{"rule": 1, "via": Turn.Via.MANAGER, **fields},
    )


def make_grants(count: int = 3, **of_account: Any) -> list[Grant]:
    """Grants of one app, each of an account and an entitlement of its own."""
    app = make_app("Coupa")
    return [
        make_grant(
            make_account(app, f"Holder {number}", **of_account), make_entitlement(app, f"Role {number}")
        )
        for number in range(1, count + 1)
    ]


def removes_nothing(campaign: Campaign) -> None:
    """From here on its policy says that a denial takes nothing away by itself."""
    version = PolicyVersion.objects.create(
        policy=make_policy("Removes nothing"), number=2, content={**BY_MANAGER, "removes": False}, digest=""
    )
    Campaign.objects.filter(pk=campaign.pk).update(policy_version=version)
    campaign.refresh_from_db()
