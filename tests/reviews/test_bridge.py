"""The count bridge ties for whatever population and whatever was decided, and says where it does not."""

import hashlib
import json

import pytest
from django.db import transaction
from django.utils.timezone import now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.models import ACCESS, CREDENTIAL, Account, Connector, Entitlement, Grant
from core.models import Role
from reviews.actions import staging
from reviews.models import Campaign, Removal, ReviewTask, Scope
from reviews.queries import bridge
from reviews.queries.frozen import digest_of
from tests.make import make_account, make_connected, make_entitlement, make_grant, make_user
from tests.reviews.making import make_policy
from tests.reviews.staged import counted, make_draft, make_role, work

PROPERTY = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ROLES = 4
EVERY = ["role", CREDENTIAL]

accounts = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(Account.Status.values),
            "type": st.sampled_from(Account.Type.values),
            "owned": st.booleans(),
            "held": st.sets(st.integers(0, ROLES)),
        }
    ),
    max_size=8,
)
chosen = st.fixed_dictionaries(
    {},
    optional={
        "kinds": st.sampled_from([["role"], ["role", CREDENTIAL], [CREDENTIAL]]),
        "risks": st.just(["High"]),
        "account_statuses": st.sampled_from([["enabled"], ["disabled", "unknown"]]),
        "account_types": st.just(["user"]),
        "only_without_owner": st.booleans(),
        "departments": st.just(["Finance"]),
        "titles": st.just(["Clerk"]),
        "owner_statuses": st.just(["deactivated"]),
        "domains": st.sampled_from(["own", "external"]),
    },
)
outcomes = st.lists(
    st.tuples(st.sampled_from(ReviewTask.Status.values), st.sampled_from(Removal.Status.values))
)


@pytest.fixture
def olga(db, nudges):
    return make_user("Olga Berg", Role.CAMPAIGN)


def populate(population, name="Coupa", *, dice=None):
    """These accounts, in an app of their own, as one counted run saw them; the dice throw them about."""
    connector = make_connected(name=name)
    owner = make_user("Nora", department="Finance")
    things = {
        number: make_role(connector.app, number, risk="High" if number else "")
        if number < ROLES
        else make_entitlement(connector.app, "Access", CREDENTIAL, external_id=ACCESS)
        for number in thrown(range(ROLES + 1), dice)
    }
    for number, each in thrown(enumerate(population), dice):
        account = make_account(
            connector.app,
            f"Account {number}",
            external_id=f"ä{number}",
            person=owner if each["owned"] else None,
            status=each["status"],
            type=each["type"],
        )
        for thing in thrown(sorted(each["held"]), dice):
            make_grant(account, things[thing])
    counted(connector)
    return connector


def thrown(things, dice):
    """In this order, or in any."""
    found = list(things)
    if dice is not None:
        dice.shuffle(found)
    return found


def expected_digest(population, source):
    """As an auditor would compute it from what the vendor tells: no database has a part in it."""
    rows = [
        [source, *(("role", f"role:{held}:member") if held < ROLES else (CREDENTIAL, ACCESS)), f"ä{number}"]
        for number, each in enumerate(population)
        if each["status"] != Account.Status.DELETED
        for held in each["held"]
    ]
    rows.sort(key=lambda row: [each.encode() for each in row])
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def staged(olga, scope):
    campaign = make_draft(olga, scope=scope, policy=make_policy(f"Policy {Scope.objects.count()}"))
    staging.want(campaign, by=olga)
    return work(campaign)


def holds_any(population):
    """Whether somebody who is not deleted holds something."""
    return any(each["held"] and each["status"] != Account.Status.DELETED for each in population)


def settle(campaign, decided):
    """Let lines end so, denied ones with a removal that has come so far."""
    for line, (status, removal) in zip(campaign.tasks.order_by("line_no"), decided, strict=False):
        ReviewTask.objects.filter(pk=line.pk).update(status=status)
        if status == ReviewTask.Status.DENIED:
            Removal.objects.create(
                task=line, campaign=campaign, app=line.app, status=removal, due_on=now().date()
            )


@PROPERTY
@given(population=accounts, scope=chosen, out=st.sets(st.integers(0, ROLES)), decided=outcomes)
def test_the_counts_tie_whatever_is_there_and_whatever_was_decided(olga, population, scope, out, decided):
    with transaction.atomic():
        app = populate(population).app
        things = list(
            Entitlement.objects.filter(app=app).order_by("external_id").values_list("pk", flat=True)
        )
        left_out = [things[number] for number in sorted(out)]
        campaign = staged(olga, Scope.objects.create(**scope, left_out=left_out))
        assert (campaign.status == Campaign.Status.STAGED) == bool(campaign.lines)
        if campaign.lines:
            settle(campaign, decided)
            told = bridge.of(campaign)
            assert told.ties, [row.said for row in told.breaks]
            assert len(told.rows) == 8
        else:
            assert campaign.staging_problem.startswith("Nothing is in scope")
        transaction.set_rollback(True)


@PROPERTY
@given(population=accounts.filter(holds_any), dice=st.randoms(use_true_random=False))
def test_the_same_population_gives_the_same_hash_and_another_one_another(olga, population, dice):
    with transaction.atomic():
        first = populate(population, "One")
        apps = first.app_id, populate(population, "Other", dice=dice).app_id
        one, other = (staged(olga, Scope.objects.create(apps=[app], kinds=EVERY)) for app in apps)
        assert one.digest == other.digest == digest_of(one) == expected_digest(population, first.source)
        Grant.objects.filter(pk=one.tasks.order_by("line_no")[0].grant).update(gone_at=now())
        counted(Connector.objects.get(app=apps[0]))
        fewer = staged(olga, Scope.objects.create(apps=apps[:1], kinds=EVERY))
        assert fewer.digest != one.digest
        transaction.set_rollback(True)


def test_a_count_that_does_not_tie_is_named_and_stops_the_staging(olga):
    connector = populate([{"status": "enabled", "type": "user", "owned": False, "held": {1}}])
    counted(connector, read={"user": 2, "grant": 1})

    campaign = staged(olga, Scope.objects.create())

    assert campaign.status == Campaign.Status.DRAFT
    assert campaign.staging_problem.startswith("The counts do not tie: Accounts received from coupa:acme")
    assert "2, but 1 second count" in campaign.staging_problem


def frozen_grants(**fields):
    """The row of the grants of one source."""
    kept = {"source": "coupa:acme", "run": 7, "read": {"user": 2, "grant": 5}, "gaps": {}, "accounts": 2}
    told = {"received": {}, "second": {}, **kept, **fields}
    return bridge.frozen({"sources": [told]})[1]


def test_what_was_kept_is_the_number_that_its_run_counted_and_the_row_breaks_where_it_does_not_fit():
    fits = frozen_grants(grants=8, kept={"silent": 2, "unread": 1})
    assert [number for _, number in fits.parts] == [5, 2, 1]
    assert fits.ties
    assert not frozen_grants(grants=9, kept={"silent": 2, "unread": 1}).ties
    assert not frozen_grants(grants=8, kept={"silent": 0, "unread": 0}).ties


def test_of_a_run_that_did_not_count_what_it_kept_that_is_what_is_left_over():
    assert [number for _, number in frozen_grants(grants=8, kept={}).parts] == [5, 3]
    assert frozen_grants(grants=8).ties
    assert not frozen_grants(grants=4).ties


def test_grants_that_no_run_told_of_stop_the_staging(olga):
    connector = populate([{"status": "enabled", "type": "user", "owned": False, "held": {1}}])
    counted(connector, kept={"silent": 0, "unread": 0})
    make_grant(Account.objects.get(), make_role(connector.app, 9))

    campaign = staged(olga, Scope.objects.create())

    assert campaign.status == Campaign.Status.DRAFT
    assert campaign.staging_problem.startswith("The counts do not tie: Grants here from")


def test_a_denied_line_without_a_removal_does_not_tie(olga):
    populate([{"status": "enabled", "type": "user", "owned": False, "held": {1}}])
    campaign = staged(olga, Scope.objects.create())
    ReviewTask.objects.update(status=ReviewTask.Status.DENIED)

    assert [row.name for row in bridge.of(campaign).breaks] == ["Denied"]


def test_before_the_freeze_there_is_nothing_to_tie(olga):
    assert bridge.of(make_draft(olga)).rows == ()
