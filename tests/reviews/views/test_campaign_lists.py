"""The tabs of campaigns as files, and the warnings on the tabs of one campaign."""

import re
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.urls import reverse
from django.utils.timezone import now

from core.exports import on_offer
from core.models import Export, Role
from reviews.models import Campaign, Removal, SampledLine, Scope, Template
from tests.make import make_user
from tests.reviews.making import make_campaign, make_grants, make_policy, make_running
from tests.reviews.staged import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nudges")]
AT = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def olga():
    return make_user("Olga Berg", Role.CAMPAIGN)


def file_of(user, **asked):
    offer = on_offer("reviews.campaigns")
    assert offer
    heads = list(offer.heads(user, asked))
    return [dict(zip(heads, row, strict=True)) for row in offer.rows(user, asked)]


@time_machine.travel(AT, tick=False)
def test_the_file_of_running_ones_tells_how_they_stand(olga):
    late = {"decide_by": datetime(2026, 11, 27, 22, 59, tzinfo=UTC)}
    make_running(make_grants(2), make_user("Rui Costa"), olga, name="Late", control_id="P2P-07", **late)
    make_campaign("A draft", olga)

    (row,) = file_of(olga, tab="running")

    assert (row["Campaign"], row["Control ID"], row["State"]) == ("Late", "P2P-07", "Overdue")
    assert (row["Decided"], row["On time"], row["Time remaining"]) == ("0 of 2", "Late", "1 day over")
    assert row["Owners"] == ["Olga Berg"]
    assert row["Decide by"] == late["decide_by"]


def test_each_tab_has_its_file_with_the_columns_words_and_order_of_the_page(olga):
    for name in ("Coupa, Q1", "Coupa, Q2", "Spend Desk"):
        make_campaign(name, olga)
    over = {"status": Campaign.Status.SIGNED_OFF, "signed_off_at": now(), "signed_off_by": olga}
    make_campaign("Over", olga, **over)
    template = Template.objects.create(
        name="Each quarter", scope=Scope.objects.create(), policy=make_policy(), next_on=date(2027, 3, 1)
    )
    template.owners.add(olga)

    drafts = file_of(olga, tab="drafts", q="coupa", sort="-name", columns="state,owners")
    completed = file_of(olga, tab="completed")
    templates = file_of(olga, tab="templates")

    assert [list(row) for row in drafts] == 2 * [["Campaign", "Control ID", "State", "Owners"]]
    assert [row["Campaign"] for row in drafts] == ["Coupa, Q2", "Coupa, Q1"]
    assert [(row["Campaign"], row["By"]) for row in completed] == [("Over", olga)]
    assert [(row["Template"], row["Next draft"], row["Campaigns"]) for row in templates] == [
        ("Each quarter", date(2027, 3, 1), 0)
    ]


def test_a_file_holds_what_its_reader_may_open_alone(olga):
    make_campaign("Coupa", olga)

    assert file_of(make_user("Hugo Brandt", Role.CAMPAIGN), tab="drafts") == []


def test_the_button_of_a_tab_orders_its_file(olga, sign_in):
    make_campaign("Coupa", olga)
    browser, page = sign_in(olga), f"{reverse('reviews:campaigns')}?tab=drafts&q=coupa"
    html = browser.get(page).content.decode()
    sent = dict(re.findall(r'<input type="hidden" name="(tab|q|columns|kind)" value="([^"]*)"', html))

    browser.post(reverse("core:order_export"), sent)

    ordered = Export.objects.get()
    assert ordered.kind == "reviews.campaigns"
    assert (ordered.parameters["tab"], ordered.parameters["q"]) == ("drafts", "coupa")
    assert ordered.parameters["columns"] == "state,policy,changed,made,owners"


def tabs(browser, name, campaign):
    html = browser.get(reverse(f"reviews:{name}", args=[campaign.pk])).content.decode()
    nav = re.split(r'<nav aria-label="(?:Campaign|Draft)">', html)[1].split("</nav>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in nav.split("</li>")]


def test_the_tabs_of_a_campaign_warn_of_what_is_left(olga, sign_in):
    kept = {"bridge": {"overridden": ["Coupa is old."]}}
    campaign = make_running(make_grants(3), make_user("Rui Costa"), olga, **kept)
    assert {"Removals", "Data 1 problem", "Sign-off"} <= set(
        tabs(sign_in(olga), "campaign_submissions", campaign)
    )
    Campaign.objects.update(status=Campaign.Status.REMEDIATION, bridge={})
    task = campaign.tasks.earliest("line_no")
    Removal.objects.create(task=task, campaign=campaign, app=task.app, due_on=date(2026, 12, 1))
    SampledLine.objects.create(campaign=campaign, task=task, line_no=task.line_no)

    assert {"Removals 1 open", "Data", "Sign-off 1 to look at"} <= set(
        tabs(sign_in(olga), "campaign_submissions", campaign)
    )


@pytest.mark.parametrize(("hours", "said"), [(1, "Data"), (300, "Data 1 problem")])
def test_the_data_tab_of_a_draft_warns_of_what_it_should_not_rest_on(hours, said, olga, sign_in):
    world(holders=1, hours=hours)
    draft = make_campaign("Coupa", olga)

    for name in ("draft_settings", "draft_data"):
        assert said in tabs(sign_in(olga), name, draft)
