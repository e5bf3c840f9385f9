"""The addresses of people, groups, and one's own profile."""

from datetime import timedelta

from django.utils.timezone import now

from core.models import Delegation, Membership, PeopleGroup, Role, User
from tests.make import make_user
from tests.permissions.asking import Request, World

TABLE = """
                        super     connector_admin owner    app_owner basic    application campaign  request   helpdesk  read_only deactivated stranger
core:people             200/405   200/405         403/405  403/405   403/405  200/405     200/405   200/405   200/405   200/405   302/302     302/302
core:people_matches     200/405   200/405         200/405  200/405   200/405  200/405     200/405   200/405   200/405   200/405   302/302     302/302
core:people_roles       away/done 403/403         403/403  403/403   403/403  403/403     403/403   403/403   403/403   403/403   302/302     302/302
core:person             200/405   200/405         200/405  404/405   404/405  200/405     200/405   200/405   200/405   200/405   302/302     302/302
core:edit_person        200/done  403/403         403/403  404/404   404/404  403/403     403/403   403/403   403/403   403/403   302/302     302/302
core:person_roles       200/done  403/403         403/403  404/404   404/404  403/403     403/403   403/403   403/403   403/403   302/302     302/302
core:deactivate         200/done  403/403         403/403  404/404   404/404  403/403     403/403   403/403   403/403   403/403   302/302     302/302
core:reactivate         405/done  405/403         405/404  405/404   405/404  405/403     405/403   405/403   405/403   405/403   302/302     302/302
core:mail_password_link 405/done  405/403         405/403  405/404   405/404  405/403     405/403   405/403   405/403   405/403   302/302     302/302
core:end_sessions       405/done  405/403         405/403  405/404   405/404  405/403     405/403   405/403   405/403   405/403   302/302     302/302
core:delegate           200/done  403/403         403/403  404/404   404/404  403/403     403/403   403/403   403/403   403/403   302/302     302/302
core:end_delegation     405/done  405/403         405/404  405/404   405/404  405/403     405/403   405/403   405/403   405/403   302/302     302/302
core:profile            200/405   200/405         200/405  200/405   200/405  200/405     200/405   200/405   200/405   200/405   302/302     302/302
core:time_zone          405/done  405/done        405/done 405/done  405/done 405/done    405/done  405/done  405/done  405/done  302/302     302/302
core:groups             200/405   200/405         403/405  403/405   403/405  200/405     200/405   200/405   200/405   200/405   302/302     302/302
core:add_group          200/done  403/403         403/403  403/403   403/403  403/403     200/done  403/403   403/403   403/403   302/302     302/302
core:group              200/405   200/405         403/405  403/405   403/405  200/405     200/405   200/405   200/405   200/405   302/302     302/302
core:edit_group         200/done  403/403         403/403  403/403   403/403  403/403     200/done  403/403   403/403   403/403   302/302     302/302
core:add_members        405/done  405/403         405/403  405/403   405/403  405/403     405/done  405/403   405/403   405/403   302/302     302/302
core:remove_member      405/done  405/403         405/403  405/403   405/403  405/403     405/done  405/403   405/403   405/403   302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    return person_requests(world.person("owner")) | group_requests()


def person_requests(owner: User) -> dict[str, Request]:
    """Somebody who reports to the owner, one who is deactivated, and one in whose place somebody stands."""
    report = make_user("Noor Jansen", Role.BASIC)
    report.managers.add(owner)
    gone = make_user("Paul Roy", status=User.Status.DEACTIVATED)
    away, other = make_user("Ella Brink", Role.BASIC), make_user("Jon Vidal", Role.BASIC)
    Delegation.objects.create(person=away, delegate=other, starts_at=now(), ends_at=now() + timedelta(days=3))
    seen = {"changed_at": report.changed_at.isoformat()}
    day = f"{now():%Y-%m-%d}"
    return {
        "core:people_roles": Request(typed={"people": [report.pk], "roles": [Role.CAMPAIGN]}),
        "core:person": Request([report.pk]),
        "core:edit_person": Request([report.pk], {"name": "Noor", "email": report.email, **seen}),
        "core:person_roles": Request([report.pk], {"roles": [Role.CAMPAIGN], **seen}),
        "core:deactivate": Request([report.pk]),
        "core:reactivate": Request([gone.pk]),
        "core:mail_password_link": Request([report.pk]),
        "core:end_sessions": Request([report.pk]),
        "core:delegate": Request([report.pk], {"delegate": [other.pk], "first": day, "last": day}),
        "core:end_delegation": Request([away.pk]),
        "core:time_zone": Request(typed={"time_zone": "Europe/Oslo"}),
    }


def group_requests() -> dict[str, Request]:
    """A group with one person in it."""
    group = PeopleGroup.objects.create(name="Finance reviewers")
    inside, outside = make_user("Mia Falk", Role.BASIC), make_user("Leo Marsh", Role.BASIC)
    Membership.objects.create(group=group, person=inside)
    seen = {"changed_at": group.changed_at.isoformat()}
    return {
        "core:add_group": Request(typed={"name": "Approvers"}),
        "core:group": Request([group.pk]),
        "core:edit_group": Request([group.pk], {"name": "Finance", **seen}),
        "core:add_members": Request([group.pk], {"people": [outside.pk]}),
        "core:remove_member": Request([group.pk], {"person": inside.pk}),
    }
