"""Review policies that apps and entitlements prefer, and the campaigns that use them."""

import pytest

from core.errors import Denied, NotPossible
from core.models import Role, TrailEvent
from reviews.actions import campaigns, policies, scoping, templates
from reviews.actions.preferring import prefer
from reviews.actions.templates import Rhythm
from reviews.models import PreferredPolicy
from reviews.queries.applying import applying, to_freeze
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_campaign, make_policy


@pytest.fixture
def world(db):
    return World()


class World:
    """Coupa with two roles, and Concur with one; Tom governs Coupa; Olga runs a campaign of everything."""

    def __init__(self):
        self.tom = make_user("Tom Okafor", Role.APPLICATION)
        self.olga = make_user("Olga Berg", Role.CAMPAIGN)
        self.coupa, self.concur = make_app("Coupa", self.tom), make_app("Concur")
        self.buyer, self.payer = make_entitlement(self.coupa, "Buyer"), make_entitlement(self.coupa, "Payer")
        self.traveller = make_entitlement(self.concur, "Traveller")
        self.of_app, self.of_role, self.own = (make_policy(name) for name in ("App's", "Role's", "Own"))
        self.campaign = make_campaign("Q4", self.olga)

    def use_preferred(self):
        campaign = self.campaign
        assert campaign.policy is not None
        campaigns.choose_policy(
            campaign, campaign.policy, prefers=True, seen=campaign.changed_at, by=self.olga
        )
        campaign.refresh_from_db()

    def decide(self):
        found = applying(self.campaign)
        roles = (self.buyer, self.payer, self.traveller)
        applied = [found.to(role.app_id, role.pk) for role in roles]
        return [(each.version.policy.name, each.origin) for each in applied if each]


def test_own_goes_before_the_entitlements_before_the_apps_before_the_campaigns(world):
    prefer(world.coupa, None, world.of_app, by=world.tom)
    world.use_preferred()
    campaigns_own = ("Policy of Q4", "")
    assert world.decide() == [("App's", "app"), ("App's", "app"), campaigns_own]

    prefer(world.coupa, world.buyer, world.of_role, by=world.tom)
    assert world.decide() == [("Role's", "entitlement"), ("App's", "app"), campaigns_own]

    scoping.give_policy(world.campaign, world.buyer, world.own, by=world.olga)
    assert world.decide() == [("Own", "own"), ("App's", "app"), campaigns_own]


def test_a_campaign_that_does_not_ask_for_them_goes_by_its_own(world):
    prefer(world.coupa, None, world.of_app, by=world.tom)

    assert {name for name, _ in world.decide()} == {"Policy of Q4"}
    assert to_freeze(world.campaign) == []


def test_the_campaigns_own_policy_chosen_for_one_goes_before_what_is_preferred(world):
    prefer(world.coupa, None, world.of_app, by=world.tom)
    world.use_preferred()

    scoping.give_policy(world.campaign, world.buyer, world.campaign.policy, by=world.olga)

    rows = to_freeze(world.campaign)
    told = [(row.app, row.entitlement, row.version.policy.name) for row in rows]
    assert told == [(world.coupa, world.buyer, "Policy of Q4"), (world.coupa, None, "App's")]


def test_only_who_governs_an_app_says_what_it_prefers(world):
    for person in (world.olga, make_user("Ann Lee", Role.APPLICATION)):
        with pytest.raises(Denied, match="owner of Coupa"):
            prefer(world.coupa, world.buyer, world.of_role, by=person)

    assert not PreferredPolicy.objects.exists()
    assert not TrailEvent.objects.exists()


def test_what_is_preferred_is_told_and_can_be_taken_back(world):
    prefer(world.coupa, None, world.of_app, by=world.tom)
    prefer(world.coupa, None, world.own, by=world.tom)
    prefer(world.coupa, None, None, by=world.tom)

    assert not PreferredPolicy.objects.exists()
    told = [event.change["policy"] for event in TrailEvent.objects.filter(action="policies.preferred")]
    assert sorted((each["before"], each["after"]) for each in told) == [
        ("", "App's"),
        ("App's", "Own"),
        ("Own", ""),
    ]


def test_a_preferred_policy_is_not_retired_and_a_retired_one_not_preferred(world):
    prefer(world.coupa, world.buyer, world.of_role, by=world.tom)

    with pytest.raises(NotPossible, match="used by Buyer in Coupa"):
        policies.retire(world.of_role, by=world.olga)
    policies.retire(world.own, by=world.olga)
    with pytest.raises(NotPossible, match="is retired"):
        prefer(world.coupa, None, world.own, by=world.tom)


def test_copies_and_templates_use_them_too(world):
    world.use_preferred()

    copy = campaigns.duplicate(world.campaign, "Q1", policy=world.own, by=world.olga)
    template = templates.create(world.campaign, "Quarterly", Rhythm(), by=world.olga)
    drafted = templates.make_draft(template, by=world.olga)

    assert copy.prefers
    assert template.prefers
    assert drafted.prefers


@pytest.mark.parametrize("known_by", ["account", "email"])
def test_nobody_prefers_a_policy_for_what_they_hold_themselves(world, known_by, trail):
    theirs = {"person": world.tom} if known_by == "account" else {"email": world.tom.email}
    make_grant(make_account(world.coupa, "Tom Okafor", **theirs), world.buyer)
    make_grant(make_account(world.coupa, "Nora Lindqvist", person=make_user("Nora Lindqvist")), world.payer)

    with pytest.raises(Denied, match=r"You hold Buyer yourself.*Super Administrator"):
        prefer(world.coupa, world.buyer, world.of_role, by=world.tom)
    assert (PreferredPolicy.objects.count(), trail()) == (0, [])

    prefer(world.coupa, world.payer, world.of_role, by=world.tom)
    assert PreferredPolicy.objects.get().entitlement == world.payer
