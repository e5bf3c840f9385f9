"""What people decided about access outlives every sync."""

from connectors.actions import entitlements, resources
from connectors.actions.ownership import NEVER, Owners
from connectors.models import Entitlement, Resource, TagRule
from core.models import Role, TrailEvent
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


def test_rules_give_to_what_a_sync_brings_and_pass_over_what_people_set(sync, world, connector):
    rule = TagRule.objects.create(
        app=connector.app, name="Approvers", words="approver", risk="High", is_on=True
    )
    TagRule.objects.create(app=connector.app, name="Off", words="buyer", risk="Low", rank=9)
    sync()
    given = dict(Entitlement.objects.values_list("name", "risk"))
    Entitlement.objects.filter(name="Approver").update(risk="Low", tagged_by_rule="")
    world.things |= {"role:2": "Approver EMEA", "role:9": "Approver APAC"}

    sync()

    assert given == {"Access": "", "Buyer": "", "Approver": "High", "Plant Göteborg": ""}
    risks = dict(Entitlement.objects.values_list("name", "risk"))
    assert (risks["Approver EMEA"], risks["Approver APAC"]) == ("Low", "High")
    told = TrailEvent.objects.filter(action="rules.applied", object_id=rule.pk)
    assert [event.change["entitlements"] for event in told.order_by("pk")] == [1, 1]


def test_a_rule_gives_nothing_where_a_person_decided_none(sync, connector):
    sync()
    ada = make_user("Ada Lindgren", Role.SUPER)
    row = Entitlement.objects.get(name="Approver")
    for risk in ("High", ""):
        row.refresh_from_db()
        facts = entitlements.EntitlementFacts("", "", "", risk, [], is_locked=False)
        entitlements.describe(row, facts, Owners(), by=ada, seen=row.settings_changed_at or NEVER)
    TagRule.objects.create(app=connector.app, name="All", risk="High", is_on=True)
    Entitlement.objects.update(digest="another")  # as if the app had changed each

    sync()

    assert dict(Entitlement.objects.values_list("name", "risk"))["Approver"] == ""
    assert dict(Entitlement.objects.values_list("name", "risk"))["Buyer"] == "High"
