"""Reeve itself as an app: added in one step, read by its own driver, changed by its own verbs."""

import pytest

from connectors import jobs
from connectors.actions import accounts, connectors, console, orders, removing
from connectors.actions.accounts import Chosen
from connectors.actions.removing import Asked
from connectors.models import Account, App, Connector, Entitlement, Grant, ProvisionOrder, SyncRun, TagRule
from connectors.queries.console import proposals
from core.actions import groups, people, roles
from core.actions.roles import LAST
from core.errors import Denied, NotPossible
from core.models import (
    IdentityProvider,
    PeopleGroup,
    Reporting,
    Role,
    RoleHolding,
    TrailEvent,
    User,
)
from tests.make import make_app, make_user

BASIC = (Role.BASIC,)
WHY = "Denied in Roles of Reeve, line 3, by Vera Stein."


@pytest.fixture
def ada(db: None) -> User:
    return make_user("Ada Lindgren", Role.SUPER, *BASIC)


@pytest.fixture
def hugo(db: None) -> User:
    return make_user("Hugo Brandt", Role.CAMPAIGN, *BASIC)


@pytest.fixture
def reeve(ada: User, hugo: User, nudges: list[tuple[str, str]]) -> Connector:
    """Added by Ada and read once, with all that is proposed."""
    agreed = [each.entitlement for each in proposals()]
    made = console.add(risks=agreed, owners=console.first_owners(), by=ada)
    read(made)
    made.refresh_from_db()
    return made


def read(connector: Connector) -> SyncRun:
    run = connector.runs.latest("pk")
    jobs.run_sync(str(run.pk))
    run.refresh_from_db()
    assert run.status == SyncRun.Status.DONE, run.problem
    return run


def held(person: User) -> set[str]:
    rows = Grant.objects.here().filter(
        account__external_id=person.pk, entitlement__kind__in=("role", "group")
    )
    return set(rows.values_list("entitlement__name", flat=True))


def ordered(person: User, entitlement: str, verb: str = "revoke") -> ProvisionOrder:
    """What a worker makes of the wish."""
    account = Account.objects.select_related("app").get(external_id=person.pk)
    thing = Entitlement.objects.get(app=account.app, external_id=entitlement)
    order = orders.want(account, thing, verb=verb, reason=WHY, by=None)
    jobs.carry_out(order.pk)
    order.refresh_from_db()
    return order


def test_people_are_accounts_and_roles_and_groups_are_what_they_hold(reeve, ada, hugo):
    group = PeopleGroup.objects.create(name="Spend approvers")
    groups.add_members(group, [hugo], by=ada)
    left = make_user("Peter Kovacs", Role.HELPDESK, status=User.Status.DEACTIVATED)
    console.read_soon()
    read(reeve)

    assert held(ada) == {"Super Administrator", "Basic User"}
    assert held(hugo) == {"Campaign Administrator", "Basic User", "Spend approvers"}
    assert Account.objects.get(external_id=left.pk).status == Account.Status.DISABLED
    first = reeve.runs.earliest("pk")
    assert first.is_counted
    assert first.counted_at
    assert first.calls.exists()


def test_an_account_is_the_person_it_is_whoever_bears_the_same_number(reeve, ada):
    twins = [make_user(f"Nora {name}", *BASIC, employee_id="7") for name in ("Berg", "Dahl")]
    console.read_soon()
    read(reeve)

    assert [Account.objects.get(external_id=each.pk).person for each in twins] == twins
    account = Account.objects.get(external_id=twins[0].pk)
    assert account.get_matched_by_display() == "being that person"
    with pytest.raises(NotPossible, match="the person it is"):
        accounts.set_owner(reeve.app, Chosen([account.pk], number=1), twins[1], by=ada)
    account.refresh_from_db()
    assert account.person == twins[0]


def test_a_risk_is_given_only_where_somebody_agreed_to_it(ada, nudges):
    made = console.add(risks=["Super Administrator"], owners=[], by=ada)
    read(made)

    risks = dict(Entitlement.objects.filter(kind="role").exclude(risk="").values_list("name", "risk"))
    assert risks == {"Super Administrator": "Critical"}
    assert TagRule.objects.get().is_on
    told = TrailEvent.objects.filter(action__startswith="rules.").order_by("pk")
    assert list(told.values_list("action", "actor_name")) == [
        ("rules.added", "Ada Lindgren"),
        ("rules.switched_on", "Ada Lindgren"),
        ("rules.applied", "Reeve"),
    ]


def test_reeve_is_added_once_and_goes_on_in_its_app_when_it_is_added_again(reeve, ada):
    with pytest.raises(NotPossible, match="already"):
        console.add(risks=[], owners=[], by=ada)
    Connector.objects.filter(pk=reeve.pk).update(deleted_at=reeve.created_at)

    again = console.add(risks=[], owners=[], by=ada)

    assert again.app == reeve.app
    assert App.objects.filter(matching=App.Matching.KEY).count() == 1


@pytest.mark.parametrize("role", [Role.APPLICATION, Role.READ_ONLY, Role.BASIC, Role.REQUEST])
def test_only_those_who_run_connectors_or_campaigns_have_reeve_read_itself(role, db, trail):
    with pytest.raises(Denied):
        console.add(risks=[], owners=[], by=make_user("Kim Sorensen", role))

    assert not Connector.objects.exists()
    assert trail() == []


def test_nothing_else_is_read_into_the_app_of_reeve(reeve, ada):
    with pytest.raises(NotPossible, match="Only Reeve itself"):
        connectors.create("file", connectors.AppChoice(app=reeve.app), by=ada)
    with pytest.raises(NotPossible, match="list of connectors"):
        connectors.create("reeve", connectors.AppChoice(app=make_app("Coupa")), by=ada)


def test_a_denied_role_is_taken_away_and_the_trail_says_who_denied_it(reeve, hugo):
    order = ordered(hugo, "role:campaign:member")

    assert order.status == ProvisionOrder.Status.REMOVED, order.problem
    assert (
        order.read_back
        == "Reeve, read back, says that Hugo Brandt does not hold the role Campaign Administrator."
    )
    assert order.calls.filter(asked__startswith="take role:campaign:member").exists()
    event = TrailEvent.objects.get(action="core.roles_changed")
    assert event.object_id == hugo.pk
    assert event.change["because"] == WHY
    assert set(User.objects.get(pk=hugo.pk).roles()) == {Role.BASIC}

    console.read_soon()
    read(reeve)
    order.refresh_from_db()
    assert order.status == ProvisionOrder.Status.PROVEN
    assert held(hugo) == {"Basic User"}


def test_the_last_super_administrator_stays_one_and_the_order_goes_to_people(reeve, ada):
    order = ordered(ada, "role:super:member")

    assert (order.status, order.problem) == (ProvisionOrder.Status.MANUAL, LAST)
    assert User.objects.get(pk=ada.pk).is_super
    assert not TrailEvent.objects.filter(action="core.roles_changed").exists()


def test_access_that_is_denied_deactivates_the_person_but_never_the_last_administrator(reeve, ada, hugo):
    done, refused = ordered(hugo, "credential:account:access"), ordered(ada, "credential:account:access")

    assert (done.verb, done.status) == ("disable", ProvisionOrder.Status.REMOVED)
    assert not User.objects.get(pk=hugo.pk).is_active
    assert TrailEvent.objects.get(action="core.person_deactivated").change["reason"] == WHY
    assert (refused.status, refused.problem) == (ProvisionOrder.Status.MANUAL, LAST)
    assert User.objects.get(pk=ada.pk).is_active


def test_a_role_of_the_identity_provider_is_left_to_people_with_the_group_to_look_at(reeve, hugo):
    mapped = {"reeve-campaigns": "campaign", "reeve-admins": "super"}
    IdentityProvider.objects.create(
        label="Okta", status=IdentityProvider.Status.IN_FORCE, issuer="https://id.example", role_map=mapped
    )
    RoleHolding.objects.filter(user=hugo, role=Role.CAMPAIGN).update(source=RoleHolding.Source.PROVIDER)

    order = ordered(hugo, "role:campaign:member")

    assert order.status == ProvisionOrder.Status.MANUAL
    assert "Okta gives Hugo Brandt the role Campaign Administrator" in order.problem
    assert "“reeve-campaigns”" in order.problem
    assert User.objects.get(pk=hugo.pk).has_role(Role.CAMPAIGN)


def test_everybody_who_is_here_stays_a_basic_user(reeve, hugo):
    order = ordered(hugo, "role:basic:member")

    assert order.status == ProvisionOrder.Status.MANUAL
    assert "deactivate them" in order.problem


def test_a_place_in_a_group_is_taken_away_and_roles_are_given(reeve, ada, hugo):
    group = PeopleGroup.objects.create(name="Spend approvers")
    groups.add_members(group, [hugo], by=ada)
    console.read_soon()
    read(reeve)

    left, given = ordered(hugo, f"group:{group.pk}:member"), ordered(hugo, "role:helpdesk:member", "grant")

    assert (left.status, given.status) == (ProvisionOrder.Status.REMOVED, ProvisionOrder.Status.REMOVED)
    assert not group.members.exists()
    assert User.objects.get(pk=hugo.pk).has_role(Role.HELPDESK)
    assert TrailEvent.objects.filter(action="core.group_left", change__because=WHY).count() == 1


def test_reeve_reads_itself_again_when_roles_groups_or_who_is_active_change(reeve, ada, hugo, nudges):
    group = PeopleGroup.objects.create(name="Spend approvers")
    nudges.clear()

    for change in (
        lambda: roles.replace_roles([hugo], [Role.HELPDESK], by=ada),
        lambda: groups.add_members(group, [hugo], by=ada),
        lambda: groups.remove_member(group, hugo, by=ada),
        lambda: people.deactivate(hugo, by=ada),
        lambda: people.reactivate(hugo, by=ada),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("core.queue.transaction.on_commit", lambda told, **_: told())
            change()
        assert "connectors.read_console" in [job for job, _ in nudges]
        nudges.clear()

    jobs.read_console(hugo.pk)
    assert reeve.runs.count() == 2
    jobs.read_console(hugo.pk)
    assert reeve.runs.count() == 2  # the one that is under way will do


def test_who_only_manages_a_person_or_owns_the_app_cannot_ask_that_roles_be_removed(reeve, ada, hugo):
    boss = make_user("Mia Torres", Role.BASIC)
    Reporting.objects.create(person=hugo, manager=boss)
    grant = Grant.objects.here().get(
        account__external_id=hugo.pk, entitlement__external_id="role:campaign:member"
    )
    asked = Asked(Chosen([grant.account_id], number=1), [grant.entitlement_id])

    for who in (boss, hugo):  # Hugo is an owner of the app
        with pytest.raises(Denied, match="Super Administrator"):
            removing.ask(reeve.app, asked, by=who, reason="I say so", number=1)
    assert not ProvisionOrder.objects.exists()

    assert removing.ask(reeve.app, asked, by=ada, reason="Moved on", number=1)


def test_reeve_is_read_every_hour(reeve):
    assert reeve.every.total_seconds() == 3600
    assert reeve.next_run_at
