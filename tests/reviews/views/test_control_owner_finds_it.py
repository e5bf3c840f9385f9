"""The control owner hears of a campaign when they are named, and finds it from home, whatever its state."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from core.models import OutgoingMail, Role
from reviews.actions import campaigns, templates
from reviews.actions.facts import Facts, Period
from reviews.models import Campaign, Scope, Template
from tests.make import make_user
from tests.reviews.making import make_campaign, make_grants, make_policy, make_running

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nudges")]
Status = Campaign.Status


@pytest.fixture
def olga():
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def ines():
    return make_user("Ines Moreau", Role.BASIC)


def named(campaign, person, by):
    facts = Facts(campaign.name, control_owner=person)
    campaigns.change(campaign, facts, Period(), seen=campaign.changed_at, by=by)
    campaign.refresh_from_db()


def letters():
    return list(OutgoingMail.objects.order_by("pk").values_list("letter", "to"))


def test_whoever_is_named_in_a_draft_hears_of_it_once(olga, ines):
    draft = make_campaign("Coupa access, Q4", olga)

    named(draft, ines, olga)
    campaigns.change(
        draft,
        Facts("Coupa, Q4", control_owner=ines),
        Period(),
        seen=draft.changed_at,
        by=olga,
    )

    mail = OutgoingMail.objects.get()
    assert (mail.letter, mail.to, mail.reply_to) == ("control_owner_named", ines.email, olga.email)
    assert mail.subject == "Coupa access, Q4 is yours to sign off"
    assert "as Olga Berg says" in mail.text
    assert "It is drafted, and nobody is asked yet." in mail.text


def test_who_names_themselves_needs_no_letter(olga):
    named(make_campaign("Coupa", olga), olga, olga)

    assert letters() == []


def test_who_takes_over_hears_of_it_and_where_it_stands(olga, ines):
    campaign = make_running(make_grants(1), make_user("Rui Costa"), olga, decide_by=now())
    campaigns.change_control_owner(campaign, ines, by=olga, reason="She left.")

    mail = OutgoingMail.objects.get()
    assert (mail.letter, mail.to) == ("control_owner_named", ines.email)
    assert "Its reviewers decide until " in mail.text


def test_the_control_owner_of_a_template_hears_of_each_draft(olga, ines):
    template = Template.objects.create(
        name="Each quarter", scope=Scope.objects.create(), policy=make_policy(), control_owner=ines
    )
    template.owners.add(olga)

    templates.make_draft(template, by=olga)

    assert letters() == [("control_owner_named", ines.email)]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status.DRAFT, "It is drafted, and nobody is asked yet."),
        (Status.STAGED, "It has not started yet."),
        (Status.RUNNING, "Its reviewers decide"),
    ],
)
def test_home_and_rail_lead_the_control_owner_to_it(status, words, olga, ines, sign_in):
    started = now() if status == Status.RUNNING else None
    campaign = make_campaign("Coupa", olga, control_owner=ines, status=status, started_at=started)
    browser, page = sign_in(ines), reverse("reviews:campaign", args=[campaign.pk])

    home = browser.get(reverse("core:home")).content.decode()

    assert "You sign these off" in home
    assert words in home
    assert f'href="{page}"' in home
    assert f'href="{reverse("reviews:campaigns")}"' in home
    assert browser.get(page, follow=True).status_code == 200


def test_a_closed_one_waits_for_the_sign_off_and_one_that_is_over_stands_nowhere(olga, ines, sign_in):
    fields = {"control_owner": ines, "started_at": now(), "closed_at": now()}
    closed = make_campaign("Coupa, Q3", olga, status=Status.CLOSED, **fields)
    make_campaign("Coupa, Q2", olga, status=Status.SIGNED_OFF, **fields)

    home = sign_in(ines).get(reverse("core:home")).content.decode()

    assert f'href="{reverse("reviews:sign_off", args=[closed.pk])}"' in home
    assert "You sign these off" not in home
    assert "Coupa, Q2" not in home


def test_nobody_else_finds_it_on_their_home_page(olga, ines, sign_in):
    make_campaign("Coupa", olga, control_owner=ines)

    assert "You sign these off" not in sign_in(make_user("Kim Sorensen")).get("/").content.decode()


def test_the_control_owner_of_a_staged_campaign_is_changed_on_its_page(olga, ines, sign_in):
    campaign = make_campaign("Coupa", olga, status=Status.STAGED, staged_at=now())
    browser, url = sign_in(olga), reverse("reviews:control_owner", args=[campaign.pk])
    assert f'href="{url}"' in browser.get(reverse("reviews:campaign", args=[campaign.pk])).content.decode()

    reply = browser.post(url, {"to": [ines.pk], "reason": "Nobody was named."})

    assert reply.url == reverse("reviews:campaign", args=[campaign.pk])
    campaign.refresh_from_db()
    assert campaign.control_owner == ines


def test_in_a_draft_its_settings_say_who_signs_off(olga, sign_in):
    draft = make_campaign("Coupa", olga)

    reply = sign_in(olga).get(reverse("reviews:control_owner", args=[draft.pk]))

    assert reply.url == reverse("reviews:draft_settings", args=[draft.pk])


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (None, "Nobody was written to yet: it waits until an owner starts it."),
        (timedelta(days=1), "Its owners can start it before."),
        (-timedelta(days=1), "had passed when it was staged by hand"),
    ],
)
def test_the_page_of_a_staged_campaign_says_how_it_will_start(ahead, said, olga, ines, sign_in):
    at = now()
    asked = {"staging_wanted_by": olga, "staging_wanted_at": at, "starts_at": at + ahead if ahead else None}
    campaign = make_campaign("Coupa", olga, control_owner=ines, status=Status.STAGED, staged_at=at, **asked)

    page = sign_in(ines).get(reverse("reviews:campaign", args=[campaign.pk])).content.decode()

    assert said in page
    assert "3 working days for High and Critical, 7 for others" in page


def test_a_draft_says_what_staging_it_by_hand_leads_to(olga, ines, sign_in):
    period = {"period_starts_on": date(2026, 10, 1), "period_ends_on": date(2026, 12, 31)}
    starts = {"starts_at": now() + timedelta(days=1)}
    draft = make_campaign("Coupa", olga, control_owner=ines, **period, **starts)

    page = sign_in(olga).get(reverse("reviews:draft_settings", args=[draft.pk])).content.decode()

    assert "Staged by hand before, it starts then all the same." in page
    assert "Nobody is written to until it starts by itself on" in page
