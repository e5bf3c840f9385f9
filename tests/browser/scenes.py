"""What the pictures show beside the demo company. Runs inside the instance, by `manage.py shell`."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import now

from connectors.actions import rules
from connectors.actions.connectors import AppChoice, create, name_owners
from connectors.actions.rules import RuleFacts
from connectors.models import (
    Account,
    App,
    Connector,
    Entitlement,
    Grant,
    OrderCall,
    ProvisionOrder,
    Resource,
    Tag,
)
from core.actions import exports, groups, imports, invitations, seals
from core.models import Export, PeopleGroup, PeopleImport, Role, RoleHolding, TrailCheck, TrailEvent, User
from core.queries.trail import Wanted, events
from core.trail import Source, record, source
from reviews.actions import campaigns, policies, policies_built_in, preferring, scoping, staging, templates
from reviews.actions.facts import Covered, Facts, Period
from reviews.actions.policies import PolicyFacts
from reviews.actions.policies_built_in import ensure
from reviews.actions.templates import Rhythm
from reviews.models import Campaign, Policy
from tests.browser import reviewing
from tests.browser.sessions import session_of
from tests.make import PASSWORD
from tests.waiting import wait_until

PATIENCE = 60  # seconds for the worker
MAKER = "rafael.duarte@meridian.example"
HEADER = ("name", "email", "title", "department", "employee_id", "manager", "cost_centre")


def tell() -> None:
    """Set everything up and print what paths may name, as JSON."""
    source.set(Source(TrailEvent.Channel.WEB, "192.0.2.17"))
    maker = User.objects.get(email=MAKER)
    maker.set_password(PASSWORD)
    maker.save(update_fields=["password"])
    for role in set(Role) - {Role.READ_ONLY}:  # who holds that decides nothing
        RoleHolding.objects.get_or_create(user=maker, role=role)
    facts = {
        "session": session_of(maker, age=0),
        "late_session": session_of(maker, age=3600),
        **_connectors(maker),
        **_people(maker),
        **_imports(maker),
        **_policies(maker),
        **reviewing.review_of(maker, app="Spend Desk"),
        **reviewing.removals_of(maker, app="Coupa"),
    }
    _file(maker)
    _check(maker)
    facts |= _campaigns(maker, App.objects.get(pk=facts["app"]))
    facts["event"] = str(events(maker, Wanted(action="core.people_imported")).latest("id").pk)
    print(json.dumps(facts))


def _connectors(maker: User) -> dict[str, str]:
    connector, held = (Connector.objects.get(app__name=name) for name in ("Coupa", "Coupa Iberia"))
    draft = create("coupa", AppChoice(app=App.objects.get(name="Travel Desk")), by=maker)
    name_owners(draft, [maker, User.objects.get(email="ingrid.halvorsen@meridian.example")], by=maker)
    files = create("file", AppChoice(new_name="Old payroll"), by=maker)
    accounts = Account.objects.filter(app=connector.app, person__isnull=False)
    return {
        "connector": connector.pk,
        "draft": draft.pk,
        "files": files.pk,
        "held": held.pk,
        "held_run": held.runs.latest("id").key,
        "app": connector.app_id,
        "found": App.objects.unmanaged().order_by("name")[0].pk,
        "account": accounts.order_by("id")[0].pk,
        "entitlement": Entitlement.objects.filter(app=connector.app).order_by("id")[0].pk,
        "resource": Resource.objects.filter(app=connector.app_id, kind="role").order_by("id")[0].pk,
        "run": connector.runs.latest("id").key,
        "first_run": connector.runs.earliest("id").key,
        **_rules(connector.app, maker),
        **_orders(connector),
    }


def _rules(app: App, maker: User) -> dict[str, str]:
    """One that is on, and one to be looked at."""
    grave = rules.add(app, RuleFacts("Whoever can pay", "role", "", "Critical", []), by=maker)
    rules.switch_on(grave, by=maker, expected=Entitlement.objects.here().filter(app=app, kind="role").count())
    rule = rules.add(app, RuleFacts("Buyers", "group", "buy", "Medium", []), by=maker)
    return {"rule": rule.pk, "tag": Tag.objects.risks().order_by("rank")[0].pk}


def _campaigns(maker: User, app: App) -> dict[str, str]:
    """A draft whose control data is whole, the same once more and staged, and a template of it."""
    policy = policies_built_in.ensure()[0]
    owners = [maker, User.objects.get(name="Aisha Rahman")]
    signer = User.objects.get(name="Helena Sorensen")
    facts = Facts("Q4 2026 Coupa access review", control_id="P2P-07", control_owner=signer)
    quarter = Period(date(2026, 10, 1), date(2026, 12, 31))
    draft = campaigns.create(facts, owners, policy=policy, by=maker)
    campaigns.change(draft, facts, quarter, seen=draft.changed_at, by=maker)
    draft.refresh_from_db()
    covered = Covered(apps=[app.pk], kinds=["role", "group"])
    campaigns.change_scope(draft, covered, seen=draft.changed_at, by=maker)
    draft.refresh_from_db()
    out, own = Entitlement.objects.here().filter(app=app, kind="role").order_by("search_text", "pk")[:2]
    scoping.leave_out(draft, out, by=maker)
    scoping.give_policy(draft, own, Policy.objects.get(built_in="app_owner"), by=maker)
    preferring.prefer(app, None, policy, by=maker)
    campaigns.instruct(draft, "Keep what people need for their work now.", by=maker)
    draft.refresh_from_db()
    plain = Policy.objects.get(built_in="app_owner")  # no group is grave, so one reviewer is enough
    staged = campaigns.duplicate(draft, "Q4 2026 Coupa groups", policy=plain, by=maker)
    campaigns.change(staged, replace(facts, name=staged.name), quarter, seen=staged.changed_at, by=maker)
    staged.refresh_from_db()
    of_groups = Covered(apps=[app.pk], kinds=["group"], account_statuses=["enabled"])
    campaigns.change_scope(staged, of_groups, seen=staged.changed_at, by=maker)
    staging.want(Campaign.objects.get(pk=staged.pk), by=maker)
    wait_until(
        lambda: Campaign.objects.filter(pk=staged.pk, status="staged").exists(),
        seconds=PATIENCE,
        what="the campaign is staged",
    )
    template = templates.create(draft, "Coupa access", Rhythm(templates.first_draft_day()), by=maker)
    of_the_demo = {
        name: Campaign.objects.get(status=name, owners__name="Aisha Rahman", made_by__name="Aisha Rahman").pk
        for name in ("running", "signed_off")
    }
    made = {"campaign_draft": draft.pk, "campaign": staged.pk, "campaign_template": template.pk}
    made["scoped"] = own.pk
    return made | of_the_demo


def _orders(connector: Connector) -> dict[str, str]:
    """In every state that stays as it is."""
    states = ProvisionOrder.Status
    told: Mapping[str, dict[str, Any]] = {
        states.FAILED: {
            "problem": "Coupa refused the client ID and secret.",
            "journal": {"kind": "role", "held": [1, 2]},
        },
        states.MANUAL: {"problem": "Coupa only reads: somebody has to do it there.", "connector": None},
        states.CAME_BACK: {"came_back_at": now(), "came_back_run": connector.runs.latest("id")},
        states.PROVEN: {"proven_at": now(), "proven_run": connector.runs.latest("id")},
        states.DROPPED: {},
        states.ASKED: {"removed_at": None, "sent_at": None, "read_back": ""},
    }
    grants = Grant.objects.here().filter(account__app=connector.app, entitlement__kind="role").order_by("id")
    made = {}
    for (status, more), grant in zip(told.items(), grants, strict=False):
        made[status] = _order(connector, grant, status=status, told_at=now(), **more)
    return {f"order_{status}": order.pk for status, order in made.items()}


def _order(reader: Connector, grant: Grant, **fields: Any) -> ProvisionOrder:
    done = {"removed_at": now(), "sent_at": now(), "read_back": "Coupa, read back, says that it is gone."}
    common: dict[str, Any] = {
        "app": reader.app,
        "connector": reader,
        "verb": ProvisionOrder.Verb.REVOKE,
        "account": grant.account,
        "entitlement": grant.entitlement,
        "reason": "Denied in “Coupa access, Q4” by Ingrid Halvorsen: moved to another team.",
    }
    order = ProvisionOrder.objects.create(**{**common, **done, **fields})
    with transaction.atomic():
        record("orders.wanted", order, by=None, reason=order.reason)
    for status, asked in (
        (200, 'GET /api/users/1?fields=["id",{"roles":["id"]}]'),
        (503, 'PUT /api/users/1 {"roles": null}'),
        (0, 'PUT /api/users/1 {"roles": null}'),
    ):
        sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" if status else ""
        OrderCall.objects.create(
            order=order, at=now(), asked=asked, status=status, bytes=812, sha256=sha256, seconds=0.1
        )
    return order


def _people(maker: User) -> dict[str, str]:
    """Somebody with a delegate and a group, somebody invited, a group that is not empty."""
    invited = invitations.invite(
        "lea.moser@meridian.example",
        name="Lea Moser",
        by=maker,
        message="You run travel approvals, so a few accounts in Coupa are yours to judge.",
    ).person
    group = PeopleGroup.objects.get(name="Spend approvers")
    groups.add_members(group, [User.objects.get(name="Lina Haas")], by=maker)
    link = invitations.link_to_hand_over(invited, by=maker)
    return {
        "person": User.objects.get(name="Helena Sorensen").pk,
        "invited": invited.pk,
        "invitation": link.removeprefix(settings.PUBLIC_URL),
        "old_invitation": reverse("core:invitation", args=[invited.pk, "old"]),
        "group": group.pk,
    }


def _policies(maker: User) -> dict[str, str]:
    """One of the organisation's own, of two versions, in which every part of a rule is used."""
    people = [User.objects.get(email=MAKER).pk, User.objects.get(name="Helena Sorensen").pk]
    group = PeopleGroup.objects.get(name="Spend approvers").pk
    grave = {"field": "entitlement.risk", "is": "in", "values": ["High", "Critical"]}
    nobodys = {"field": "account.owner", "is": "missing", "values": []}
    buyers = {"field": "entitlement.resource", "is": "contains", "values": ["invoice", "payment"]}
    steps: list[dict[str, object]] = [
        {
            "kind": "manager",
            "fallback": {"people": people[:1], "kind": "app_owner"},
            "after_days": 7,
            "then": "fallback",
        },
        {"kind": "group", "group": group, "clean": True, "reason_to_certify": "always"},
    ]
    first = {
        "name": "Grave, or nobody's",
        "condition": {"all": [{"any": [grave, nobodys]}, buyers]},
        "steps": steps,
    }
    second = {
        "name": "Finance",
        "condition": {"all": [grave]},
        "steps": [{"kind": "people", "people": people}],
    }
    rest = {"name": "Everything else", "condition": None, "steps": [{"kind": "manager"}]}
    short = {"rules": [rest], "removes": True}
    about = "Payments and invoices want a second pair of eyes."
    ensure()
    made = policies.create(PolicyFacts("Finance systems", about, short), by=maker)
    whole = {"rules": [first, second, rest], "removes": True}
    policies.change(made, PolicyFacts(made.name, about, whole), by=maker, seen=made.changed_at)
    return {"policy": made.pk}


def _imports(maker: User) -> dict[str, str]:
    """One file that was applied, and one that waits and has mistakes."""
    first = imports.keep(
        "people-september.csv", _csv([*_rows(), _newcomer("Bianca Ferri", "001061")]), by=maker
    )
    _until(first, PeopleImport.Status.READ)
    imports.order(PeopleImport.objects.get(pk=first.pk), leave_out=False, deactivate=False, by=maker)
    _until(first, PeopleImport.Status.APPLIED)
    second = imports.keep("people-october.csv", _csv(_changed(_rows())), by=maker)
    _until(second, PeopleImport.Status.READ)
    return {"applied": first.pk, "import": second.pk}


def _rows() -> list[list[str]]:
    """Everybody who is at work, as they are."""
    people = User.objects.exclude(employee_id="").order_by("employee_id").prefetch_related("managers")
    return [
        [
            person.name,
            person.email,
            person.title,
            person.department,
            person.employee_id,
            " ".join(manager.email for manager in person.managers.all()),
            "4100",
        ]
        for person in people
    ]


def _changed(rows: list[list[str]]) -> list[list[str]]:
    """Two moved, one is new, one left, and two lines have mistakes."""
    rows[20][2:4] = "Treasury Lead", "Finance"
    rows[31][5] = "helena.sorensen@meridian.example"
    rows[40][5] = "nobody@meridian.example"
    rows[44][5] = rows[44][1]
    rows.append(_newcomer("Teo Lindgren", "001062"))
    del rows[52]
    return rows


def _newcomer(name: str, number: str) -> list[str]:
    email = f"{name.lower().replace(' ', '.')}@meridian.example"
    return [name, email, "Controller", "Finance", number, "nora.lindqvist@meridian.example", "4100"]


def _csv(rows: list[list[str]]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([HEADER, *rows])
    return file.getvalue().encode()


def _until(wanted: PeopleImport, status: PeopleImport.Status) -> None:
    found = PeopleImport.objects.filter(pk=wanted.pk, status=status)
    wait_until(found.exists, seconds=PATIENCE, what=f"{wanted.name} is {status}")


def _file(maker: User) -> None:
    exports.order("core.people", {}, by=maker)
    done = Export.objects.filter(status=Export.Status.DONE)
    wait_until(done.exists, seconds=PATIENCE, what="a file is made")


def _check(maker: User) -> None:
    """Of a trail of which something is sealed."""
    seals.seal_next()
    check = seals.want_check(by=maker)
    done = TrailCheck.objects.filter(pk=check.pk, status=TrailCheck.Status.DONE)
    wait_until(done.exists, seconds=PATIENCE, what="the trail was looked at")
