"""The list of campaigns, a new one, and what its owners do with one, on screen."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from core.models import Role
from reviews.models import Campaign, Progress
from tests.make import make_app, make_user
from tests.reviews.making import make_campaign, make_policy

LIST = reverse("reviews:campaigns")


@pytest.fixture
def owner(db):
    return make_user("Olga Berg", Role.CAMPAIGN, Role.BASIC)


@pytest.fixture
def trail(trail):
    """Without the policies that come with Reeve, which whoever looks for them first makes."""
    return lambda: [each for each in trail() if each != "reviews.policy_built_in"]


@pytest.fixture
def browser(owner, sign_in):
    return sign_in(owner)


def names(reply):
    return [each.name for each in reply.context["page"].rows]


def test_each_campaign_stands_on_the_tab_of_its_state(owner, browser):
    for status in Campaign.Status:
        make_campaign(f"Is {status}", owner, status=status)

    shown = {tab: names(browser.get(LIST, {"tab": tab})) for tab in ("running", "drafts", "completed")}

    assert set(shown["running"]) == {"Is running", "Is closing", "Is closed", "Is remediation"}
    assert set(shown["drafts"]) == {"Is draft", "Is staging", "Is staged"}
    assert set(shown["completed"]) == {"Is signed_off", "Is cancelled"}


def test_campaigns_of_others_are_not_listed(owner, browser):
    make_campaign("Mine", owner)
    make_campaign("Theirs", make_user("Hugo Brandt", Role.CAMPAIGN))

    reply = browser.get(LIST, {"tab": "drafts"})

    assert names(reply) == ["Mine"]
    assert ("drafts", "Drafts", 1) in reply.context["tabs"]


def test_the_list_is_found_in_by_name_control_and_owner(owner, browser):
    make_campaign("Coupa roles", owner, control_id="P2P-07")
    make_campaign("Groups", owner, make_user("Zoe Roth", Role.CAMPAIGN))

    assert names(browser.get(LIST, {"tab": "drafts", "q": "coupa p2p"})) == ["Coupa roles"]
    assert names(browser.get(LIST, {"tab": "drafts", "q": "zoe"})) == ["Groups"]
    assert "Nothing fits" in browser.get(LIST, {"tab": "drafts", "q": "zoe coupa"}).content.decode()


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["Alpha", "beta"]),
        ("-name", ["beta", "Alpha"]),
        ("due", ["beta", "Alpha"]),
        ("x", ["beta", "Alpha"]),
    ],
)
def test_the_list_is_sorted_as_its_address_says(sort, expected, owner, browser):
    running = {"status": Campaign.Status.RUNNING}
    make_campaign("Alpha", owner, decide_by=now() + timedelta(days=9), **running)
    make_campaign("beta", owner, decide_by=now() + timedelta(days=2), **running)

    assert names(browser.get(LIST, {"sort": sort})) == expected


def test_a_running_campaign_shows_how_far_it_is_and_when_it_is_late(owner, browser):
    campaign = make_campaign(
        "Coupa", owner, status=Campaign.Status.RUNNING, decide_by=now() - timedelta(days=3, hours=1)
    )
    Progress.objects.create(campaign=campaign, reviewer=owner, asked=10, open=4)

    page = browser.get(LIST).content.decode()

    assert "6 of 10" in page
    assert "Overdue" in page
    assert "3 days over" in page


def test_each_reader_chooses_the_columns_of_each_tab(owner, browser, sign_in, cast):
    make_campaign("Coupa", owner, status=Campaign.Status.RUNNING, decide_by=now() - timedelta(days=2))
    url = reverse("reviews:campaign_columns", args=["running"])

    browser.post(url, {"column": ["on_time", "policy", "nonsense"], "next": LIST})
    mine, other = browser.get(LIST), sign_in(cast["super"]).get(LIST)
    browser.post(url, {"reset": "1", "next": LIST})

    assert [name for name, _, _ in mine.context["heads"]] == ["name", "on_time", "policy"]
    assert "Late" in mine.content.decode()
    assert "on_time" not in other.context["columns"]
    assert browser.get(LIST).context["columns"] == other.context["columns"]
    assert browser.post(reverse("reviews:campaign_columns", args=["nowhere"])).status_code == 404


def test_the_list_asks_as_much_for_many_as_for_one(owner, browser, django_assert_max_num_queries):
    for number in range(6):
        make_campaign(f"Campaign {number}", owner)

    with django_assert_max_num_queries(22):
        browser.get(LIST, {"tab": "drafts"})


def test_without_a_campaign_the_page_says_what_one_is(browser):
    page = browser.get(LIST).content.decode()

    assert "No campaign yet" in page
    assert reverse("reviews:new_campaign") in page


def test_a_new_campaign_leads_to_its_scope(owner, browser, trail):
    policy = make_policy()
    typed = {"name": "Coupa, Q4", "owners": [owner.pk], "policy": policy.pk}

    reply = browser.post(reverse("reviews:new_campaign"), typed)

    made = Campaign.objects.get()
    assert reply.headers["Location"] == reverse("reviews:draft_scope", args=[made.pk])
    assert (made.name, made.policy, made.made_by) == ("Coupa, Q4", policy, owner)
    assert trail() == ["campaigns.created"]


def test_a_new_campaign_without_name_or_owner_says_so_and_keeps_what_was_typed(browser, trail):
    reply = browser.post(reverse("reviews:new_campaign"), {"description": "Roles of Coupa"})

    page = reply.content.decode()
    assert reply.status_code == 422
    assert "Give it a name." in page
    assert "Name at least one owner." in page
    assert "Roles of Coupa" in page
    assert trail() == []


def test_an_owner_without_the_role_is_refused_by_name(browser, trail):
    other = make_user("Rui Costa", Role.BASIC)

    reply = browser.post(reverse("reviews:new_campaign"), {"name": "Coupa", "owners": [other.pk]})

    assert reply.status_code == 422
    assert "Rui Costa cannot own a campaign" in reply.content.decode()
    assert trail() == []


def test_without_script_owners_are_found_among_those_who_could_own_one(browser):
    make_user("Zoe Roth", Role.CAMPAIGN)
    make_user("Zoe Basic", Role.BASIC)

    reply = browser.post(
        reverse("reviews:new_campaign"), {"name": "Coupa", "owners_words": "zoe", "owners_find": "1"}
    )

    assert [each.name for each in reply.context["matches"]] == ["Zoe Roth"]
    assert "Give it a name." not in reply.content.decode()


def test_who_gives_their_campaign_away_is_led_to_the_list(owner, browser):
    campaign, other = make_campaign("Coupa", owner), make_user("Zoe Roth", Role.CAMPAIGN)
    typed = {"owners": [other.pk], "changed_at": campaign.changed_at.isoformat()}

    reply = browser.post(reverse("reviews:campaign_owners", args=[campaign.pk]), typed)

    assert reply.headers["Location"] == LIST
    assert list(campaign.owners.all()) == [other]


def test_owners_that_somebody_changed_meanwhile_are_shown_beside_what_was_typed(owner, browser):
    campaign, other = make_campaign("Coupa", owner), make_user("Zoe Roth", Role.CAMPAIGN)
    typed = {"owners": [owner.pk, other.pk], "changed_at": "2020-01-01T00:00:00+00:00"}

    reply = browser.post(reverse("reviews:campaign_owners", args=[campaign.pk]), typed)

    assert reply.status_code == 409
    assert "Somebody else saved this meanwhile" in reply.content.decode()
    assert list(campaign.owners.all()) == [owner]


def test_the_menu_of_a_draft_discards_and_that_of_a_staged_one_cancels(owner, browser):
    draft = make_campaign("Draft", owner)
    staged = make_campaign("Staged", owner, status=Campaign.Status.STAGED)

    of_draft = browser.get(reverse("reviews:draft_scope", args=[draft.pk])).content.decode()
    of_staged = browser.get(reverse("reviews:campaign", args=[staged.pk])).content.decode()

    assert reverse("reviews:discard_draft", args=[draft.pk]) in of_draft
    assert reverse("reviews:cancel_campaign", args=[draft.pk]) not in of_draft
    assert reverse("reviews:cancel_campaign", args=[staged.pk]) in of_staged
    assert reverse("reviews:discard_draft", args=[staged.pk]) not in of_staged


def test_a_cancelled_campaign_says_why_and_stays(owner, browser):
    campaign = make_campaign("Coupa", owner, status=Campaign.Status.STAGED)

    refused = browser.post(reverse("reviews:cancel_campaign", args=[campaign.pk]), {"reason": " "})
    browser.post(reverse("reviews:cancel_campaign", args=[campaign.pk]), {"reason": "Wrong scope."})
    page = browser.get(reverse("reviews:campaign", args=[campaign.pk])).content.decode()

    assert refused.status_code == 422
    assert "Wrong scope." in page
    assert names(browser.get(LIST, {"tab": "completed"})) == ["Coupa"]


def test_a_duplicate_is_a_draft_of_the_owner(owner, browser):
    campaign = make_campaign("Coupa", owner, status=Campaign.Status.SIGNED_OFF)

    browser.post(
        reverse("reviews:duplicate_campaign", args=[campaign.pk]),
        {"name": "Coupa again", "policy": campaign.policy_id},
    )

    assert Campaign.objects.get(name="Coupa again").copied_from == campaign


def test_the_rail_leads_those_who_have_to_do_with_campaigns_there(cast, sign_in):
    shown = {
        who: f'href="{LIST}"' in sign_in(cast[who]).get("/").content.decode()
        for who in ("super", "campaign", "read_only", "basic", "application")
    }

    assert shown == {
        "super": True, "campaign": True, "read_only": True, "basic": False, "application": False
    }  # fmt: skip


def test_the_control_owner_finds_their_campaign_and_changes_nothing(owner, sign_in):
    signer = make_user("Kim Aarts", Role.BASIC)
    campaign = make_campaign("Coupa", owner, control_owner=signer)
    browser = sign_in(signer)

    page = browser.get(reverse("reviews:draft_settings", args=[campaign.pk])).content.decode()
    refused = browser.post(reverse("reviews:discard_draft", args=[campaign.pk]))

    assert f'href="{LIST}"' in page
    assert "Save settings" not in page
    assert refused.status_code == 403
    assert Campaign.objects.filter(pk=campaign.pk).exists()


def test_an_app_shows_the_campaigns_that_take_it_in(owner, cast, sign_in):
    app, other = make_app("Coupa"), make_app("Other")
    mine = make_campaign("Of Coupa", owner)
    mine.scope.apps = [app.pk]
    mine.scope.save()
    make_campaign("Of everything", owner)
    browser = sign_in(cast["super"])

    of_app = browser.get(reverse("connectors:application", args=[app.pk])).content.decode()
    of_other = browser.get(reverse("connectors:application", args=[other.pk])).content.decode()

    assert "Of Coupa" in of_app
    assert "Of everything" in of_app
    assert "Of Coupa" not in of_other


def waiting(browser):
    return browser.get("/").content.decode()


def test_home_tells_owners_what_is_ready_to_start_and_what_could_not_be_staged(owner, browser, cast, sign_in):
    make_campaign("Ready", owner, status=Campaign.Status.STAGED, staged_at=now())
    make_campaign("By itself", owner, status=Campaign.Status.STAGED, starts_at=now() + timedelta(days=1))
    make_campaign("Stuck", owner, staging_problem="Nobody can be asked about line 7.")
    make_campaign("In peace", owner)

    page = waiting(browser)

    assert "is ready to start" in page
    assert "Nobody can be asked about line 7." in page
    assert "By itself" not in page
    assert "In peace" not in page
    assert "Stuck" not in waiting(sign_in(cast["campaign"]))


def test_home_asks_another_administrator_for_the_second_yes_though_they_do_not_own_it(
    owner, browser, cast, sign_in, trail, nudges
):
    campaign = make_campaign(
        "Coupa",
        owner,
        status=Campaign.Status.STAGING,
        override_reason="The tenant is away.",
        staging_wanted_by=owner,
    )
    other, url = sign_in(cast["campaign"]), reverse("reviews:second_override", args=[campaign.pk])

    asked = waiting(other)
    reply = other.post(url)

    campaign.refresh_from_db()
    assert "The tenant is away." in asked
    assert "The tenant is away." not in waiting(browser)
    assert reply.headers["Location"] == "/"
    assert campaign.override_seconded_by == cast["campaign"]
    assert trail() == ["campaigns.override_seconded"]
    assert other.post(url).status_code == 404
    assert sign_in(cast["basic"]).post(url).status_code == 404
