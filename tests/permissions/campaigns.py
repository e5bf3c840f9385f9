"""The addresses of campaigns, drafts and templates."""

from datetime import UTC, date, datetime

from core.models import ColumnChoice, Role
from reviews.actions import policies_built_in
from reviews.models import (
    Campaign,
    CampaignOwner,
    Instructions,
    PolicyVersion,
    ReviewRules,
    Scope,
    ScopePolicy,
    Template,
)
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.permissions.asking import Request, World
from tests.reviews.making import make_policy

TABLE = """
                           super     connector_admin owner   app_owner basic   application campaign  request helpdesk read_only deactivated stranger
reviews:campaigns          200/405   200/405         200/405 200/405   200/405 200/405     200/405   200/405 200/405  200/405   302/302     302/302
reviews:campaign_columns   405/done  405/done        405/done 405/done 405/done 405/done   405/done  405/done 405/done  405/done  302/302     302/302
reviews:new_campaign       200/done  403/403         403/403 403/403   403/403 403/403     200/done  403/403 403/403  403/403   302/302     302/302
reviews:first_review       away/away 403/403         403/403 403/403   403/403 403/403     away/away  403/403 403/403  403/403   302/302     302/302
reviews:campaign           200/405   404/405         404/405 404/405   404/405 404/405     200/405   404/405 404/405  200/405   302/302     302/302
reviews:draft_scope        200/done  404/404         404/404 404/404   404/404 404/404     200/done  404/404 404/404  200/403   302/302     302/302
reviews:scope_entitlement  200/done  404/404         404/404 404/404   404/404 404/404     200/done  404/404 404/404  200/403   302/302     302/302
reviews:reset_policies     405/done  405/404         405/404 405/404   405/404 405/404     405/done  405/404 405/404  405/403   302/302     302/302
reviews:draft_reviewers    200/done  404/404         404/404 404/404   404/404 404/404     200/done  404/404 404/404  200/403   302/302     302/302
reviews:draft_data         200/405   404/405         404/405 404/405   404/405 404/405     200/405   404/405 404/405  200/405   302/302     302/302
reviews:draft_settings     200/done  404/404         404/404 404/404   404/404 404/404     200/done  404/404 404/404  200/403   302/302     302/302
reviews:draft_schedule     200/done  404/404         404/404 404/404   404/404 404/404     200/done  404/404 404/404  200/403   302/302     302/302
reviews:validate_scope     200/405   404/405         404/405 404/405   404/405 404/405     200/405   404/405 404/405  200/405   302/302     302/302
reviews:stage              405/done  405/404         405/404 405/404   405/404 405/404     405/done  405/404 405/404  405/403   302/302     302/302
reviews:second_override    405/done  405/404         405/404 405/404   405/404 405/404     405/403   405/404 405/404  405/403   302/302     302/302
reviews:start_campaign     405/done  405/404         405/404 405/404   405/404 405/404     405/done  405/404 405/404  405/403   302/302     302/302
reviews:cancel_campaign    200/done  404/404         404/404 404/404   404/404 404/404     200/done  404/404 404/404  403/403   302/302     302/302
reviews:discard_draft      405/done  405/404         405/404 405/404   405/404 405/404     405/done  405/404 405/404  405/403   302/302     302/302
reviews:duplicate_campaign 200/done  404/404         404/404 404/404   404/404 404/404     200/done  404/404 404/404  403/403   302/302     302/302
reviews:campaign_owners    200/done  404/404         404/404 404/404   404/404 404/404     200/done  404/404 404/404  403/403   302/302     302/302
reviews:instructions       200/done  404/404         404/404 404/404   404/404 404/404     200/done  404/404 404/404  200/403   302/302     302/302
reviews:new_template       200/done  404/404         404/404 404/404   404/404 404/404     200/done  404/404 404/404  403/403   302/302     302/302
reviews:template           200/405   404/405         404/405 404/405   404/405 404/405     200/405   404/405 404/405  200/405   302/302     302/302
reviews:template_settings  200/done  404/404         404/404 404/404   404/404 404/404     200/done  404/404 404/404  200/403   302/302     302/302
reviews:template_scope     200/done  404/404         404/404 404/404   404/404 404/404     200/done  404/404 404/404  200/403   302/302     302/302
reviews:template_entitlement 200/done 404/404        404/404 404/404   404/404 404/404     200/done  404/404 404/404  200/403   302/302     302/302
reviews:template_policies  405/done  405/404         405/404 405/404   405/404 405/404     405/done  405/404 405/404  405/403   302/302     302/302
reviews:template_course    200/done  404/404         404/404 404/404   404/404 404/404     200/done  404/404 404/404  200/403   302/302     302/302
reviews:make_draft         405/done  405/404         405/404 405/404   405/404 405/404     405/done  405/404 405/404  405/403   302/302     302/302
reviews:rules              200/done  403/403         403/403 403/403   403/403 403/403     403/403   403/403 403/403  200/403   302/302     302/302
reviews:retire_template    405/done  405/404         405/404 405/404   405/404 405/404     405/done  405/404 405/404  405/403   302/302     302/302
"""
COURSE = {"days_to_decide": 21, "desk": "person", "when_removed": "confirmed", "at_end": "exception"}


def requests(world: World) -> dict[str, Request]:
    """A draft, one that waits for a second yes, a staged one and a template, each of the campaign administrator."""
    policies_built_in.ensure()  # else whoever looks for them first makes them
    found = draft_requests(world) | staged_requests(world) | template_requests(world)
    policy = make_policy("For a new one")
    typed = {"name": "Coupa, Q1", "owners": [world.person("campaign").pk], "policy": policy.pk}
    for person in filter(None, world.everyone.values()):  # so that there is a row to change for everybody
        ColumnChoice.objects.create(user=person, table="campaigns-drafts", columns=["made"])
    columns = Request(["drafts"], {"column": ["state"]})
    rules = {**ReviewRules().values(), "removal_days": 5, "changed_at": ReviewRules().changed_at.isoformat()}
    return {
        "reviews:rules": Request(typed=rules),
        "reviews:campaign_columns": columns,
        "reviews:new_campaign": Request(typed=typed),
        **found,
    }


def made(world: World, name: str, **fields: object) -> Campaign:
    campaign = Campaign.objects.create(
        name=name,
        **{"scope": Scope.objects.create(), "policy": make_policy(f"Policy of {name}"), **fields},
    )
    CampaignOwner.objects.create(campaign=campaign, user=world.person("campaign"))
    Instructions.objects.create(campaign=campaign, number=1, text="Look closely.")
    return campaign


def draft_requests(world: World) -> dict[str, Request]:
    period = {"period_starts_on": date(2026, 10, 1), "period_ends_on": date(2026, 12, 31)}
    draft = made(world, "Drafted", control_owner=make_user("Kim Aarts"), **period)
    seen = {"changed_at": draft.changed_at.isoformat()}
    other, helper = make_policy("Another"), make_user("Zoe Roth", Role.CAMPAIGN)
    control = {"name": "Renamed", "frequency": "yearly", "sample_percent": 20, **seen}
    owners = [world.person("campaign").pk, helper.pk]
    rhythm = {"name": "Quarterly", "every": 3, "unit": "months"}
    role = make_entitlement(make_app("Has a role"))
    ScopePolicy.objects.create(scope=draft.scope, entitlement=role, policy=make_policy("Its own"))
    return {
        "reviews:draft_scope": Request([draft.pk], {"what": "kinds", "only_without_owner": "on", **seen}),
        "reviews:scope_entitlement": Request([draft.pk, role.pk], {"policy": other.pk}),
        "reviews:reset_policies": Request([draft.pk]),
        "reviews:draft_reviewers": Request([draft.pk], {"policy": other.pk, **seen}),
        "reviews:draft_data": Request([draft.pk]),
        "reviews:draft_settings": Request([draft.pk], control),
        "reviews:draft_schedule": Request([draft.pk], {**COURSE, **seen}),
        "reviews:validate_scope": Request([draft.pk]),
        "reviews:stage": Request([draft.pk]),
        "reviews:discard_draft": Request([draft.pk]),
        "reviews:duplicate_campaign": Request([draft.pk], {"name": "Once more"}),
        "reviews:campaign_owners": Request([draft.pk], {"owners": owners, **seen}),
        "reviews:instructions": Request([draft.pk], {"text": "Look twice."}),
        "reviews:new_template": Request([draft.pk], rhythm),
    }


def staged_requests(world: World) -> dict[str, Request]:
    """One that is staged, and one that waits for a yes other than its owner's."""
    staged = made(world, "Staged", status=Campaign.Status.STAGED)
    app = make_app("Reviewed")
    make_grant(make_account(app), make_entitlement(app))
    waiting = made(
        world,
        "Waiting",
        status=Campaign.Status.STAGING,
        override_reason="The source is away.",
        staging_wanted_by=world.person("campaign"),
        staging_wanted_at=datetime(2026, 11, 29, tzinfo=UTC),
        policy_version=PolicyVersion.objects.order_by("-pk")[0],
    )
    return {
        "reviews:campaign": Request([staged.pk]),
        "reviews:start_campaign": Request([staged.pk]),
        "reviews:cancel_campaign": Request([staged.pk], {"reason": "Wrong scope."}),
        "reviews:second_override": Request([waiting.pk]),
    }


def template_requests(world: World) -> dict[str, Request]:
    owner = world.person("campaign")
    template = Template.objects.create(name="Each quarter", scope=Scope.objects.create())
    template.owners.add(owner)
    role, other = make_entitlement(make_app("Has another role")), make_policy("For its drafts")
    ScopePolicy.objects.create(scope=template.scope, entitlement=role, policy=make_policy("Its own too"))
    seen = {"changed_at": template.changed_at.isoformat()}
    control = {
        "name": "Each year",
        "frequency": "yearly",
        "sample_percent": 20,
        "every": 12,
        "unit": "months",
    }
    return {
        "reviews:template": Request([template.pk]),
        "reviews:template_settings": Request([template.pk], {**control, "owners": [owner.pk], **seen}),
        "reviews:template_scope": Request(
            [template.pk], {"what": "kinds", "only_without_owner": "on", **seen}
        ),
        "reviews:template_entitlement": Request([template.pk, role.pk], {"policy": other.pk}),
        "reviews:template_policies": Request([template.pk]),
        "reviews:template_course": Request([template.pk], {**COURSE, **seen}),
        "reviews:make_draft": Request([template.pk]),
        "reviews:retire_template": Request([template.pk]),
    }
