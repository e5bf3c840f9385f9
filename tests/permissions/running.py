"""The addresses of campaigns under way. `owner` is the control owner of these, `campaign` their owner."""

from django.utils.timezone import now

from core.models import Role
from reviews.actions import removals
from reviews.actions.signing_off import STATEMENTS
from reviews.models import Campaign, Decision, Removal, ReviewTask, SampledLine
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.permissions.asking import Request, World
from tests.reviews.making import make_running

TABLE = """
                             super    connector_admin owner    app_owner basic   application campaign request helpdesk read_only deactivated stranger
reviews:campaign_lines       200/405  404/405         200/405  404/405   404/405 404/405     200/405  404/405 404/405  200/405   302/302     302/302
reviews:campaign_line        200/405  404/405         200/405  404/405   404/405 404/405     200/405  404/405 404/405  200/405   302/302     302/302
reviews:have_removed         405/done 405/404         405/403  405/404   405/404 405/404     405/done 405/404 405/404  405/403   302/302     302/302
reviews:repair_lines         409/done 404/404         403/403  404/404   404/404 404/404     409/done 404/404 404/404  403/403   302/302     302/302
reviews:say                  405/done 405/404         405/done 405/404   405/404 405/404     405/done 405/404 405/404  405/403   302/302     302/302
reviews:correct              405/done 405/404         405/403  405/404   405/404 405/404     405/done 405/404 405/404  405/403   302/302     302/302
reviews:reassign_line        200/done 404/404         403/403  404/404   404/404 404/404     200/done 404/404 404/404  403/403   302/302     302/302
reviews:reassign_reviewer    200/done 404/404         403/403  404/404   404/404 404/404     200/done 404/404 404/404  403/403   302/302     302/302
reviews:campaign_submissions 200/405  404/405         200/405  404/405   404/405 404/405     200/405  404/405 404/405  200/405   302/302     302/302
reviews:control_owner        200/done 404/404         403/403  404/404   404/404 404/404     200/done 404/404 404/404  403/403   302/302     302/302
reviews:remind               200/done 404/404         403/403  404/404   404/404 404/404     200/done 404/404 404/404  403/403   302/302     302/302
reviews:removals             200/done 404/404         200/403  404/404   404/404 404/404     200/done 404/404 404/404  200/403   302/302     302/302
reviews:campaign_counts      200/405  404/405         200/405  404/405   404/405 404/405     200/405  404/405 404/405  200/405   302/302     302/302
reviews:campaign_trail       200/405  404/405         200/405  404/405   404/405 404/405     200/405  404/405 404/405  200/405   302/302     302/302
reviews:close_campaign       200/done 404/404         403/403  404/404   404/404 404/404     200/done 404/404 404/404  403/403   302/302     302/302
reviews:sign_off             200/403  404/404         200/done 404/404   404/404 404/404     200/403  404/404 404/404  200/403   302/302     302/302
reviews:look_again           405/403  405/404         405/done 405/404   405/404 405/404     405/403  405/404 405/404  405/403   302/302     302/302
reviews:my_removals          200/409  200/409         200/409  200/done  200/409 200/409     200/409  200/409 200/409  200/409   302/302     302/302
reviews:removal              200/403  404/404         200/403  200/done  404/404 404/404     200/403  404/404 404/404  200/403   302/302     302/302
"""


def requests(world: World) -> dict[str, Request]:
    """One that runs, with a certified and a denied line; one that is closed, with a line to look at again; and
    one that is ready to be signed off."""
    running = made(world, "Running")
    line = running.tasks.get(line_no=1)
    turn = line.turns.get()
    Decision.objects.create(task=line, campaign=running, turn=turn, outcome="certified", by=turn.reviewer)
    running.tasks.filter(line_no=1).update(status="certified")
    removals.open_for([denied(running, 2)], None)
    removal = Removal.objects.get(campaign=running)
    closed, ready = (made(world, name, status="closed", closed_at=now()) for name in ("Closed", "Ready"))
    ready.tasks.update(status="excepted")
    denied(closed, 2)
    untouched, other = made(world, "Untouched"), make_user("Taker of Untouched")
    next_ = make_user("Control owner to be", Role.BASIC)
    asked = untouched.tasks.get(line_no=1).turns.get().reviewer
    SampledLine.objects.create(campaign=closed, task=closed.tasks.get(line_no=1), line_no=1)
    return {
        "reviews:campaign_lines": Request([running.pk]),
        "reviews:campaign_line": Request([running.pk, "1"]),
        "reviews:have_removed": Request([closed.pk], {"line": ["2"]}),
        "reviews:repair_lines": Request(
            [untouched.pk], {"do": "restart", "line": ["2:1-open"], "reason": "Wrong one"}
        ),
        "reviews:say": Request([running.pk, "1"], {"text": "Needed until May"}),
        "reviews:correct": Request([running.pk, "1"], {"outcome": "denied", "reason": "Moved"}),
        "reviews:reassign_line": Request([untouched.pk, "1"], {"to": other.pk, "reason": "On leave"}),
        "reviews:reassign_reviewer": Request(
            [untouched.pk, asked.pk], {"to": other.pk, "reason": "On leave"}
        ),
        "reviews:campaign_submissions": Request([running.pk]),
        "reviews:control_owner": Request([untouched.pk], {"to": next_.pk, "reason": "Left the team"}),
        "reviews:remind": Request([running.pk], {"text": "Please decide."}),
        "reviews:removals": Request(
            [running.pk], {"do": "except", "removal": [removal.key], "reason": "Needed"}
        ),
        "reviews:campaign_counts": Request([running.pk]),
        "reviews:campaign_trail": Request([running.pk]),
        "reviews:close_campaign": Request([running.pk], {"at_end": "exception"}),
        "reviews:sign_off": Request([ready.pk], {"agreed": list(STATEMENTS)}),
        "reviews:look_again": Request([closed.pk, "1"], {"agrees": "yes"}),
        "reviews:my_removals": Request(typed={"do": "confirm", "removal": [removal.key]}),
        "reviews:removal": Request([removal.key], {"do": "confirm"}),
    }


def made(world: World, name: str, **fields: object) -> Campaign:
    app = make_app(f"App of {name}", world.person("app_owner"))
    grants = [
        make_grant(make_account(app, f"Holder {number}"), make_entitlement(app, f"Role {number}"))
        for number in (1, 2)
    ]
    return make_running(
        grants,
        make_user(f"Reviewer of {name}"),
        world.person("campaign"),
        name=name,
        control_owner=world.person("owner"),
        **fields,
    )


def denied(campaign: Campaign, number: int) -> ReviewTask:
    campaign.tasks.filter(line_no=number).update(status="denied")
    return campaign.tasks.get(line_no=number)
