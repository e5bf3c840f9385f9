"""What is said about a line rests on our own data, and each word of it has its evidence."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from connectors.models import Account, Entitlement, Grant, ProvisionOrder, Tag
from core.models import User
from core.models.user import Reporting
from reviews.models import Campaign, Decision, ReviewTask
from reviews.queries.insights import CERTIFY, DENY, LOOK, insights
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_grants, make_running

pytestmark = pytest.mark.django_db


@pytest.fixture
def rui():
    return make_user("Rui Costa")


@pytest.fixture
def nora():
    return make_user("Nora Lindqvist", title="Buyer")


def reviewed_before(rui, grants, status="certified"):
    """A campaign that came to its end a quarter ago."""
    campaign = make_running(grants, rui, name="Access, Q3", status=Campaign.Status.SIGNED_OFF)
    Campaign.objects.filter(pk=campaign.pk).update(frozen_at=now() - timedelta(days=90))
    outcome = "denied" if status == "denied" else "certified"
    for task in ReviewTask.objects.filter(campaign=campaign):
        Decision.objects.create(task=task, campaign=campaign, outcome=outcome, by=rui)
    ReviewTask.objects.filter(campaign=campaign).update(status=status)
    return campaign


def found(campaign, line_no=1):
    line = ReviewTask.objects.get(campaign=campaign, line_no=line_no)
    return insights([line], campaign)[line.pk]


def test_a_first_campaign_says_that_there_is_no_earlier_one(rui, nora):
    campaign = make_running(make_grants(1, person=nora), rui)

    said = found(campaign)

    assert said.is_first
    assert "new" not in said.codes


def test_what_was_certified_and_did_not_change_is_said_to_be_so(rui, nora):
    grants = make_grants(1, person=nora)
    reviewed_before(rui, grants)

    said = found(make_running(grants, rui))

    assert said.codes == ["unchanged"]
    assert said.advice == CERTIFY
    assert said.because == ["Rui Costa certified it in Access, Q3, and nothing about it changed since."]


def test_a_grant_that_no_review_saw_is_new(rui, nora):
    grants = make_grants(1, person=nora)
    reviewed_before(rui, grants)
    new = make_grant(grants[0].account, make_entitlement(grants[0].account.app, "Payer"))

    assert "new" in found(make_running([new], rui)).codes


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda grant, _: Entitlement.objects.update(name="Renamed"), "renamed"),
        (lambda grant, _: Entitlement.objects.update(description="May pay, too"), "redescribed"),
        (lambda grant, nora: User.objects.filter(pk=nora.pk).update(title="Treasurer"), "title_changed"),
        (lambda grant, _: Account.objects.update(person=make_user("Tom Okafor")), "owner_changed"),
    ],
)
def test_what_changed_since_the_last_review_is_named(rui, nora, change, code):
    grants = make_grants(1, person=nora)
    reviewed_before(rui, grants)
    change(grants[0], nora)

    said = found(make_running([Grant.objects.get(pk=grants[0].pk)], rui))

    assert code in said.codes
    assert "unchanged" not in said.codes


def test_an_account_that_was_enabled_again_is_looked_at(rui, nora):
    grants = make_grants(1, person=nora, status=Account.Status.DISABLED)
    reviewed_before(rui, grants)
    Account.objects.update(status=Account.Status.ENABLED)

    said = found(make_running([Grant.objects.get()], rui))

    assert "enabled_again" in said.codes
    assert said.advice == LOOK


def test_what_was_denied_and_is_still_here_stands_out(rui, nora):
    grants = make_grants(1, person=nora)
    reviewed_before(rui, grants, status="denied")

    assert "denied_before" in found(make_running(grants, rui)).codes


def test_what_came_back_after_removal_stands_out(rui, nora):
    grant = make_grants(1, person=nora)[0]
    ProvisionOrder.objects.create(
        app=grant.account.app,
        verb="revoke",
        account=grant.account,
        entitlement=grant.entitlement,
        status="proven",
        removed_at=now() - timedelta(days=30),
        reason="Denied",
    )

    said = found(make_running([grant], rui))

    assert said.codes[0] == "came_back"
    assert said.advice == LOOK


def test_access_of_somebody_who_left_is_advised_against(rui):
    left = make_user("Peter Kovacs", status=User.Status.DEACTIVATED)

    said = found(make_running(make_grants(1, person=left), rui))

    assert said.advice == DENY
    assert said.because == ["Peter Kovacs is deactivated here, and the account still holds this."]


@pytest.mark.parametrize(
    ("of_account", "code"),
    [
        ({}, "no_owner"),
        ({"status": "disabled"}, "disabled"),
        ({"type": "service"}, "service"),
        ({"marks": ["api"]}, "service"),
        ({"is_external": True}, "external"),
    ],
)
def test_odd_accounts_are_looked_at(rui, of_account, code):
    said = found(make_running(make_grants(1, **of_account), rui))

    assert code in said.codes
    assert said.advice == LOOK


@pytest.mark.parametrize(("holding", "advice"), [(0, LOOK), (4, CERTIFY)])
def test_how_many_of_the_same_title_hold_it_is_counted(rui, nora, holding, advice):
    app = make_app("Coupa")
    entitlement = make_entitlement(app)
    grant = make_grant(make_account(app, "Nora", person=nora), entitlement)
    for number in range(5):
        person = make_user(f"Buyer {number}", title="Buyer")
        account = make_account(app, f"Buyer {number}", person=person)
        if number < holding:
            make_grant(account, entitlement)
    make_user("Gone", title="Buyer", status=User.Status.DEACTIVATED)

    said = found(make_running([grant], rui))

    hint = next(each for each in said.hints if each.code == "title")
    assert (hint.value, hint.out_of) == (holding + 1, 6)
    assert hint.told == f"{holding + 1} of 6 people with the title Buyer hold it."
    assert said.advice == advice


def test_how_many_of_the_same_team_hold_it_is_counted(rui):
    app = make_app("Coupa")
    entitlement = make_entitlement(app)
    team = [make_user(f"Person {number}") for number in range(6)]
    Reporting.objects.bulk_create(Reporting(person=each, manager=rui) for each in team)
    grants = [
        make_grant(make_account(app, each.name, person=each), entitlement) for each in (team[0], team[1])
    ]

    said = found(make_running(grants[:1], rui))

    hint = next(each for each in said.hints if each.code == "team")
    assert (hint.value, hint.out_of) == (2, 6)


def test_a_new_grant_of_a_grave_risk_is_looked_at(rui, nora):
    Tag.objects.update_or_create(kind="risk", name="Critical", defaults={"is_grave": True})
    grants = make_grants(1, person=nora)
    reviewed_before(rui, grants)
    grave = make_entitlement(grants[0].account.app, "Payer", risk="Critical")

    assert found(make_running([make_grant(grants[0].account, grave)], rui)).advice == LOOK


def test_the_number_of_statements_is_fixed(rui, nora, django_assert_max_num_queries):
    grants = make_grants(20, person=nora)
    reviewed_before(rui, grants)
    campaign = make_running(grants, rui)
    lines = list(ReviewTask.objects.filter(campaign=campaign))

    with django_assert_max_num_queries(16):
        assert len(insights(lines, campaign)) == 20


def test_lines_of_a_campaign_keep_their_order_new_ones_first(rui, nora, sign_in):
    grants = make_grants(3, person=nora)
    reviewed_before(rui, grants[:2])
    campaign = make_running(grants, rui)
    rui.holdings.create(role="basic")

    page = sign_in(rui).get(f"/reviews/{campaign.pk}/?view=flat")

    assert [turn.line_no for turn in page.context["sheet"].page.rows] == [3, 1, 2]
    assert [group.title for group in page.context["sheet"].groups] == [
        "New or changed since Access, Q3",
        "Unchanged",
    ]
