"""What a scope takes in, and why the rest is left out."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils.timezone import now

from connectors.models import Account, App, Grant
from core.models import Membership, PeopleGroup, Reporting
from reviews.models import Campaign, Scope, Template
from reviews.queries import scope as scopes
from reviews.queries.scope import Reason, grants_in, left_out, number_in, sample, validate
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_campaign, make_line


@pytest.fixture
def held(db):
    """Grants of one app by name."""
    app = make_app("Coupa")
    boss, nora = make_user("Boss"), make_user("Nora", department="Finance", title="Clerk")
    Reporting.objects.create(person=nora, manager=boss)
    buyer = make_entitlement(app, "Buyer", risk="High", frameworks=["SOX"])
    viewer = make_entitlement(app, "Viewer", kind="group")
    access = make_entitlement(app, "Access", kind="credential")
    owned = make_account(app, "Nora", person=nora)
    robot = make_account(
        app, "Robot", type=Account.Type.SERVICE, status=Account.Status.DISABLED, is_external=True
    )
    deleted = make_account(app, "Left", status=Account.Status.DELETED)
    return {
        "nora buyer": make_grant(owned, buyer),
        "nora access": make_grant(owned, access),
        "robot viewer": make_grant(robot, viewer, since=datetime(2026, 1, 31, 12, tzinfo=UTC)),
        "deleted buyer": make_grant(deleted, buyer),
        "ended": make_grant(robot, buyer, gone_at=now()),
    }


def names(held, scope):
    found = set(grants_in(scope).values_list("pk", flat=True))
    return {name for name, grant in held.items() if grant.pk in found}


@pytest.mark.parametrize(
    ("chosen", "lines"),
    [
        ({}, {"nora buyer", "robot viewer"}),
        ({"kinds": ["role"]}, {"nora buyer"}),
        ({"kinds": ["role", "credential"]}, {"nora buyer", "nora access"}),
        ({"risks": ["High"]}, {"nora buyer"}),
        ({"frameworks": ["SOX", "GDPR"]}, {"nora buyer"}),
        ({"departments": ["Finance"]}, {"nora buyer"}),
        ({"account_types": ["service"]}, {"robot viewer"}),
        ({"account_statuses": ["enabled"]}, {"nora buyer"}),
        ({"only_without_owner": True}, {"robot viewer"}),
        ({"grants": "since", "granted_after": date(2026, 1, 31)}, {"nora buyer"}),
        ({"grants": "since", "granted_after": date(2026, 1, 30)}, {"nora buyer", "robot viewer"}),
        (
            {"grants": "since", "granted_after": date(2026, 1, 30), "granted_until": date(2026, 1, 31)},
            {"robot viewer"},
        ),
        ({"grants": "since", "granted_after": date(2026, 1, 29), "granted_until": date(2026, 1, 30)}, set()),
        ({"grants": "days", "granted_days": 1}, {"nora buyer"}),
        ({"grants": "last"}, {"nora buyer", "robot viewer"}),
        ({"titles": ["Clerk"]}, {"nora buyer"}),
        ({"titles": ["Chief"]}, set()),
        ({"owner_statuses": ["active"]}, {"nora buyer"}),
        ({"owner_statuses": ["deactivated"]}, set()),
        ({"domains": "own"}, {"nora buyer"}),
        ({"domains": "external"}, {"robot viewer"}),
    ],
)
def test_a_scope_takes_in_what_it_names(held, chosen, lines):
    scope = Scope.objects.create(**chosen)

    assert names(held, scope) == lines
    told = left_out(scope)
    assert told.grants_in == len(lines) == number_in(scope)
    assert told.grants_in + sum(told.grants.values()) == Grant.objects.here().count()
    assert told.accounts_in + sum(told.accounts.values()) == Account.objects.here().count()


def test_members_of_groups_that_are_left_out_bring_no_lines_and_nobodys_accounts_stay(held):
    group = PeopleGroup.objects.create(name="Auditors")
    scope = Scope.objects.create(without_groups=[group.pk])
    assert names(held, scope) == {"nora buyer", "robot viewer"}

    Membership.objects.create(group=group, person=held["nora buyer"].account.person)

    assert names(held, scope) == {"robot viewer"}
    told = left_out(scope)
    assert told.grants[Reason.GROUP] == 2
    assert told.grants_in + sum(told.grants.values()) == Grant.objects.here().count()
    assert told.accounts_in + sum(told.accounts.values()) == Account.objects.here().count()


def test_single_entitlements_people_managers_and_apps_are_named_by_their_keys(held):
    nora = held["nora buyer"].account
    boss = nora.person.managers.get()

    assert names(held, Scope(entitlements=[held["nora access"].entitlement_id])) == {"nora access"}
    assert names(held, Scope(people=[nora.person_id])) == {"nora buyer"}
    assert names(held, Scope(managers=[boss.pk])) == {"nora buyer"}
    assert names(held, Scope(apps=["no such app"])) == set()
    App.objects.update(status=App.Status.UNMANAGED)
    assert names(held, Scope()) == set()


def test_each_grant_left_out_has_the_first_reason_that_holds(held):
    told = left_out(Scope(kinds=["role"], account_statuses=["enabled"]))

    assert told.grants == {Reason.DELETED: 1, Reason.STATUS: 1, Reason.CREDENTIAL: 1}
    assert told.accounts == {Reason.DELETED: 1, Reason.STATUS: 1}
    assert left_out(Scope(kinds=["group"])).accounts[Reason.HOLDS_NOTHING] == 1


def test_a_sample_is_small_and_spread(db):
    app = make_app("Coupa")
    role = make_entitlement(app)
    for number in range(30):
        make_grant(make_account(app, f"Holder {number}"), role)

    shown = sample(Scope())

    assert len(shown) == 10
    assert shown[0].account.name == "Holder 0"
    assert shown[9].account.name == "Holder 27"


def test_validation_names_what_nobody_holds_and_what_the_last_campaign_had(held, monkeypatch):
    app = held["nora buyer"].account.app
    make_entitlement(app, "Unused")
    template = Template.objects.create(name="Quarterly", scope=Scope.objects.create())
    at = now() - timedelta(days=90)
    last = make_campaign(
        "Q3", template=template, status=Campaign.Status.SIGNED_OFF, frozen_at=at, staged_at=at
    )
    for number, name in enumerate(("nora buyer", "robot viewer", "ended"), 1):
        make_line(last, held[name], number)
    draft = make_campaign("Q4", template=template, scope=Scope.objects.create(kinds=["role"], grants="last"))

    told = validate(draft)

    assert told.last == last
    assert told.by_kind == {"role": 1}
    assert (told.unheld.number, told.unheld.first) == (1, ["Unused"])
    assert (told.fell_out.number, told.fell_out.first, told.fell_out_lines) == (1, ["Viewer"], 1)
    assert scopes.began_after(draft.scope) == at
