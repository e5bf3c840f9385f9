"""A review to be decided, with one before it. Runs inside an instance, by `manage.py shell`."""

import json
from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now

from connectors.models import Account, App, Grant
from core.models import Role, User
from core.models.user import Reporting
from reviews.actions import removals
from reviews.models import Campaign, Decision, Removal, ReviewTask
from reviews.queries.removals import afterwards
from tests.browser.sessions import session_of
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_running

ACCESS = (
    (
        "Buyer",
        "role",
        "Medium",
        "Turns approved requisitions into purchase orders and sends them to suppliers.",
    ),
    ("Purchasing Approver, 250 k", "role", "High", "Approves purchase orders up to EUR 250,000."),
    ("Capex Approvers EMEA", "group", "", "Members appear as approvers for investments of the EMEA plants."),
    ("Sourcing", "license", "Low", "May open sourcing events."),
    ("Supplier Information Editor", "role", "", "Creates suppliers and changes their bank details."),
    ("Invoice Approver", "role", "", "Releases invoices for payment up to EUR 25,000."),
    ("User", "role", "Low", "Signs in, raises own requisitions and expenses."),
    ("Expense", "license", "Low", "May file expenses."),
    ("Uppsala Plant Requesters", "group", "", "May order from the Uppsala catalogues."),
    ("Analytics Viewer", "role", "", "Sees spend reports of all business units."),
)
LINES = 50
HOLDERS = (
    "Zoë Brännström",
    "José Ángel Núñez-Carvalho",
    "Nguyễn Thị Minh Khai",
    "Wolfgang von Hohenstein-Auersperg",
    "Siobhán Ní Dhomhnaill",
)


def lay_out() -> None:
    """Fifty lines for one reviewer, and print what a journey needs to know, as JSON."""
    rui = make_user("Rui Costa", Role.BASIC)
    facts = review_of(rui, app="Coupa")
    print(json.dumps({"session": session_of(rui, age=0), "campaign": facts["review"], "lines": LINES}))


@transaction.atomic
def review_of(reviewer: User, *, app: str) -> dict[str, str]:
    """Fifty lines, some of them new since the review before."""
    owner = make_user("Tom Okafor", Role.BASIC)
    grants = _grants(reviewer, make_app(app, owner))
    _before(grants[::2], owner)
    due = now() + timedelta(days=3)
    campaign = make_running(grants, reviewer, name=f"Q3 {app} access review", decide_by=due)
    return {"review": campaign.pk}


def _grants(manager: User, app: App) -> list[Grant]:
    """As a staging orders them: by entitlement, then by account."""
    access = [
        make_entitlement(app, name, kind, risk=risk, description=words) for name, kind, risk, words in ACCESS
    ]
    accounts: list[Account] = []
    for number, name in enumerate(HOLDERS):
        person = make_user(name, Role.BASIC, title="Category Buyer")
        Reporting.objects.create(person=person, manager=manager)
        accounts.append(make_account(app, name, person=person, login=f"user{number}@meridian.example"))
    return [make_grant(account, each) for each in access for account in accounts]


def _before(grants: list[Grant], reviewer: User) -> None:
    """The same of a quarter ago, certified and signed off."""
    day = now() - timedelta(days=90)
    campaign = make_running(grants, reviewer, name="Q2 access review", status="signed_off")
    Campaign.objects.filter(pk=campaign.pk).update(frozen_at=day, closed_at=day, signed_off_at=day)
    tasks = ReviewTask.objects.filter(campaign=campaign)
    Decision.objects.bulk_create(
        Decision(task=each, campaign=campaign, outcome="certified", by=reviewer, at=day) for each in tasks
    )
    tasks.update(status="certified", settled_at=day)


@transaction.atomic
def removals_of(maker: User, *, app: str) -> dict[str, str]:
    """A review of roles in this app that is closed: the roles of some accounts were denied, the last ones
    too, and the rest of the denied lines nothing takes away."""
    here = App.objects.get(name=app)
    here.ownerships.get_or_create(user=maker)
    roles = Grant.objects.here().filter(account__app=here, entitlement__kind="role").order_by("account", "pk")
    grants = list(roles.select_related("account__person", "entitlement__resource")[:40])
    campaign = make_running(grants, maker, maker, name=f"Q2 {app} access review")
    campaign.tasks.update(status=ReviewTask.Status.DENIED, settled_at=now())
    removals.open_for(list(campaign.tasks.order_by("line_no")[:24]), None)
    Removal.objects.filter(campaign=campaign, task__line_no__lte=3).update(due_on=now() - timedelta(days=4))
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.REMEDIATION, closed_at=now())
    rows = Removal.objects.filter(campaign=campaign).select_related("task").order_by("pk")
    bare = [each for each in rows if afterwards([each])[each.task.account_id].is_bare]
    return {"campaign_removed": campaign.pk, "removal": (bare or rows)[0].key, "unremoved": "30"}
