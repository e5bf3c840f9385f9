"""A draft on screen: scope with its live count, reviewers, data, settings, schedule."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from connectors.models import CREDENTIAL
from core.models import Organisation, PeopleGroup, Role, TrailEvent, User
from reviews.models import Campaign, Scope
from tests.make import (
    make_account,
    make_app,
    make_connected,
    make_entitlement,
    make_grant,
    make_run,
    make_user,
)
from tests.reviews.making import BY_MANAGER, make_campaign, make_policy

HTMX = {"HX-Request": "true"}


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
def draft(owner):
    return make_campaign("Coupa, Q4", owner)


@pytest.fixture
def coupa(owner):
    """An app with two roles and a group, each held once; the group's holder belongs to nobody."""
    app, person = make_app("Coupa"), make_user("Rui Costa", Role.BASIC, department="Finance")
    make_user("Ana Lima", Role.BASIC).reports.add(person)
    for name, kind, whose in (("Buyer", "role", person), ("Payer", "role", person), ("All", "group", None)):
        account = make_account(app, f"Account of {name}", person=whose)
        make_grant(account, make_entitlement(app, name, kind))
    return app


def url(name, campaign):
    return reverse(f"reviews:{name}", args=[campaign.pk])


def seen(campaign):
    return {"changed_at": campaign.changed_at.isoformat()}


def text(reply):
    return reply.content.decode()


def test_a_draft_leads_to_its_scope(browser, draft):
    assert browser.get(url("campaign", draft)).headers["Location"] == url("draft_scope", draft)


def test_the_scope_page_counts_what_is_saved_and_shows_some_of_it(browser, draft, coupa):
    reply = browser.get(url("draft_scope", draft))

    assert reply.context["number"] == 3
    assert len(reply.context["sample"]) == 3
    assert "Rui Costa" in text(reply)


def test_the_count_follows_what_is_ticked_and_nothing_is_saved(browser, draft, coupa, trail):
    typed = {"apps": [coupa.pk], "what": "kinds", "kinds": ["role"], **seen(draft)}

    reply = browser.post(url("draft_scope", draft), typed, headers=HTMX)

    page = text(reply)
    assert '<div class="r-stack" id="now">' in page
    assert "<html" not in page
    assert reply.context["number"] == 2
    assert Scope.objects.get().kinds == []
    assert trail() == []


def test_without_script_the_same_count_is_one_button_away(browser, draft, coupa, trail):
    typed = {"what": "kinds", "kinds": ["group"], "look": "1", **seen(draft)}

    reply = browser.post(url("draft_scope", draft), typed)

    assert reply.context["number"] == 1
    assert 'value="group" checked' in text(reply)
    assert trail() == []


def test_a_scope_is_saved_as_ticked(browser, draft, coupa, trail):
    boss = make_user("Zoe Roth")
    typed = {
        "apps": [coupa.pk], "what": "kinds", "kinds": ["role", CREDENTIAL], "managers": [boss.pk],
        "departments": ["Finance"], "account_types": ["user"], "account_statuses": ["enabled"],
        "grants": "since", "granted_after": "2026-10-01", **seen(draft),
    }  # fmt: skip

    reply = browser.post(url("draft_scope", draft), typed)

    scope = Scope.objects.get()
    assert reply.status_code == 302
    assert (scope.apps, scope.kinds, scope.managers) == ([coupa.pk], ["role", CREDENTIAL], [boss.pk])
    assert (scope.departments, scope.account_types) == (["Finance"], ["user"])
    assert (scope.grants, scope.granted_after) == ("since", date(2026, 10, 1))
    assert trail() == ["campaigns.scope_changed"]


def test_single_entitlements_stand_in_place_of_types(browser, draft, coupa):
    wanted = make_entitlement(coupa, "Auditor")
    typed = {"what": "singly", "kinds": ["role"], "entitlements": [wanted.pk], **seen(draft)}

    browser.post(url("draft_scope", draft), typed)

    scope = Scope.objects.get()
    assert (scope.kinds, scope.entitlements) == ([], [wanted.pk])
    assert "Auditor" in text(browser.get(url("draft_scope", draft)))


def test_entitlements_are_found_by_name_and_what_was_ticked_stays(browser, draft, coupa, trail):
    typed = {
        "what": "singly",
        "risks": [],
        "entitlements_words": "buy",
        "entitlements_find": "1",
        "only_without_owner": "on",
        **seen(draft),
    }

    reply = browser.post(url("draft_scope", draft), typed)

    assert [each.name for each in reply.context["entitlements_found"]] == ["Buyer"]
    assert 'name="only_without_owner" checked' in text(reply)
    assert trail() == []


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"what": "singly"}, "Choose at least one entitlement"),
        ({"only_without_owner": "on", "departments": ["Finance"]}, "belongs to nobody"),
        ({"grants": "since"}, "Say after which day."),
        ({"kinds": ["nothing"]}, "not there any more"),
        ({"apps": ["nothing"]}, "not there any more"),
    ],
)
def test_a_scope_that_cannot_be_meant_is_refused_with_a_sentence(
    typed, sentence, browser, draft, coupa, trail
):
    saved = browser.post(url("draft_scope", draft), {**typed, **seen(draft)})
    counted = browser.post(url("draft_scope", draft), {**typed, **seen(draft)}, headers=HTMX)

    assert saved.status_code == 422
    assert sentence in text(saved)
    assert counted.status_code == 200
    assert sentence in text(counted)
    assert trail() == []


def test_a_scope_saved_by_somebody_else_meanwhile_is_shown_beside(browser, draft, coupa, trail):
    typed = {"apps": [coupa.pk], "changed_at": "2020-01-01T00:00:00+00:00"}

    reply = browser.post(url("draft_scope", draft), typed)

    assert reply.status_code == 409
    assert "Somebody else saved this meanwhile" in text(reply)
    assert trail() == []


def test_an_auditor_sees_the_scope_and_cannot_save_it(cast, sign_in, draft, coupa):
    page = text(sign_in(cast["read_only"]).get(url("draft_scope", draft)))

    assert "As of now" in page
    assert "Save scope" not in page
    assert 'fieldset r-stack" disabled' in page.replace("  ", " ")


def test_the_preview_says_who_gets_how_many_and_who_has_nobody(browser, draft, coupa):
    reply = browser.get(url("draft_reviewers", draft))

    assert ("Ana Lima", 2) in reply.context["reviewers"]
    assert "Who gets how many" in text(reply)


def test_a_policy_is_chosen(browser, draft, trail):
    policy = make_policy("App owner", BY_MANAGER)

    reply = browser.post(url("draft_reviewers", draft), {"policy": policy.pk, **seen(draft)})

    draft.refresh_from_db()
    assert reply.status_code == 302
    assert draft.policy == policy
    assert trail() == ["campaigns.policy_chosen"]


def test_a_policy_that_went_out_of_use_is_refused(browser, draft, trail):
    policy = make_policy("Old", retired_at=now())

    reply = browser.post(url("draft_reviewers", draft), {"policy": policy.pk, **seen(draft)})

    assert reply.status_code == 422
    assert "not in use any more" in text(reply)
    assert trail() == []


def test_the_data_page_names_each_source_and_what_is_wrong_with_it(browser, draft, coupa):
    connector = make_connected(app=coupa, name="Coupa tenant")
    make_run(connector, counted_at=now() - timedelta(days=3), is_counted=True)

    reply = browser.get(url("draft_data", draft))

    assert "Coupa tenant" in text(reply)
    assert "72 hours old" in text(reply)
    assert "Stage with this reason" in text(reply)
    assert "Sync now" not in text(reply)


def test_who_looks_after_the_connector_may_sync_from_the_data_page(cast, sign_in, draft, coupa):
    connector = make_connected(app=coupa, name="Coupa tenant")

    page = text(sign_in(cast["super"]).get(url("draft_data", draft)))

    assert reverse("connectors:sync", args=[connector.pk]) in page


def test_control_data_is_saved(browser, draft, trail):
    signer = make_user("Kim Aarts", Role.BASIC)
    typed = {
        "name": "Coupa, fourth quarter", "control_id": "P2P-07", "frequency": "quarterly",
        "sample_percent": "20", "first": "2026-10-01", "last": "2026-12-31",
        "control_owner": [signer.pk], **seen(draft),
    }  # fmt: skip

    reply = browser.post(url("draft_settings", draft), typed)

    draft.refresh_from_db()
    assert reply.status_code == 302
    assert (draft.name, draft.control_owner, draft.sample_percent) == ("Coupa, fourth quarter", signer, 20)
    assert trail() == ["campaigns.changed"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": " "}, "Give it a name."),
        ({"name": "x" * 201}, "at most 200 letters"),
        ({"first": "2026-10-01"}, "first and a last day"),
        ({"first": "2026-10-01", "last": "2026-09-01"}, "ends before it begins"),
        ({"first": "tomorrow"}, "Write the day as"),
        ({"sample_percent": "101"}, "between 0 and 100"),
        ({"frequency": "daily"}, "Choose one"),
        ({"control_owner": ["nobody"]}, "deactivated or unknown"),
    ],
)
def test_wrong_control_data_is_refused_with_a_sentence_and_nothing_is_lost(
    typed, sentence, browser, draft, trail
):
    whole = {
        "name": "Coupa", "narrative": "Kept as typed.", "frequency": "yearly", "sample_percent": "10",
        **seen(draft),
    }  # fmt: skip

    reply = browser.post(url("draft_settings", draft), {**whole, **typed})

    assert reply.status_code == 422
    assert sentence in text(reply)
    assert "Kept as typed." in text(reply)
    assert trail() == []


def test_two_people_cannot_sign_off(browser, draft):
    people = [make_user("Kim Aarts").pk, make_user("Zoe Roth").pk]
    typed = {"name": "Coupa", "frequency": "yearly", "sample_percent": "10", "control_owner": people}

    reply = browser.post(url("draft_settings", draft), {**typed, **seen(draft)})

    assert reply.status_code == 422
    assert "One person signs off" in text(reply)


def test_the_time_to_start_is_that_of_the_organisations_clock(browser, draft):
    Organisation.objects.update_or_create(id=1, defaults={"time_zone": "America/New_York"})
    course = {"days_to_decide": 21, "desk": "flat", "when_removed": "automatic", "at_end": "exception"}

    browser.post(url("draft_schedule", draft), {**course, "starts_at": "2030-01-07T09:00", **seen(draft)})

    draft.refresh_from_db()
    assert draft.starts_at == datetime(2030, 1, 7, 14, tzinfo=UTC)
    assert (draft.days_to_decide, draft.desk, draft.writes_at_start) == (21, "flat", False)
    assert 'value="2030-01-07T09:00"' in text(browser.get(url("draft_schedule", draft)))


def test_a_time_in_the_past_is_refused(browser, draft, trail):
    course = {"days_to_decide": 21, "desk": "flat", "when_removed": "automatic", "at_end": "exception"}

    reply = browser.post(
        url("draft_schedule", draft), {**course, "starts_at": "2020-01-07T09:00", **seen(draft)}
    )

    assert reply.status_code == 422
    assert "lies in the past" in text(reply)
    assert trail() == []


def test_to_deny_by_closing_by_itself_is_refused_with_a_sentence(browser, draft, trail):
    course = {"days_to_decide": 21, "desk": "flat", "when_removed": "automatic", "at_end": "remove"}

    reply = browser.post(url("draft_schedule", draft), {**course, "ends_by_itself": "on", **seen(draft)})

    assert reply.status_code == 422
    assert "What closes by itself makes exceptions of them." in text(reply)
    assert trail() == []


def test_instructions_of_a_running_campaign_keep_how_they_read_before(owner, browser, trail):
    campaign = make_campaign("Coupa", owner, status=Campaign.Status.RUNNING)

    browser.post(url("instructions", campaign), {"text": "Look at buyers."})
    page = text(browser.get(url("instructions", campaign)))

    assert "Look at buyers." in page
    assert "Keep what they need for their work." in page
    assert trail() == ["campaigns.instructed"]


def test_a_scope_says_titles_groups_domains_and_last_days(browser, draft, coupa):
    group = PeopleGroup.objects.create(name="Auditors")
    User.objects.filter(name="Rui Costa").update(title="Clerk")
    typed = {
        "what": "kinds", "titles": ["Clerk"], "without_groups": [group.pk], "domains": "external",
        "grants": "days", "granted_days": "30", **seen(draft),
    }  # fmt: skip

    reply = browser.post(url("draft_scope", draft), typed)

    scope = Scope.objects.get()
    assert reply.status_code == 302
    assert (scope.titles, scope.without_groups, scope.domains) == (["Clerk"], [group.pk], "external")
    assert (scope.grants, scope.granted_days) == ("days", 30)
    told = TrailEvent.objects.get(action="campaigns.scope_changed").change["after"]
    assert told["without_groups"] == ["Auditors"]
    assert "Auditors" in text(browser.get(url("draft_scope", draft)))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"grants": "days"}, "Say how many days."),
        ({"grants": "days", "granted_days": "0"}, "Enter a number between 1 and 3,650."),
        (
            {"grants": "since", "granted_after": "2026-10-02", "granted_until": "2026-10-01"},
            "This day lies before the first.",
        ),
    ],
)
def test_times_that_cannot_be_are_a_sentence_and_nothing_is_lost(browser, draft, coupa, typed, sentence):
    reply = browser.post(
        url("draft_scope", draft), {"what": "kinds", "kinds": ["role"], **typed, **seen(draft)}
    )

    assert reply.status_code == 422
    assert sentence in text(reply)
    assert 'value="role" checked' in text(reply)
