"""The addresses of policies."""

from core.models import Role
from reviews.actions.policies import PolicyFacts, create
from reviews.actions.policies_built_in import ensure
from tests.make import make_app, make_connected, make_entitlement, make_user
from tests.permissions.asking import Request, World
from tests.reviews.making import BY_MANAGER

TABLE = """
                         super    connector_admin owner   app_owner basic   application campaign request helpdesk read_only deactivated stranger
reviews:policies         200/405  403/405         403/405 403/405   403/405 403/405     200/405  403/405 403/405  200/405   302/302     302/302
reviews:add_policy       200/done 403/403         403/403 403/403   403/403 403/403     200/done 403/403 403/403  403/403   302/302     302/302
reviews:policy           200/405  404/405         404/405 404/405   404/405 404/405     200/405  404/405 404/405  200/405   302/302     302/302
reviews:edit_policy      200/done 404/404         404/404 404/404   404/404 404/404     200/done 404/404 404/404  403/403   302/302     302/302
reviews:duplicate_policy 405/done 405/404         405/404 405/404   405/404 405/404     405/done 405/404 405/404  405/403   302/302     302/302
reviews:retire_policy    405/done 405/404         405/404 405/404   405/404 405/404     405/done 405/404 405/404  405/403   302/302     302/302
reviews:app_policy       200/done 403/403         404/404  403/403   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
reviews:entitlement_policy 200/done 403/403       404/404  403/403   404/404 404/404     404/404  404/404 404/404  403/403   302/302     302/302
reviews:follow_denials   405/done 405/404         405/404 405/404   405/404 405/404     405/done 405/404 405/404  405/403   302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    """A policy of the organisation's own, and one that came with Reeve."""
    maker = make_user("Paula Weber", Role.CAMPAIGN)
    own = create(PolicyFacts("Ours", "", BY_MANAGER), by=maker)
    built_in = ensure()[0]
    rules = {"r0-name": "Everything else", "r0-s0-kind": "app_owner", "removes": "on", "save": "1"}
    seen = {"changed_at": own.changed_at.isoformat()}
    app = make_connected(world.person("owner"), app=make_app("Concur", world.person("app_owner"))).app
    role = make_entitlement(app)
    return {
        "reviews:app_policy": Request([app.pk], {"policy": built_in.pk}),
        "reviews:entitlement_policy": Request([app.pk, role.pk], {"policy": built_in.pk}),
        "reviews:add_policy": Request(typed={"name": "Yet another", **rules}),
        "reviews:policy": Request([own.pk]),
        "reviews:edit_policy": Request([own.pk], {"name": "Ours", **rules, **seen}),
        "reviews:duplicate_policy": Request([own.pk]),
        "reviews:retire_policy": Request([own.pk]),
        "reviews:follow_denials": Request([built_in.pk], {"removes": "no"}),
    }
