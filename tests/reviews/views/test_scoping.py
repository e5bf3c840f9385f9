"""The scope, entitlement by entitlement, and preferred policies, on screen."""

import pytest
from django.urls import reverse

from core.models import Role
from reviews.actions import scoping
from reviews.actions.preferring import prefer
from reviews.actions.templates import Rhythm, create
from reviews.models import Scope, ScopePolicy
from tests.make import make_account, make_entitlement, make_grant, make_user
from tests.reviews.making import make_campaign, make_grants, make_policy


@pytest.fixture
def olga(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture(params=["draft", "template"])
def side(request, olga):
    """A draft or a template, and its addresses."""
    draft = make_campaign("Coupa, Q4", olga)
    if request.param == "draft":
        return draft, ("draft_scope", "scope_entitlement", "reset_policies")
    template = create(draft, "Quarterly", Rhythm(), by=olga)
    return template, ("template_scope", "template_entitlement", "template_policies")


def url(side, which, *keys):
    of, names = side
    return reverse(f"reviews:{names[which]}", args=[of.pk, *keys])


def text(reply):
    return " ".join(reply.content.decode().split())


def test_each_entitlement_is_left_out_and_put_back_where_one_stood(side, olga, sign_in):
    role = make_grants(2)[0].entitlement
    browser = sign_in(olga)

    reply = browser.post(url(side, 1, role.pk) + "?q=Role", {"out": "yes"})

    assert reply.headers["Location"] == url(side, 0) + "?q=Role#h-entitlements"
    assert side[0].scope_id in Scope.objects.filter(left_out=[role.pk]).values_list("pk", flat=True)
    page = text(browser.get(url(side, 0)))
    assert "Left out" in page
    assert "Put back" in page
    browser.post(url(side, 1, role.pk), {"out": "no"})
    assert Scope.objects.get(pk=side[0].scope_id).left_out == []


def test_an_entitlement_is_given_a_policy_and_all_are_reset(side, olga, sign_in):
    role, own = make_grants(2)[0].entitlement, make_policy("By owners")
    browser = sign_in(olga)

    assert "No policy of its own" in text(browser.get(url(side, 1, role.pk)))
    browser.post(url(side, 1, role.pk), {"policy": own.pk})

    page = text(browser.get(url(side, 0)))
    assert "By owners" in page
    assert "Its own" in page
    browser.post(url(side, 2))
    assert not ScopePolicy.objects.exists()


def test_a_policy_that_is_not_there_is_a_sentence(side, olga, sign_in):
    role = make_grants(1)[0].entitlement

    reply = sign_in(olga).post(url(side, 1, role.pk), {"policy": "nothing"})

    assert reply.status_code == 422
    assert "not in use any more" in text(reply)


def test_the_table_is_searched_and_paged(side, olga, sign_in):
    make_grants(30)
    browser = sign_in(olga)

    reply = browser.get(url(side, 0))
    assert len(reply.context["rows"]) == 25
    assert "1-25 of 30" in text(reply)
    found = browser.get(url(side, 0), {"q": "Role 30"})
    assert [row.entitlement.name for row, _ in found.context["rows"]] == ["Role 30"]
    assert "fits this" in text(browser.get(url(side, 0), {"only": "out"}))


def test_a_longer_table_takes_no_more_queries(side, olga, sign_in, django_assert_max_num_queries):
    app = make_grants(5)[0].account.app
    browser = sign_in(olga)
    browser.get(url(side, 0))

    with django_assert_max_num_queries(60) as few:
        browser.get(url(side, 0))
    for number in range(20):
        make_grant(make_account(app, f"Another {number}"), make_entitlement(app, f"Another role {number}"))
    with django_assert_max_num_queries(len(few)):
        browser.get(url(side, 0))


def test_validate_names_what_was_left_out(olga, sign_in):
    role, draft = make_grants(2)[0].entitlement, make_campaign("Coupa, Q4", olga)
    scoping.leave_out(draft, role, by=olga)

    page = text(sign_in(olga).get(reverse("reviews:validate_scope", args=[draft.pk])))

    assert "The entitlement was left out singly" in page
    assert "Entitlements left out singly" in page
    assert role.name in page


def test_the_live_count_knows_what_was_left_out(olga, sign_in):
    role, draft = make_grants(2)[0].entitlement, make_campaign("Coupa, Q4", olga)
    scoping.leave_out(draft, role, by=olga)
    draft.refresh_from_db()

    reply = sign_in(olga).post(
        reverse("reviews:draft_scope", args=[draft.pk]),
        {"what": "kinds", "changed_at": draft.changed_at.isoformat()},
        headers={"HX-Request": "true"},
    )

    assert reply.context["number"] == 1


def test_a_draft_says_whether_it_uses_preferred_policies(olga, sign_in):
    draft = make_campaign("Coupa, Q4", olga)
    typed = {"policy": draft.policy_id, "prefers": "on", "changed_at": draft.changed_at.isoformat()}

    sign_in(olga).post(reverse("reviews:draft_reviewers", args=[draft.pk]), typed)

    draft.refresh_from_db()
    assert draft.prefers


def test_who_governs_an_app_chooses_on_its_page_and_others_read_it(sign_in, db):
    tom, ann = make_user("Tom Okafor", Role.APPLICATION), make_user("Ann Lee", Role.READ_ONLY)
    role, policy = make_grants(1)[0].entitlement, make_policy("By owners")
    role.app.ownerships.create(user=tom)
    browser = sign_in(tom)
    address = reverse("reviews:entitlement_policy", args=[role.app_id, role.pk])
    page = reverse("connectors:entitlement", args=[role.app_id, role.pk])

    assert address in text(browser.get(page))
    assert browser.post(address, {"policy": policy.pk}).headers["Location"] == page

    assert "By owners" in text(browser.get(page))
    seen = text(sign_in(ann).get(page))
    assert "By owners" in seen
    assert address not in seen


def test_an_entitlement_shows_what_its_app_prefers(sign_in, db):
    tom = make_user("Tom Okafor", Role.APPLICATION)
    role, policy = make_grants(1)[0].entitlement, make_policy("By owners")
    role.app.ownerships.create(user=tom)
    prefer(role.app, None, policy, by=tom)
    browser = sign_in(tom)

    assert "By owners" in text(browser.get(reverse("connectors:application", args=[role.app_id])))
    page = text(browser.get(reverse("connectors:entitlement", args=[role.app_id, role.pk])))
    assert "as the app prefers" in page
    choose = text(browser.get(reverse("reviews:entitlement_policy", args=[role.app_id, role.pk])))
    assert "As the app prefers" in choose
