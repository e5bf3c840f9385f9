"""Values of tags, and rules that give them: in order, people's word first, and after every sync."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors.actions import rules as verbs
from connectors.models import Entitlement, Tag, TagRule
from core.models import Role, TrailEvent
from tests.make import make_app, make_connected, make_entitlement, make_user


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


@pytest.fixture
def app(db):
    return make_connected(app=make_app("Coupa")).app


@pytest.fixture
def browser(ada, sign_in):
    browser = sign_in(ada)
    browser.get("/")
    return browser


def url_of(page, *keys):
    return reverse(f"connectors:{page}", args=keys)


def text(reply):
    return reply.content.decode()


def make_rule(app, words="", **fields):
    rank = TagRule.objects.filter(app=app).count() + 1
    defaults = {"name": words or "Everything", "risk": "High", "rank": rank}
    return TagRule.objects.create(app=app, words=words, **{**defaults, **fields})


def risks():
    return dict(Entitlement.objects.values_list("name", "risk"))


def switched_on(browser, rule, expected):
    typed = {"on": "1", "acknowledged": "on", "expected": str(expected)}
    return browser.post(url_of("switch_rule", rule.app_id, rule.pk), typed)


def test_a_value_is_added_and_settings_lead_to_it(browser):
    reply = browser.post(url_of("tags"), {"kind": "framework", "name": "ISO 27001"}, follow=True)

    assert "ISO 27001" in text(reply)
    assert 'aria-current="page">Tags' in text(reply)
    assert Tag.objects.filter(kind="framework", name="ISO 27001").exists()
    assert TrailEvent.objects.filter(action="tags.added").exists()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"kind": "risk", "name": "High"}, "in the list already"),
        ({"kind": "risk", "name": "a, b"}, "no comma"),
        ({"kind": "risk", "name": "  "}, "required"),
        ({"kind": "colour", "name": "Red"}, "colour"),
    ],
)
def test_a_value_that_cannot_be_is_refused(typed, sentence, browser):
    before = Tag.objects.count()

    reply = browser.post(url_of("tags"), typed)

    assert reply.status_code == 422
    assert sentence in text(reply)
    assert Tag.objects.count() == before


@pytest.mark.parametrize(("old", "new"), [("High", "Grave risk"), ("SOX", "SOX-404")])
def test_a_renamed_value_is_renamed_on_what_bears_it(old, new, browser, app):
    make_entitlement(app, "Buyer", risk="High", frameworks=["Other", "SOX"])
    rule = make_rule(app, "x", frameworks=["SOX"])
    tag = Tag.objects.get(name=old)

    typed = {"name": new, "is_grave": "on", "changed_at": tag.changed_at.isoformat()}
    reply = browser.post(url_of("tag", tag.pk), typed)

    assert reply.status_code == 302
    buyer = Entitlement.objects.get()
    rule.refresh_from_db()
    for bearer in (buyer, rule):
        assert new in (bearer.risk, *bearer.frameworks)
        assert old not in (bearer.risk, *bearer.frameworks)
    assert TrailEvent.objects.get(action="tags.changed").change["entitlements"] == 1
    assert browser.post(url_of("tag", tag.pk), typed).status_code == 409


def test_a_value_taken_from_the_list_stays_on_what_bears_it(browser, app):
    buyer = make_entitlement(app, "Buyer", risk="High")

    browser.post(url_of("remove_tag", Tag.objects.get(name="High").pk))

    assert risks() == {"Buyer": "High"}
    assert "no longer in the list" in text(browser.get(url_of("entitlement", app.pk, buyer.pk)))
    assert "High (no longer in the list)" in text(browser.get(url_of("entitlement_edit", app.pk, buyer.pk)))


def test_risk_levels_change_their_order(browser):
    high = Tag.objects.get(name="High")

    browser.post(url_of("move_tag", high.pk), {"up": "1"})

    order = list(Tag.objects.risks().order_by("rank").values_list("name", flat=True))
    assert order == ["Low", "High", "Medium", "Critical"]


def test_a_preview_says_what_would_be_set_and_what_is_passed_over(browser, app):
    make_entitlement(app, "Admin Zürich")
    make_entitlement(app, "Admin locked", is_locked=True)
    make_entitlement(app, "Admin by hand", risk="Low")
    make_entitlement(app, "Admin buyer")
    make_entitlement(app, "Viewer")
    make_rule(app, "buyer", is_on=True)
    rule = make_rule(app, "ADMIN")

    shown = browser.get(url_of("rule", app.pk, rule.pk)).context["preview"]

    assert [each.name for each in shown.sample] == ["Admin Zürich"]
    assert (shown.number, shown.locked, shown.by_hand, shown.earlier) == (1, 1, 1, 1)


def test_a_rule_switched_on_gives_at_once_and_off_it_strips_nothing(browser, app):
    make_entitlement(app, "Admin")
    make_entitlement(app, "Admin locked", is_locked=True)
    make_entitlement(app, "Admin by hand", risk="Low")
    rule = make_rule(app, "admin", frameworks=["SOX"])

    reply = switched_on(browser, rule, 1)
    browser.post(url_of("switch_rule", app.pk, rule.pk), {"off": "1"})

    assert reply.status_code == 302
    assert risks() == {"Admin": "High", "Admin locked": "", "Admin by hand": "Low"}
    assert Entitlement.objects.get(name="Admin").tagged_by_rule == rule.pk
    assert not TagRule.objects.get().is_on
    told = TrailEvent.objects.filter(object_id=rule.pk).order_by("pk").values_list("action", flat=True)
    assert list(told) == ["rules.switched_on", "rules.switched_off"]


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"on": "1", "expected": "1"}, 422),
        ({"on": "1", "acknowledged": "on", "expected": "x"}, 422),
        ({"on": "1", "acknowledged": "on"}, 422),
        ({"on": "1", "acknowledged": "on", "expected": "7"}, 409),
        ({"off": "1"}, 409),
    ],
)
def test_a_rule_is_switched_only_by_who_has_looked(typed, status, browser, app):
    make_entitlement(app, "Admin")
    rule = make_rule(app, "admin")

    reply = browser.post(url_of("switch_rule", app.pk, rule.pk), typed)

    assert reply.status_code == status
    assert risks() == {"Admin": ""}


def test_the_first_rule_that_fits_wins(browser, app):
    make_entitlement(app, "Admin")
    first, second = make_rule(app, "admin", risk="Critical"), make_rule(app, risk="Low")
    switched_on(browser, first, 1)

    switched_on(browser, second, 0)

    assert risks() == {"Admin": "Critical"}


def test_what_a_person_sets_afterwards_no_rule_takes_back(browser, app):
    admin = make_entitlement(app, "Admin")
    first = make_rule(app, "admin")
    switched_on(browser, first, 1)
    at = Entitlement.objects.get().settings_changed_at
    assert at

    browser.post(url_of("entitlement_edit", app.pk, admin.pk), {"risk": "Low", "changed_at": at.isoformat()})
    second = make_rule(app, "adm", risk="Critical", rank=0)
    switched_on(browser, second, 0)

    assert risks() == {"Admin": "Low"}


def test_a_changed_rule_is_off_until_looked_at_again(browser, app):
    rule = make_rule(app, "admin", is_on=True)
    typed = {"name": "Other", "words": "root", "risk": "High", "changed_at": rule.changed_at.isoformat()}
    url = url_of("edit_rule", app.pk, rule.pk)

    browser.post(url, typed)

    changed = TagRule.objects.get()
    assert (changed.name, changed.words, changed.is_on) == ("Other", "root", False)
    assert browser.post(url, typed).status_code == 409


@pytest.mark.parametrize(
    "typed",
    [
        {"name": "", "risk": "High"},
        {"name": "Gives nothing"},
        {"name": "Odd", "risk": "Enormous"},
        {"name": "Odd", "kind": "planet", "risk": "High"},
    ],
)
def test_a_rule_that_cannot_be_is_refused(typed, browser, app):
    reply = browser.post(url_of("add_rule", app.pk), {"words": "kept words", **typed})

    assert reply.status_code == 422
    assert "kept words" in text(reply)
    assert not TagRule.objects.exists()


def test_rules_move_and_only_those_that_are_off_are_removed(browser, app):
    first, second = make_rule(app, "one", is_on=True), make_rule(app, "two")

    browser.post(url_of("move_rule", app.pk, second.pk), {"up": "1"})
    kept = browser.post(url_of("remove_rule", app.pk, first.pk))
    browser.post(url_of("remove_rule", app.pk, second.pk))

    assert kept.status_code == 409
    assert [(rule.name, rule.rank) for rule in TagRule.objects.all()] == [("one", 2)]


def test_the_list_of_rules_asks_as_often_for_many_as_for_few(browser, app):
    def queries_for(number):
        while TagRule.objects.count() < number:
            make_rule(app, f"word{TagRule.objects.count()}")
        with CaptureQueriesContext(connection) as queries:
            browser.get(url_of("rules", app.pk))
        return len(queries)

    assert queries_for(3) == queries_for(60)


def test_giving_costs_one_statement_however_many_entitlements(app, ada):
    rule = make_rule(app)

    def statements(number):
        while Entitlement.objects.count() < number:
            make_entitlement(app, f"Role {Entitlement.objects.count()}")
        with CaptureQueriesContext(connection) as queries:
            verbs.switch_on(rule, by=ada, expected=number)
        verbs.switch_off(rule, by=ada)
        return len(queries)

    statements(1)  # whoever comes first asks more

    assert statements(3) == statements(60)
