"""Reeve reads itself: added in one step, read again as soon as somebody's roles change."""

import logging
from collections.abc import Collection, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now

from connectors.actions import rules, runs
from connectors.actions.app_owners import set_owners
from connectors.actions.applications import same_name
from connectors.actions.permission import must_add_console
from connectors.models import App, Connector, ConnectorOwner
from connectors.queries.console import own_connector, own_spec, proposals
from core.errors import DomainError, NotPossible
from core.models import Organisation, Role, User
from core.trail import record

log = logging.getLogger(__name__)

NAMES = ("Reeve", "Reeve (this console)")
EVERY = timedelta(hours=1)
ABOUT = "This console: who administers access reviews, connectors and people."
OWNERS = (Role.SUPER, Role.CAMPAIGN)
"""Who answers for it from the beginning: the roles that set up reviews."""
WHY = "Roles, groups or who is active here has changed."


@transaction.atomic
def add(*, risks: Collection[str], owners: Sequence[User], by: User | None) -> Connector:
    """Make app and connector, and begin the first sync, a counted one. `risks`: the names of those
    entitlements whose proposed risk somebody agreed to; each becomes a rule of the app that is on. `owners`:
    of the app.

    Raises Denied, and NotPossible where it is there already.
    """
    must_add_console(by)
    Organisation.objects.select_for_update().get(pk=Organisation.current().pk)  # one after the other
    if (present := own_connector()) is not None:
        raise NotPossible(f"Reeve reads itself already, as {present}.")
    app = _app(owners, risks, by=by)
    spec = own_spec()
    connector = Connector.objects.create(
        app=app,
        driver=spec.kind,
        name=app.name,
        source=spec.source({}),
        every=EVERY,
        created_by=by,
        handed_over_at=now(),
    )
    if by is not None:
        ConnectorOwner.objects.create(connector=connector, user=by)
    record("connectors.created", connector, by=by, app=app, driver=spec.kind)
    runs.start(connector, by=by, counted=True)
    return connector


def first_owners() -> Sequence[User]:
    """Whoever administers reviews now."""
    return list(User.objects.active().holding(*OWNERS).order_by("search_text", "pk"))


def read_soon() -> None:
    """Begin a sync of it, if there is one and nothing hinders. One that is under way may have passed by what
    changed: the next hour's sees it."""
    connector = own_connector()
    if connector is None or connector.paused_at:
        return
    try:
        runs.start(connector, by=None, reason=WHY)
    except DomainError as problem:
        log.info("%s is not read again yet: %s", connector, problem)


def _app(owners: Sequence[User], risks: Collection[str], *, by: User | None) -> App:
    """The one that was read before, if it is still there: its history goes on, and its rules and owners
    stay."""
    before = App.objects.here().filter(matching=App.Matching.KEY).order_by("created_at").first()
    if before is not None:
        return before
    name = next((each for each in NAMES if same_name(each) is None), NAMES[-1])
    app = App.objects.create(
        name=name, status=App.Status.MANAGED, matching=App.Matching.KEY, description=ABOUT, icon="shield"
    )
    record("apps.created", app, by=by)
    set_owners(app, owners, [], by=by)
    for each in proposals():
        if each.entitlement in risks:
            facts = rules.RuleFacts(each.entitlement, each.kind, each.entitlement, each.risk, [])
            rules.agree(app, facts, by=by)
    return app
