"""Entitlements and resources: what people decide about them, found again, and left alone by every sync."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from connectors.models import Entitlement, EntitlementOwner, Resource
from core.models import Role, TrailEvent
from tests.make import make_account, make_app, make_connected, make_entitlement, make_grant, make_user

UNSEEN = "0001-01-01T00:00:00+00:00"


@pytest.fixture
def governor(db):
    return make_user("Ines Moreau", Role.APPLICATION, Role.BASIC)


@pytest.fixture
def app(governor):
    return make_connected(app=make_app("Coupa", governor)).app


@pytest.fixture
def browser(governor, app, sign_in):
    browser = sign_in(governor)
    browser.get("/")
    return browser


def url_of(page, *keys):
    return reverse(f"connectors:{page}", args=keys)


def text(reply):
    return reply.content.decode()


def names(reply):
    return [row.name for row in reply.context["page"].rows]


def edited(entitlement, **typed):
    return {"changed_at": UNSEEN, "risk": "", **typed}


def test_settings_of_an_entitlement_are_saved_and_told(browser, app):
    entitlement, grace = make_entitlement(app), make_user("Grace Kim", Role.BASIC)
    lead = make_entitlement(app, "Procurement lead")
    typed = {
        "own_slug": "buyer",
        "own_description": "May order.",
        "alias": "p2p-buy",
        "risk": "High",
        "frameworks": ["SOX"],
        "is_locked": "on",
        "owners": [grace.pk],
        "holders": [lead.pk],
    }

    reply = browser.post(url_of("entitlement_edit", app.pk, entitlement.pk), edited(entitlement, **typed))

    assert reply.status_code == 302
    saved = Entitlement.objects.get(pk=entitlement.pk)
    assert (saved.shown_slug, saved.shown_description, saved.alias) == ("buyer", "May order.", "p2p-buy")
    assert (saved.risk, saved.frameworks, saved.is_locked) == ("High", ["SOX"], True)
    assert sorted(each.label for each in saved.ownerships.all()) == [
        "Grace Kim",
        "Holders of Procurement lead",
    ]
    event = TrailEvent.objects.get(action="entitlements.changed")
    assert event.change["risk"] == {"before": "", "after": "High"}
    page = text(browser.get(url_of("entitlement", app.pk, entitlement.pk)))
    assert "May order." in page
    assert "Holders of Procurement lead" in page


def test_a_stale_form_is_refused_and_shows_both(browser, app):
    entitlement = make_entitlement(app)
    url = url_of("entitlement_edit", app.pk, entitlement.pk)
    browser.post(url, edited(entitlement, alias="first"))

    reply = browser.post(url, edited(entitlement, alias="second"))

    assert reply.status_code == 409
    assert "first" in text(reply)
    assert Entitlement.objects.get(pk=entitlement.pk).alias == "first"


def test_a_form_from_no_known_time_is_stale_and_no_error(browser, app):
    entitlement = make_entitlement(app)
    url = url_of("entitlement_edit", app.pk, entitlement.pk)

    assert browser.post(url, {"changed_at": "2020-01-01T00:00:00+00:00", "alias": "x"}).status_code == 409
    assert browser.post(url, {"changed_at": "garbage", "alias": "x"}).status_code == 409


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"own_slug": "two words"}, "A slug has letters"),
        ({"alias": "taken"}, "is the alias of Approver already"),
        ({"risk": "Enormous"}, "Enormous"),
        ({"frameworks": ["Nothing"]}, "Nothing"),
        ({"owners": ["nobody"]}, "deactivated or unknown"),
        ({"holders": ["nothing"]}, "deactivated or unknown"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(typed, sentence, browser, app):
    make_entitlement(app, "Approver", alias="taken")
    entitlement = make_entitlement(app)
    url = url_of("entitlement_edit", app.pk, entitlement.pk)

    reply = browser.post(url, edited(entitlement, own_description="Kept words", **typed))

    assert reply.status_code == 422
    assert sentence in text(reply)
    assert "Kept words" in text(reply)
    assert Entitlement.objects.get(pk=entitlement.pk).settings_changed_at is None


def test_the_same_alias_may_stand_in_another_app(browser, app):
    make_entitlement(make_app("Ariba"), alias="buy")
    entitlement = make_entitlement(app)

    reply = browser.post(url_of("entitlement_edit", app.pk, entitlement.pk), edited(entitlement, alias="buy"))

    assert reply.status_code == 302


def test_the_built_in_entitlement_keeps_its_slug(browser, app):
    access = make_entitlement(app, "Access", kind="credential", slug="access")
    url = url_of("entitlement_edit", app.pk, access.pk)

    page = browser.get(url)
    browser.post(url, edited(access, own_slug="mine", alias="acc"))

    assert 'name="own_slug"' not in text(page)
    saved = Entitlement.objects.get(pk=access.pk)
    assert (saved.own_slug, saved.alias) == ("", "acc")


def test_finding_an_owner_without_script_saves_nothing(browser, app):
    entitlement = make_entitlement(app)
    make_user("Grace Kim", Role.BASIC)
    lead = make_entitlement(app, "Procurement lead")
    url = url_of("entitlement_edit", app.pk, entitlement.pk)

    found = browser.post(url, edited(entitlement, owners_words="grace", owners_find="1", alias="typed"))
    held = browser.post(url, edited(entitlement, holders_words="procurement", holders_find="1"))

    assert (found.status_code, held.status_code) == (200, 200)
    assert "Grace Kim" in text(found)
    assert 'value="typed"' in text(found)
    assert lead.pk in text(held)
    assert not TrailEvent.objects.filter(action="entitlements.changed").exists()


def test_holders_now_and_before_are_filtered(browser, app):
    entitlement = make_entitlement(app)
    make_grant(make_account(app, "Anna"), entitlement)
    make_grant(make_account(app, "Bert", status="disabled"), entitlement)
    make_grant(make_account(app, "Cleo"), entitlement, gone_at=now(), gone_run=7)
    url = url_of("entitlement", app.pk, entitlement.pk)

    held = browser.get(url, {"tab": "now"})
    disabled = browser.get(url, {"tab": "now", "status": "disabled"})
    past = browser.get(url, {"tab": "past"})

    assert {row.account.name for row in held.context["page"].rows} == {"Anna", "Bert"}
    assert [row.account.name for row in disabled.context["page"].rows] == ["Bert"]
    assert [row.account.name for row in past.context["page"].rows] == ["Cleo"]
    assert "Sync 7" in text(past)


def test_the_list_is_narrowed_by_or_inside_and_and_across(browser, app):
    make_entitlement(app, "Admin", risk="Critical", frameworks=["SOX"])
    make_entitlement(app, "Approver", risk="High", frameworks=["SOX", "DSGVO ü"])
    make_entitlement(app, "Buyer", risk="High")
    make_entitlement(app, "Viewer", kind="group")
    url = url_of("entitlements", app.pk)

    assert names(browser.get(url, {"risk": ["High", "Critical"]})) == ["Admin", "Approver", "Buyer"]
    assert names(browser.get(url, {"risk": ["High", "Critical"], "framework": "SOX"})) == [
        "Admin",
        "Approver",
    ]
    assert names(browser.get(url, {"framework": "DSGVO ü"})) == ["Approver"]
    assert names(browser.get(url, {"kind": "group"})) == ["Viewer"]
    assert names(browser.get(url, {"since": "2999-01-01"})) == []
    assert len(names(browser.get(url, {"since": "nonsense"}))) == 4


def test_what_has_no_owner_or_no_holder_is_found(browser, app, governor):
    owned, held = make_entitlement(app, "Owned"), make_entitlement(app, "Held")
    EntitlementOwner.objects.create(thing=owned, user=governor)
    make_grant(make_account(app), held)
    url = url_of("entitlements", app.pk)

    assert names(browser.get(url, {"only": "no-owner"})) == ["Held"]
    assert names(browser.get(url, {"only": "nobody-holds"})) == ["Owned"]


def test_attributes_of_several_are_set_and_locked_ones_passed_over(browser, app):
    one, two = make_entitlement(app, "One"), make_entitlement(app, "Two", is_locked=True)
    foreign = make_entitlement(make_app("Ariba"), "Foreign")
    url = url_of("entitlements_attributes", app.pk)
    typed = {"chosen": [one.pk, two.pk, foreign.pk], "set_risk": "on", "risk": "Critical"}

    page = browser.get(url, {"chosen": [one.pk, two.pk]})
    reply = browser.post(url, typed, follow=True)

    assert "1 locked" in text(page)
    assert "1 changed. 1 locked, passed over." in text(reply)
    risks = dict(Entitlement.objects.values_list("name", "risk"))
    assert risks == {"One": "Critical", "Two": "", "Foreign": ""}


def test_attributes_of_all_that_match_a_filter_are_set_if_they_are_as_many_as_was_said(browser, app):
    make_entitlement(app, "Buyer", risk="Low")
    make_entitlement(app, "Payer", risk="Low")
    make_entitlement(app, "Driver")
    make_entitlement(make_app("Ariba"), "Foreign", risk="Low")
    lists, url = url_of("entitlements", app.pk), url_of("entitlements_attributes", app.pk)
    typed = {"all": "1", "filter": "risk=Low", "set_risk": "on", "risk": "Critical"}

    link = browser.get(lists, {"risk": "Low"}).content.decode()
    form = browser.get(url, {"all": "1", "risk": "Low"})
    refused = browser.post(url, {**typed, "number": "1"})
    untouched = Entitlement.objects.filter(risk="Critical").count()
    reply = browser.post(url, {**typed, "number": "2"})

    assert f"{url}?all=1&amp;risk=Low" in link
    assert form.context["number"] == 2
    assert 'name="filter" value="risk=Low"' in form.content.decode()
    assert 'name="chosen"' not in form.content.decode()
    assert (refused.status_code, untouched) == (422, 0)
    assert "It was 1, and is 2 now" in text(refused)
    assert reply.headers["Location"] == f"{lists}?risk=Low"
    risks = dict(Entitlement.objects.values_list("name", "risk"))
    assert risks == {"Buyer": "Critical", "Payer": "Critical", "Driver": "", "Foreign": "Low"}


def test_without_script_a_page_of_entitlements_is_ticked_by_a_link(browser, app):
    make_entitlement(app, "Buyer")

    plain = browser.get(url_of("entitlements", app.pk)).content.decode()
    ticked = browser.get(url_of("entitlements", app.pk), {"tick": "page"}).content.decode()

    assert not re.search(r'name="chosen"[^>]*checked', plain)
    assert re.search(r'name="chosen"[^>]*checked', ticked)


@pytest.mark.parametrize("typed", [{}, {"set_risk": "on", "risk": "Enormous"}])
def test_attributes_that_cannot_be_are_refused(typed, browser, app):
    one = make_entitlement(app, "One")

    reply = browser.post(url_of("entitlements_attributes", app.pk), {"chosen": [one.pk], **typed})

    assert reply.status_code == 422
    assert Entitlement.objects.get(pk=one.pk).risk == ""


def test_a_resource_is_renamed_and_found_by_both_names(browser, app):
    entitlement = make_entitlement(app, "Buyer")
    url = url_of("resource_edit", app.pk, entitlement.resource_id)

    browser.post(url, {"own_name": "Purchaser", "own_description": "Orders.", "changed_at": UNSEEN})

    resource = Resource.objects.get(pk=entitlement.resource_id)
    assert (resource.shown_name, resource.name) == ("Purchaser", "Buyer")
    for word in ("purchaser", "buyer"):
        assert names(browser.get(url_of("resources", app.pk), {"q": word})) == ["Buyer"]
        assert names(browser.get(url_of("entitlements", app.pk), {"q": word})) == ["Buyer"]
    assert browser.post(url, {"own_name": "Other", "changed_at": UNSEEN}).status_code == 409


def test_a_resource_says_who_holds_anything_of_it(browser, app):
    entitlement = make_entitlement(app, "Buyer")
    make_grant(make_account(app, "Anna"), entitlement)
    url = url_of("resource", app.pk, entitlement.resource_id)

    details, holders = browser.get(url), browser.get(url, {"tab": "holders"})

    assert "Role Buyer in Coupa." in text(details)
    assert names(holders) == ["Anna"]


def test_what_is_gone_says_so_and_has_no_way_to_delete(browser, app):
    entitlement = make_entitlement(app, gone_at=now())
    Resource.objects.filter(pk=entitlement.resource_id).update(gone_at=now())

    for page in ("entitlement", "resource"):
        key = entitlement.pk if page == "entitlement" else entitlement.resource_id
        shown = text(browser.get(url_of(page, app.pk, key)))
        assert "Deleted in <bdi>Coupa</bdi> on" in shown
        assert ">Delete" not in shown


@pytest.mark.parametrize("page", ["entitlements", "resources"])
def test_lists_ask_as_often_for_many_rows_as_for_few(page, browser, app, governor):
    def queries_for(number):
        while Entitlement.objects.count() < number:
            made = make_entitlement(app, f"Role {Entitlement.objects.count()}")
            EntitlementOwner.objects.create(thing=made, user=governor)
            make_grant(make_account(app), made)
        with CaptureQueriesContext(connection) as queries:
            browser.get(url_of(page, app.pk))
        return len(queries)

    assert queries_for(3) == queries_for(60)


@pytest.mark.parametrize("part", ["now", "past"])
def test_holders_ask_as_often_for_many_rows_as_for_few(part, browser, app, governor):
    entitlement = make_entitlement(app)
    fields = {"gone_at": now(), "gone_run": 1} if part == "past" else {}

    def queries_for(number):
        while entitlement.grants.count() < number:
            make_grant(make_account(app, person=governor), entitlement, **fields)
        with CaptureQueriesContext(connection) as queries:
            browser.get(url_of("entitlement", app.pk, entitlement.pk), {"tab": part})
        return len(queries)

    assert queries_for(3) == queries_for(60)
