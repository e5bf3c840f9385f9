"""The staging of a draft on screen: what is missing, the work, the second yes, the start."""

from datetime import date

from django.utils.timezone import now

from core.models import Role
from reviews.models import Campaign, Policy, Scope
from tests.make import make_user
from tests.reviews.making import make_campaign, make_policy
from tests.reviews.test_draft_pages import HTMX, browser, draft, owner, text, trail, url

__all__ = ["browser", "draft", "owner", "trail"]


def test_before_staging_a_draft_says_what_is_missing(owner, browser):
    campaign = make_campaign("Coupa", owner, policy=None)

    page = text(browser.get(url("draft_scope", campaign)))

    assert "Choose who decides." in page
    assert "Name the control owner" in page
    assert "Say which period" in page


def test_a_whole_draft_is_staged_from_its_page(owner, browser, draft, trail, nudges):
    signer = make_user("Kim Aarts", Role.BASIC)
    Campaign.objects.filter(pk=draft.pk).update(
        control_owner=signer, period_starts_on=date(2026, 10, 1), period_ends_on=date(2026, 12, 31)
    )

    page = text(browser.get(url("draft_scope", draft)))
    reply = browser.post(url("stage", draft))

    draft.refresh_from_db()
    assert url("stage", draft) in page
    assert reply.headers["Location"] == url("campaign", draft)
    assert draft.status == "staging"
    assert trail() == ["campaigns.staging_wanted"]


def test_what_lacks_its_control_data_is_not_staged(browser, draft, trail):
    reply = browser.post(url("stage", draft))

    draft.refresh_from_db()
    assert reply.status_code == 409
    assert "Name the control owner" in text(reply)
    assert draft.status == "draft"
    assert trail() == []


def test_a_draft_marked_sox_says_which_step_keeps_it_from_being_staged(owner, browser):
    steps = [{"kind": "manager", "may_self_review": True}, {"kind": "app_owner"}]
    lax = make_policy("Lax", {"rules": [{"name": "Everything", "condition": None, "steps": steps}]})
    campaign = make_campaign("Coupa", owner, policy=lax, scope=Scope.objects.create(frameworks=["SOX"]))

    page = text(browser.get(url("draft_scope", campaign)))

    assert "Step 1 of “Everything” in Lax, version 1 lets people answer for their own access" in page
    assert "Nobody decides on their own access in a campaign marked SOX." in page


def test_a_staging_is_seen_at_work_and_leads_on_when_it_is_done(owner, browser):
    campaign = make_campaign(
        "Coupa",
        owner,
        status=Campaign.Status.STAGING,
        frozen_at=now(),
        lines=120,
        routed_to=40,
        digest="ab" * 32,
    )

    page = text(browser.get(url("campaign", campaign)))
    part = text(browser.get(url("campaign", campaign), headers=HTMX))
    Campaign.objects.update(status=Campaign.Status.STAGED)
    done = browser.get(url("campaign", campaign), headers=HTMX)

    assert 'value="40" max="120"' in page
    assert part.lstrip().startswith('<div id="staging"') or 'id="staging"' in part
    assert "<html" not in part
    assert done.headers["HX-Redirect"] == url("campaign", campaign)


def test_another_administrator_is_asked_for_the_second_yes(owner, cast, sign_in):
    campaign = make_campaign(
        "Coupa",
        owner,
        status=Campaign.Status.STAGING,
        override_reason="The tenant is away.",
        staging_wanted_by=owner,
    )

    own = text(sign_in(owner).get(url("campaign", campaign)))
    other = text(sign_in(cast["super"]).get(url("campaign", campaign)))

    assert "A second administrator has to agree" in own
    assert "I agree" not in own
    assert "I agree" in other


def test_a_staged_campaign_shows_what_was_frozen_and_starts(owner, browser, trail):
    campaign = make_campaign(
        "Coupa", owner, status=Campaign.Status.STAGED, staged_at=now(), frozen_at=now(), digest="cd" * 32
    )
    Campaign.objects.update(policy_version=Policy.objects.get().latest())

    page = text(browser.get(url("campaign", campaign)))
    browser.post(url("start_campaign", campaign), {"writes": "1"})

    campaign.refresh_from_db()
    assert "cd" * 32 in page
    assert url("start_campaign", campaign) in page
    assert campaign.status == "running"
    assert trail() == ["campaigns.started"]
