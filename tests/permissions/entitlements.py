"""The addresses of what is known and decided about entitlements and resources."""

from connectors.models import Tag, TagRule
from core.models import User
from tests.make import make_account, make_app, make_connected, make_entitlement, make_grant
from tests.permissions.asking import Request, World

TABLE = """
                                   super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
connectors:entitlement_edit        200/done 403/403         404/404  403/403   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:entitlements_attributes 200/done 403/403         404/404  403/403   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:resources               200/405  200/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:resource                200/405  200/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:changes                 200/405  200/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:all_changes             200/405  200/405         200/405  200/405   200/405 200/405     200/405  200/405 200/405  200/405   302/302     302/302
connectors:rules                   200/405  200/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:add_rule                200/done 403/403         404/404  403/403   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:rule                    200/405  200/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  200/405   302/302     302/302
connectors:edit_rule               200/done 403/403         404/404  403/403   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
connectors:switch_rule             405/done 405/403         405/404  405/403   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:move_rule               405/done 405/403         405/404  405/403   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:remove_rule             405/done 405/403         405/404  405/403   405/404 405/404     405/404  405/404 405/404  405/403   302/302     302/302
connectors:tags                    200/done 403/403         403/403  403/403   403/403 403/403     403/403  403/403 403/403  200/403   302/302     302/302
connectors:tag                     200/done 403/403         403/403  403/403   403/403 403/403     403/403  403/403 403/403  403/403   302/302     302/302
connectors:move_tag                405/done 405/403         405/403  405/403   405/403 405/403     405/403  405/403 405/403  405/403   302/302     302/302
connectors:remove_tag              405/done 405/403         405/403  405/403   405/403 405/403     405/403  405/403 405/403  405/403   302/302     302/302
connectors:resource_edit           200/done 403/403         404/404  403/403   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
"""
UNSEEN = "0001-01-01T00:00:00+00:00"


def requests(world: World) -> dict[str, Request]:
    """An app with one entitlement that somebody holds."""
    owner, app_owner = world.person("owner"), world.person("app_owner")
    return entitlement_requests(owner, app_owner) | rule_requests(app_owner) | tag_requests()


def entitlement_requests(owner: User, app_owner: User) -> dict[str, Request]:
    app = make_connected(owner, app=make_app("Concur", app_owner)).app
    entitlement = make_entitlement(app)
    make_grant(make_account(app), entitlement)
    edited = {"alias": "buy", "risk": "High", "changed_at": UNSEEN}
    return {
        "connectors:entitlement_edit": Request([app.pk, entitlement.pk], edited),
        "connectors:entitlements_attributes": Request(
            [app.pk], {"chosen": [entitlement.pk], "set_risk": "on", "risk": "High"}
        ),
        "connectors:changes": Request([app.pk]),
        "connectors:resources": Request([app.pk]),
        "connectors:resource": Request([app.pk, entitlement.resource_id]),
        "connectors:resource_edit": Request(
            [app.pk, entitlement.resource_id], {"own_name": "Purchaser", "changed_at": UNSEEN}
        ),
    }


def rule_requests(app_owner: User) -> dict[str, Request]:
    """Two rules that are off, of which the second fits one entitlement."""
    app = make_app("Tradeshift", app_owner)
    make_entitlement(app, "Approver")
    TagRule.objects.create(app=app, rank=1, name="First", words="nothing", risk="Low")
    rule = TagRule.objects.create(app=app, rank=2, name="Approvers", words="approver", risk="High")
    typed = {"name": "Approvers here", "risk": "High", "changed_at": rule.changed_at.isoformat()}
    one = [app.pk, rule.pk]
    return {
        "connectors:rules": Request([app.pk]),
        "connectors:add_rule": Request([app.pk], typed),
        "connectors:rule": Request(one),
        "connectors:edit_rule": Request(one, typed),
        "connectors:switch_rule": Request(one, {"on": "1", "acknowledged": "on", "expected": "1"}),
        "connectors:move_rule": Request(one, {"up": "1"}),
        "connectors:remove_rule": Request(one),
    }


def tag_requests() -> dict[str, Request]:
    """One of the risk levels everybody starts with."""
    tag = Tag.objects.get(name="Medium")
    typed = {"name": "Moderate", "changed_at": tag.changed_at.isoformat()}
    return {
        "connectors:tags": Request((), {"kind": "framework", "name": "ISO 27001"}),
        "connectors:tag": Request([tag.pk], typed),
        "connectors:move_tag": Request([tag.pk], {"up": "1"}),
        "connectors:remove_tag": Request([tag.pk]),
    }
