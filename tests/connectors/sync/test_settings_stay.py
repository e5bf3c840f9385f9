"""What people decided about access outlives every sync."""

from connectors.actions import entitlements, resources
from connectors.actions.ownership import NEVER, Owners
from connectors.models import Entitlement, Resource
from core.models import Role
from tests.make import make_user


def test_no_sync_touches_what_people_decided(sync, world):
    ada = make_user("Ada Lindgren", Role.SUPER, Role.BASIC)
    sync()
    buyer = Entitlement.objects.get(external_id="role:1:member")
    facts = entitlements.EntitlementFacts("buy", "May order.", "p2p", "High", ["SOX"], True)
    entitlements.describe(buyer, facts, Owners([ada]), by=ada, seen=NEVER)
    words = {"own_name": "Purchaser", "own_description": "Orders."}
    resources.describe(buyer.resource, Owners(), by=ada, seen=NEVER, **words)
    world.things["role:1"] = "Buyer EMEA"

    sync()

    saved = Entitlement.objects.select_related("resource").get(pk=buyer.pk)
    assert saved.name == "Buyer EMEA"
    assert (saved.own_slug, saved.own_description, saved.alias) == ("buy", "May order.", "p2p")
    assert (saved.risk, saved.frameworks, saved.is_locked) == ("High", ["SOX"], True)
    assert (saved.resource.shown_name, saved.resource.name) == ("Purchaser", "Buyer EMEA")
    assert [each.label for each in saved.ownerships.all()] == ["Ada Lindgren"]
    for word in ("p2p", "purchaser", "emea"):
        assert Entitlement.objects.search(word).get() == saved
    assert Resource.objects.search("purchaser emea").get() == saved.resource
