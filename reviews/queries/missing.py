"""What a draft lacks before it is staged: its control data is fixed then, and its policies hold."""

from collections.abc import Iterator, Mapping

from reviews.models import Campaign
from reviews.queries.applying import would_apply
from reviews.routing import Kind

SOX = "sox"
"""A campaign whose scope names this framework is marked SOX, however it is written."""


def missing(campaign: Campaign) -> Mapping[str, str]:
    """By what it is about, mostly a column: what must be said or changed, as sentences."""
    wanted = {
        "policy": "Choose who decides.",
        "control_owner": "Name the control owner, who signs off.",
        "period_ends_on": "Say which period is reviewed.",
    }
    found = {column: said for column, said in wanted.items() if getattr(campaign, column) is None}
    if said := " ".join(_lets_people_in(campaign)):
        found["self_review"] = f"{said} Nobody decides on their own access in a campaign marked SOX."
    return found


def _lets_people_in(campaign: Campaign) -> Iterator[str]:
    """Steps that let people answer for their own access, where it is marked SOX.

    To ask the owner of an account before somebody else is none of them.
    """
    if SOX not in {each.strip().casefold() for each in campaign.scope.frameworks}:
        return
    policies = would_apply(campaign)
    for applied in policies.all():
        for rule in policies.text_of(applied).rules:
            for number, step in enumerate(rule.steps, 1):
                if step.may_self_review and step.kind is not Kind.ACCOUNT_OWNER:
                    yield (
                        f"Step {number} of “{rule.name}” in {applied.version} lets people answer for their"
                        " own access: switch that off or choose another policy."
                    )
