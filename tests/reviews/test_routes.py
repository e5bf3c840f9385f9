"""What staging and a draft look at before anything is frozen: who would be asked, and who cannot be."""

import pytest

from connectors.models import AppOwner, Grant
from core.models import TrailEvent, User
from reviews.actions.policies_built_in import ensure
from reviews.models import Campaign, Policy, PolicyVersion, Turn
from reviews.queries.facts import lines_of, lines_there_would_be
from reviews.queries.routes import preview
from reviews.routing import BUILT_IN
from tests.make import make_account, make_entitlement, make_grant
from tests.reviews.making import make_policy
from tests.reviews.world import World, content


@pytest.fixture
def world(db):
    world = World()
    for person, name in ((world.grace, "Grace Kim"), (world.grace, "Grace Admin"), (None, "Robot")):
        make_grant(make_account(world.app, name, person=person), world.buyer)
    return world


def test_a_preview_says_who_would_get_how_many_and_writes_nothing(world):
    found = preview(world.campaign, Grant.objects.here())

    assert found.lines == 3
    assert {found.names[key]: number for key, number in found.reviewers.items()} == {
        "Rui Alves": 2,
        "Tom Okafor": 1,
    }
    assert found.problem == ""
    assert Turn.objects.count() == 0


def test_a_preview_names_what_nobody_could_decide(world):
    AppOwner.objects.all().delete()
    world.campaign.ownerships.all().delete()

    found = preview(world.campaign, Grant.objects.here())

    assert found.unroutable_count == 1
    assert found.problem == (
        "Nobody can be asked about 1 line. Buyer of Robot: The account belongs to nobody, so there is no "
        "manager to ask. Coupa has no owner. The campaign has no owner."
    )


def test_a_preview_looks_at_every_step(world):
    version = make_policy("Twice", content({"kind": "manager"}, {"kind": "manager"})).latest()
    Campaign.objects.update(policy_version=version)
    world.campaign.refresh_from_db()
    User.objects.filter(pk=world.olga.pk).update(status="deactivated")

    found = preview(world.campaign, Grant.objects.here())

    assert found.unroutable_count == 1  # the robot: Tom first, and nobody after him
    assert "Tom Okafor decided an earlier step." in found.problem


def test_a_line_reads_the_same_before_and_after_it_is_frozen(world):
    risky = make_entitlement(world.app, "Admin", risk="High", frameworks=["SOX"], own_slug="boss")
    line = world.line(world.grace, "Grace Third", entitlement=risky, marks=["api"], employee_id="E1")
    ((before,),) = lines_there_would_be(Grant.objects.filter(pk=line.grant))
    (after,) = lines_of(world.campaign.tasks.all())

    same = {name: getattr(before, name) for name in before._fields if name != "line"}
    assert same == {name: getattr(after.facts, name) for name in same}
    assert (before.frameworks, before.account_marks) == (("SOX",), ("api",))
    assert before.is_grave


def test_built_in_policies_are_made_once_and_kept(db):
    first, again = ensure(), ensure()

    assert [policy.built_in for policy in first] == list(BUILT_IN)
    assert [policy.pk for policy in first] == [policy.pk for policy in again]
    assert PolicyVersion.objects.count() == len(BUILT_IN)
    assert TrailEvent.objects.filter(action="reviews.policy_built_in").count() == len(BUILT_IN)


def test_a_built_in_policy_that_says_something_new_gets_a_version(db, monkeypatch):
    ensure()
    name, description, _ = BUILT_IN["manager"]
    monkeypatch.setitem(BUILT_IN, "manager", (name, description, content({"kind": "app_owner"})))

    ensure()

    policy = Policy.objects.get(built_in="manager")
    assert [version.number for version in policy.versions.order_by("number")] == [1, 2]
    assert policy.latest().content == {**content({"kind": "app_owner"}), "removes": True}
