"""Templates on screen: made of a campaign, changed, drafted from, retired."""

from datetime import date

import pytest
from django.urls import reverse

from core.models import Role
from reviews.actions import templates
from reviews.models import Campaign, Template
from tests.make import make_app, make_user
from tests.reviews.making import make_campaign, make_policy

STALE = {"changed_at": "2020-01-01T00:00:00+00:00"}


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


@pytest.fixture
def template(owner):
    return templates.create(make_campaign("Coupa", owner), "Each quarter", templates.Rhythm(), by=owner)


def url(name, row):
    return reverse(f"reviews:{name}", args=[row.pk])


def whole(template, owner, **typed):
    """The settings as their form sends them."""
    kept = {
        "name": template.name,
        "frequency": "quarterly",
        "sample_percent": 10,
        "every": 3,
        "unit": "months",
    }
    return {**kept, "owners": [owner.pk], "changed_at": template.changed_at.isoformat(), **typed}


def test_a_template_is_made_of_a_campaign_and_offers_the_next_day_of_the_quarter(owner, browser):
    campaign = make_campaign("Coupa", owner)
    typed = {
        "name": "Each quarter",
        "next_on": "2030-03-01",
        "every": "3",
        "unit": "months",
        "starts_by_itself": "on",
    }

    offered = browser.get(url("new_template", campaign)).content.decode()
    reply = browser.post(url("new_template", campaign), typed)

    made = Template.objects.get()
    assert f'value="{templates.first_draft_day():%Y-%m-%d}"' in offered
    assert reply.headers["Location"] == url("template", made)
    assert (made.next_on, made.starts_by_itself) == (date(2030, 3, 1), True)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": ""}, "Give it a name."),
        ({"next_on": "2020-03-01"}, "today or later"),
        ({"every": "13"}, "at most 52 weeks, 12 months, 4 quarters, 3 years"),
        ({"next_on": "", "starts_by_itself": "on"}, "needs a day"),
    ],
)
def test_a_rhythm_that_cannot_be_is_refused_with_a_sentence(typed, sentence, owner, browser):
    campaign = make_campaign("Coupa", owner)

    reply = browser.post(
        url("new_template", campaign), {"name": "Quarterly", "every": "3", "unit": "months", **typed}
    )

    assert reply.status_code == 422
    assert sentence in reply.content.decode()
    assert not Template.objects.exists()


def test_its_page_lists_its_campaigns_and_makes_a_draft(browser, template, trail):
    reply = browser.post(url("make_draft", template))

    made = Campaign.objects.get(template=template)
    assert reply.headers["Location"] == url("draft_scope", made)
    assert made.name in browser.get(url("template", template)).content.decode()
    assert trail()[-1] == "campaigns.made_from_template"


def test_its_settings_are_saved_together(owner, browser, template, trail):
    policy, other = make_policy("App owner"), make_user("Zoe Roth", Role.SUPER)
    typed = whole(
        template, owner, name="Each half", frequency="half_yearly", every=6, unit="months", policy=policy.pk
    )
    typed |= {"owners": [owner.pk, other.pk], "next_on": "2030-06-03", "instructions": "Look twice."}

    reply = browser.post(url("template_settings", template), typed)

    template.refresh_from_db()
    assert reply.status_code == 302
    assert (template.name, template.frequency, template.policy) == ("Each half", "half_yearly", policy)
    assert (template.next_on, template.instructions) == (date(2030, 6, 3), "Look twice.")
    assert set(template.owners.all()) == {owner, other}
    assert trail()[-1] == "templates.changed"


def test_settings_without_an_owner_are_refused_and_stale_ones_shown_beside(owner, browser, template):
    refused = browser.post(url("template_settings", template), whole(template, owner, owners=[]))
    stale = browser.post(url("template_settings", template), whole(template, owner, name="Other", **STALE))

    template.refresh_from_db()
    assert refused.status_code == 422
    assert "Name at least one owner." in refused.content.decode()
    assert stale.status_code == 409
    assert template.name == "Each quarter"


def test_scope_and_course_of_a_template_are_its_own(browser, template, trail):
    app = make_app("Coupa")
    seen = {"changed_at": template.changed_at.isoformat()}
    browser.post(url("template_scope", template), {"apps": [app.pk], **seen})
    template.refresh_from_db()
    seen = {"changed_at": template.changed_at.isoformat()}
    course = {"days_to_decide": 21, "desk": "flat", "when_removed": "automatic", "at_end": "exception"}

    browser.post(url("template_course", template), {**course, **seen})

    template.refresh_from_db()
    assert template.scope.apps == [app.pk]
    assert (template.days_to_decide, template.writes_at_start) == (21, False)
    assert trail()[-2:] == ["templates.changed", "templates.changed"]


def test_the_count_of_a_template_follows_what_is_ticked(browser, template):
    reply = browser.post(url("template_scope", template), {"what": "kinds"}, headers={"HX-Request": "true"})

    assert 'id="now"' in reply.content.decode()
    assert reply.context["number"] == 0


def test_a_retired_template_is_off_the_list_and_says_so(browser, template):
    browser.post(url("retire_template", template))

    listed = browser.get(reverse("reviews:campaigns"), {"tab": "templates"})
    page = browser.get(url("template", template)).content.decode()
    assert list(listed.context["page"].rows) == []
    assert "Retired" in page
    assert "Make a draft now" not in page


def test_templates_of_others_are_not_there(template, sign_in):
    other = sign_in(make_user("Hugo Brandt", Role.CAMPAIGN))

    assert other.get(url("template", template)).status_code == 404
    assert list(other.get(reverse("reviews:campaigns"), {"tab": "templates"}).context["page"].rows) == []


def test_the_page_shows_the_next_drafts_with_their_names_and_when_the_schedule_ends(owner, sign_in):
    rhythm = templates.Rhythm(date(2030, 3, 1), 1, "quarters", drafts_left=2)
    template = templates.create(make_campaign("Coupa", owner), "Each quarter", rhythm, by=owner)

    page = " ".join(sign_in(owner).get(url("template", template)).content.decode().split())

    assert "1 Mar 2030" in page
    assert "Each quarter, Q1 2030" in page
    assert "Each quarter, Q2 2030" in page
    assert "Each quarter, Q3 2030" not in page
    assert "The schedule makes 2 more drafts." in page
    assert "then every quarter." in page


def test_an_end_is_typed_beside_the_rhythm(owner, sign_in):
    campaign = make_campaign("Coupa", owner)
    typed = {"name": "Each month", "next_on": "2030-03-01", "every": "1", "unit": "months"}

    sign_in(owner).post(url("new_template", campaign), {**typed, "ends_on": "2031-03-01", "drafts_left": "7"})

    made = Template.objects.get()
    assert (made.every, made.unit, made.ends_on, made.drafts_left) == (1, "months", date(2031, 3, 1), 7)
