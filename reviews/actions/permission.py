"""Who may do what with a campaign, said once.

`None` stands for the timetable and for an operator's command.
"""

from core.errors import Denied
from core.models import Role, User
from reviews.models import Campaign, Template


def may_make_campaigns(user: User) -> bool:
    return user.is_active and user.has_role(Role.SUPER, Role.CAMPAIGN)


def may_run(campaign: Campaign, user: User) -> bool:
    return user.is_active and Campaign.objects.run_by(user).filter(pk=campaign.pk).exists()


def may_run_template(template: Template, user: User) -> bool:
    """Super Administrators, and those of its owners who are Campaign Administrators."""
    if not may_make_campaigns(user):
        return False
    return user.is_super or template.owners.filter(pk=user.pk).exists()


def must_make_campaigns(user: User | None) -> None:
    if user is not None and not may_make_campaigns(user):
        raise Denied("Only a Campaign Administrator or a Super Administrator can set up campaigns.")


def must_run(campaign: Campaign, user: User | None) -> None:
    if user is not None and not may_run(campaign, user):
        raise Denied(
            f"Only a Super Administrator, or an owner of {campaign} with the role Campaign Administrator, can"
            " do this."
        )


def must_run_template(template: Template, user: User | None) -> None:
    if user is not None and not may_run_template(template, user):
        raise Denied(
            f"Only a Super Administrator, or an owner of {template} with the role Campaign Administrator, can"
            " do this."
        )
