"""Whoever is asked reviews, whatever their roles; who runs a campaign, or everything, looks elsewhere."""

from django.utils.timezone import localdate

from core.actions.columns import choose_columns
from core.models import Role
from reviews.actions import deciding, marks
from reviews.models import Mark
from reviews.queries import desk_columns
from reviews.queries.desk import bar
from tests.make import make_user
from tests.permissions.asking import Request, World
from tests.reviews.making import make_grants, make_running
from tests.reviews.showing import shown_to

TABLE = """
                     super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
reviews:reviews      200/405  200/405         200/405  200/405   200/405 200/405     200/405  200/405 200/405  200/405   302/302     302/302
reviews:desk         404/405  404/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  404/405   302/302     302/302
reviews:mark         405/404  405/404         405/404  405/done  405/404 405/404     405/404  405/404 405/404  405/404   302/302     302/302
reviews:desk_columns 405/404  405/404         405/404  405/done  405/404 405/404     405/404  405/404 405/404  405/404   302/302     302/302
reviews:comment_several 404/404  404/404         404/404  409/done  404/404 404/404     404/404  404/404 404/404  404/404   302/302     302/302
reviews:stand_in     404/404  404/404         404/404  200/done  404/404 404/404     404/404  404/404 404/404  404/404   302/302     302/302
reviews:give         404/404  404/404         404/404  409/done  404/404 404/404     404/404  404/404 404/404  404/404   302/302     302/302
reviews:submit       404/404  404/404         404/404  200/done  404/404 404/404     404/404  404/404 404/404  404/404   302/302     302/302
reviews:submissions  404/405  404/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  404/405   302/302     302/302
reviews:submission   404/405  404/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  404/405   302/302     302/302
reviews:line         404/405  404/405         404/405  200/405   404/405 404/405     404/405  404/405 404/405  404/405   302/302     302/302
reviews:comment      405/404  405/404         405/404  405/done  405/404 405/404     405/404  405/404 405/404  405/404   302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    reviewer = world.person("app_owner")
    grants = make_grants(3, person=make_user("Nora Reviewed"))
    campaign = make_running(grants, reviewer, make_user("Olga Berg", Role.CAMPAIGN))
    marks.mark(campaign, [3], Mark.Outcome.CERTIFY, by=reviewer)
    done = deciding.submit(campaign, reviewer, marks_seen=bar(campaign, reviewer).stamp)
    marks.mark(campaign, [1], Mark.Outcome.CERTIFY, by=reviewer)
    other = make_user("Rui Costa", Role.BASIC)
    # So that there is a row to change: a new one is not noticed on SQLite.
    choose_columns(reviewer, desk_columns.TABLE, ["owner"], known=desk_columns.CHOICES)
    away = {"delegate": [other.pk], "first": localdate().isoformat(), "last": localdate().isoformat()}
    return {
        "reviews:desk": Request([campaign.pk]),
        "reviews:mark": Request([campaign.pk], {"certify": "2", "shown": shown_to(reviewer, campaign)}),
        "reviews:desk_columns": Request([campaign.pk], {"column": ["line", "owner"], "next": "/reviews/"}),
        "reviews:comment_several": Request([campaign.pk], {"line": ["1", "2"], "text": "Asked Tom"}),
        "reviews:stand_in": Request([campaign.pk], away),
        "reviews:give": Request([campaign.pk], {"line": ["2"], "people": [other.pk], "reason": "Knows it"}),
        "reviews:submit": Request([campaign.pk], {"seen": bar(campaign, reviewer).stamp}),
        "reviews:submissions": Request([campaign.pk]),
        "reviews:submission": Request([campaign.pk, done.submission.key]),
        "reviews:line": Request([campaign.pk, "1"]),
        "reviews:comment": Request([campaign.pk, "1"], {"text": "Needed until May"}),
    }
