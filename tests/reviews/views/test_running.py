"""A campaign under way, on screen."""

import pytest
from django.urls import reverse
from django.utils.timezone import now

from connectors.models import CREDENTIAL, Account, Grant, Tag
from core.http import sessions
from core.models import Role, User
from reviews import jobs
from reviews.actions import closing, removals, removing
from reviews.actions.keeping import keep_people, keep_population
from reviews.actions.signing_off import STATEMENTS
from reviews.models import Campaign, Decision, Mark, Removal, ReviewTask
from reviews.queries import downloads
from reviews.queries.roll_forward import RollForward
from tests.make import make_account, make_connected, make_entitlement, make_grant, make_run, make_user
from tests.reviews.making import make_grants, make_line, make_running, make_turn, removes_nothing

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def control(db):
    return make_user("Ines Moreau", Role.BASIC)


@pytest.fixture
def app_owner(db):
    return make_user("Tom Okafor", Role.BASIC)


@pytest.fixture
def reviewer(db):
    return make_user("Rui Costa")


@pytest.fixture
def campaign(owner, control, reviewer, app_owner, nudges):
    campaign = make_running(make_grants(6), reviewer, owner, control_owner=control)
    app = campaign.tasks.earliest("line_no").app
    app.ownerships.create(user=app_owner)
    make_connected(make_user("Connie Admin"), app=app)
    return campaign


def decide(campaign, outcome, *numbers):
    for task in campaign.tasks.filter(line_no__in=numbers):
        turn = task.turns.get()
        Decision.objects.create(
            task=task, campaign=campaign, turn=turn, outcome=outcome, by=turn.reviewer, reason="Left the team"
        )
    campaign.tasks.filter(line_no__in=numbers).update(status=outcome)
    if outcome == "denied":
        removals.open_for(list(campaign.tasks.filter(line_no__in=numbers)), None)


def text(reply):
    return " ".join(reply.content.decode().split())


def page(campaign, name, *args):
    return reverse(f"reviews:{name}", args=[campaign.pk, *args])


def test_the_overview_says_how_far_it_is(campaign, owner, sign_in):
    decide(campaign, "certified", 1, 2)
    decide(campaign, "denied", 3)
    ReviewTask.objects.filter(line_no=4).update(status="cancelled")

    shown = text(sign_in(owner).get(page(campaign, "campaign")))

    assert "66 percent settled: 2 certified, 1 denied, 0 exception, 1 cancelled, 2 open" in shown
    assert "What became of 1 denial<" in shown
    assert "Rui Costa" in shown


def test_the_data_page_counts_what_came_and_went_in_scope_alone(campaign, owner, sign_in):
    connector = campaign.tasks.earliest("line_no").app.connectors.get()
    frozen_by = connector.runs.get()
    campaign.sources.create(connector=connector, source=connector.source, run=frozen_by)
    later = make_run(connector)
    app = campaign.tasks.earliest("line_no").app
    account = make_account(app, "Nadia Karim")
    for entitlement in (make_entitlement(app, "Payer"), make_entitlement(app, "Access", CREDENTIAL)):
        make_grant(account, entitlement, first_run=later.pk)  # having an account at all is not reviewed
    temporary = {"first_run": later.pk, "gone_at": now(), "gone_run": later.pk + 1}
    make_grant(account, make_entitlement(app, "Temp"), **temporary)
    keep_population(campaign)
    gone = campaign.tasks.get(line_no=1).grant
    Grant.objects.filter(pk=gone).update(gone_at=now(), gone_run=later.pk)

    reply = sign_in(owner).get(page(campaign, "campaign_counts"))

    assert reply.context["moved"] == RollForward(appeared=1, went=1, passed=1)
    assert "1 grant in scope, in no line" in text(reply)
    assert "1 grant in scope, held for a while and in no line" in text(reply)
    assert "The counts tie" in text(reply)
    assert "Kept by hand here; last changed" in text(reply)


def test_lists_cost_the_same_however_many_lines_there_are(
    campaign, owner, reviewer, sign_in, django_assert_num_queries, django_assert_max_num_queries
):
    decide(campaign, "denied", 1, 2)
    browser = sign_in(owner)
    urls = [page(campaign, name) for name in ("campaign", "campaign_lines", "removals", "sign_off")]
    costs = []
    for url in urls:
        browser.get(url)  # what is read once a session is not counted
        with django_assert_max_num_queries(60) as few:
            browser.get(url)
        costs.append(len(few))
    app = campaign.tasks.earliest("line_no").app
    for number in range(7, 40):
        grant = make_grant(make_account(app, f"Holder {number}"), make_entitlement(app, f"Role {number}"))
        make_turn(make_line(campaign, grant, number), make_user(f"Reviewer {number}"))
    Campaign.objects.update(lines=39)
    decide(campaign, "denied", *range(7, 30))

    for url, cost in zip(urls, costs, strict=True):
        with django_assert_num_queries(cost):
            browser.get(url)


def test_lines_are_narrowed_by_how_somebody_was_asked_and_by_how_their_owner_stood(campaign, owner, sign_in):
    left = make_user("Nadia Karim", status="deactivated")
    app = campaign.tasks.earliest("line_no").app
    grant = make_grant(make_account(app, "Nadia", person=left), make_entitlement(app, "Payer"))
    last = campaign.tasks.count() + 1
    make_turn(make_line(campaign, grant, last), make_user("Hugo Brandt"), via="app_owner")
    keep_people(campaign, [left.pk])
    User.objects.filter(pk=left.pk).update(status="active")
    url, found = reverse("reviews:campaign_lines", args=[campaign.pk]), {}

    for query in ("via=app_owner", "owner=deactivated", "owner=active", "owner=nobody"):
        page = sign_in(owner).get(f"{url}?{query}").context["page"]
        found[query] = [task.line_no for task in page.rows]

    nobodys = list(range(1, last))
    assert found == {
        "via=app_owner": [last], "owner=deactivated": [last], "owner=active": [], "owner=nobody": nobodys
    }  # fmt: skip


def test_lines_are_narrowed_by_status_reviewer_and_risk(campaign, owner, sign_in):
    decide(campaign, "certified", 1)
    grant = make_grant(
        make_account(campaign.tasks.earliest("line_no").app, "Nadia Karim"),
        make_entitlement(campaign.tasks.earliest("line_no").app, "Approver", risk="High"),
    )
    other = make_user("Hugo Brandt")
    make_turn(make_line(campaign, grant, 7), other)
    url, browser = page(campaign, "campaign_lines"), sign_in(owner)

    found = {
        query: sorted(task.line_no for task in browser.get(f"{url}?{query}").context["page"].rows)
        for query in ("status=certified", f"reviewer={other.pk}", "risk=High", "risk=none", "kind=group")
    }

    assert found == {
        "status=certified": [1],
        f"reviewer={other.pk}": [7],
        "risk=High": [7],
        "risk=none": [1, 2, 3, 4, 5, 6],
        "kind=group": [],
    }


def test_a_line_tells_what_happened_and_is_corrected_there(campaign, owner, sign_in):
    decide(campaign, "certified", 1)
    browser, url = sign_in(owner), page(campaign, "campaign_line", 1)
    assert "Rui Costa</bdi> certified it" in text(browser.get(url))

    refused = browser.post(page(campaign, "correct", 1), {"outcome": "denied", "reason": ""})
    done = browser.post(page(campaign, "correct", 1), {"outcome": "denied", "reason": "They moved in May"})

    assert refused.status_code == 422
    assert "Give a reason" in text(refused)
    assert done.headers["Location"] == url
    shown = text(browser.get(url))
    assert "Olga Berg</bdi> denied it, which corrects a decision" in shown
    assert "They moved in May" in shown


def test_an_exception_without_a_reason_is_refused_and_the_ticks_stay(campaign, owner, sign_in):
    decide(campaign, "denied", 1, 2)
    first = Removal.objects.earliest("pk")
    typed = {"do": "except", "removal": [first.key], "reason": ""}

    refused = sign_in(owner).post(page(campaign, "removals"), typed)
    sign_in(owner).post(page(campaign, "removals"), {**typed, "reason": "Needed until the close"})

    assert refused.status_code == 422
    assert f'value="{first.key}" aria-label="Choose removal {first.pk}" checked' in text(refused)
    statuses = list(Removal.objects.order_by("pk").values_list("status", flat=True))
    assert statuses == ["excepted", "waiting"]


def test_an_exception_confirms_nothing_even_where_all_are_meant(campaign, app_owner, sign_in):
    campaign.ownerships.create(user=app_owner)
    decide(campaign, "denied", 1, 2)
    typed = {"do": "except", "all": "1", "reason": "Needed until the close"}

    replies = [
        sign_in(app_owner).post(url, typed)
        for url in (page(campaign, "removals"), reverse("reviews:my_removals"))
    ]

    assert [reply.status_code for reply in replies] == [409, 409]
    assert {each.confirmed_at for each in Removal.objects.all()} == {None}


def test_nothing_ticked_is_said(campaign, owner, sign_in):
    reply = sign_in(owner).post(page(campaign, "removals"), {"do": "except", "reason": "For none"})

    assert reply.status_code == 409
    assert "Tick the removals that you mean." in text(reply)


def test_the_owner_of_an_app_confirms_all_that_waits_for_them(campaign, app_owner, sign_in):
    decide(campaign, "denied", 1, 2)
    browser, url = sign_in(app_owner), reverse("reviews:my_removals")
    assert "Confirm 2 removals" in text(browser.get("/"))

    browser.post(url, {"all": "1"})
    jobs.order_removals(campaign.pk)

    assert {each.confirmed_by for each in Removal.objects.all()} == {app_owner}
    assert "Remove access in 2 cases by hand" in text(browser.get("/"))
    assert "To be removed by hand" in text(browser.get(url))


def test_a_removal_is_done_by_hand_and_looked_back_at_on_its_page(campaign, app_owner, sign_in):
    Tag.objects.get_or_create(kind="risk", name="Critical", defaults={"is_grave": True})
    app = campaign.tasks.earliest("line_no").app
    grant = make_grant(make_account(app, "Nadia Karim"), make_entitlement(app, "Payer", risk="Critical"))
    make_turn(make_line(campaign, grant, 7), make_user("Hugo Brandt"))
    decide(campaign, "denied", 7)
    removing.confirm(list(Removal.objects.all()), by=app_owner)
    jobs.order_removals(campaign.pk)
    removal = Removal.objects.get()
    browser, url = sign_in(app_owner), reverse("reviews:removal", args=[removal.key])

    assert "Say what was done" in text(browser.post(url, {"do": "by_hand", "how": ""}))
    browser.post(url, {"do": "by_hand", "how": "Taken out of the role in Coupa"})
    browser.post(url, {"do": "look_back", "used": "no", "cause": "A move in May", "deficiency": "yes"})

    removal.refresh_from_db()
    assert removal.status == Removal.Status.REMOVED
    assert removal.lookback["cause"] == "A move in May"
    assert "Removed, being proven" in text(browser.get(url))
    assert browser.post(url, {"do": "nothing"}).status_code == 409


def test_closing_shows_the_numbers_and_wants_the_word_to_deny(campaign, owner, reviewer, sign_in):
    line = campaign.tasks.get(line_no=1)
    Mark.objects.create(task=line, campaign=campaign, person=reviewer, outcome="deny")
    browser, url = sign_in(owner), page(campaign, "close_campaign")
    assert "1 line decided but not submitted" in text(browser.get(url))

    untyped = browser.post(url, {"at_end": "remove", "seen": 5})
    stale = browser.post(url, {"at_end": "remove", "seen": 6, "typed": "DENY"})
    done = browser.post(url, {"at_end": "remove", "seen": 5, "typed": "DENY"})

    assert (untyped.status_code, stale.status_code, done.status_code) == (422, 409, 302)
    assert "By now 5 lines are undecided" in text(stale)
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.CLOSING
    assert "Being closed: 6 open lines to settle" in text(browser.get(page(campaign, "campaign")))


@pytest.mark.parametrize("name", ["close_campaign", "sign_off"])
def test_to_close_and_to_sign_off_want_a_fresh_sign_in(campaign, owner, sign_in, name):
    browser = sign_in(owner)
    session = browser.session
    session[sessions.PROVEN] = sessions.seconds() - 3600
    session.save()

    reply = browser.post(page(campaign, name), {"at_end": "exception", "agreed": list(STATEMENTS)})

    assert reply.headers["Location"].startswith(reverse("core:again"))
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.RUNNING


def test_the_control_owner_looks_again_and_signs_off(campaign, owner, control, sign_in):
    decide(campaign, "certified", 1)
    closing.close(campaign, by=owner, at_end="exception")
    jobs.close(campaign.pk)
    browser, url = sign_in(control), page(campaign, "sign_off")
    assert "1 of the sampled lines are still to be looked at again." in text(browser.get(url))

    refused = browser.post(page(campaign, "look_again", 1), {"agrees": "no", "note": ""})
    browser.post(page(campaign, "look_again", 1), {"agrees": "no", "note": "They left in May"})
    few = browser.post(url, {"agreed": list(STATEMENTS)[:3]})
    bare = browser.post(url, {"agreed": list(STATEMENTS)})
    browser.post(url, {"agreed": list(STATEMENTS), "conclusion": "One slip. The manager was told."})

    assert "Say what you conclude" in text(bare)
    assert "Say why you would have decided otherwise." in text(refused)
    assert few.status_code == 422
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.SIGNED_OFF
    shown = text(browser.get(url))
    assert "Would have decided otherwise" in shown
    assert all(statement in shown for statement in STATEMENTS.values())
    assert "One slip. The manager was told." in shown


def test_files_hold_what_the_pages_show(campaign, owner, reviewer):
    decide(campaign, "denied", 1)
    decide(campaign, "certified", 2)
    campaign.submissions.create(by=reviewer, submitted=3, accepted=2, certified=1, denied=1)
    asked = {"campaign": campaign.pk}

    lines = list(downloads.lines_of_a_campaign(owner, {**asked, "status": "denied"}))
    handed_in = list(downloads.submissions_of_a_campaign(owner, asked))
    removed = list(downloads.removals_of_a_campaign(owner, asked))

    assert [(row[0], row[15], row[-1]) for row in lines] == [(1, "Denied", "Left the team")]
    assert len(lines[0]) == len(downloads.LINE)
    assert handed_in[0][1:] == ("Rui Costa", reviewer.email, 3, 2, 1, 1)
    assert len(removed) == 1
    assert len(removed[0]) == len(downloads.REMOVAL)


def test_whoever_runs_it_has_somebody_else_asked(campaign, owner, reviewer, sign_in, trail):
    browser, url = sign_in(owner), page(campaign, "reassign_reviewer", reviewer.pk)
    other = make_user("Hugo Brandt")
    own = campaign.tasks.get(line_no=2).account
    own.person = other
    own.save()
    typed = {"to": other.pk, "reason": "On leave until May"}

    found = text(browser.post(url, {"to_words": "Hugo", "to_find": "1"}))
    nobody = browser.post(url, {"reason": "On leave"})
    refused = browser.post(url, typed)
    browser.post(page(campaign, "reassign_line", 1), typed)

    assert "Hugo Brandt" in found
    assert (nobody.status_code, refused.status_code) == (422, 422)
    assert "Choose one person." in text(nobody)
    assert "line 2" in text(refused)
    asked = campaign.tasks.get(line_no=1).turns.get(status="open")
    assert (asked.reviewer, asked.given_by, asked.given_reason) == (other, owner, "On leave until May")
    assert trail() == ["reviews.given_on"]


def test_denied_lines_of_a_policy_that_removes_nothing_are_removed_on_demand(campaign, owner, sign_in):
    removes_nothing(campaign)
    decide(campaign, "denied", 1, 2)
    Campaign.objects.update(status="closed")
    browser, url = sign_in(owner), page(campaign, "removals")
    assert "Remove the access of 2 lines" in text(browser.get(url))

    browser.post(url, {"do": "open"})

    assert Removal.objects.count() == 2
    assert "without a removal" not in text(browser.get(url))


def test_denied_lines_that_nothing_takes_away_are_ticked_among_the_lines(campaign, owner, sign_in, trail):
    removes_nothing(campaign)
    decide(campaign, "denied", 1, 2, 3)
    browser, url = sign_in(owner), page(campaign, "campaign_lines")
    assert "those ticked removed" not in text(browser.get(url))
    Campaign.objects.update(status="closed")
    assert "those ticked removed" in text(browser.get(url))
    assert "Choose line 1" in text(browser.get(url, {"status": "denied"}))
    assert "Choose line 4" not in text(browser.get(url))

    nothing = browser.post(page(campaign, "have_removed"))
    browser.post(page(campaign, "have_removed"), {"line": ["1", "2", "4", "²"]})
    again = browser.post(page(campaign, "have_removed"), {"line": ["1", "4"]})

    assert (nothing.status_code, again.status_code) == (409, 409)
    assert sorted(Removal.objects.values_list("task__line_no", flat=True)) == [1, 2]
    shown = text(browser.get(url))
    assert "Choose line 1" not in shown
    assert "Choose line 3" in shown
    assert "Waiting for the app owner" in shown
    assert "Have it removed" in text(browser.get(page(campaign, "campaign_line", 3)))
    assert "Have it removed" not in text(browser.get(page(campaign, "campaign_line", 1)))
    assert trail() == ["removals.opened"]


def test_who_only_signs_off_has_nothing_removed(campaign, control, sign_in):
    removes_nothing(campaign)
    decide(campaign, "denied", 1)
    Campaign.objects.update(status="closed")
    browser = sign_in(control)

    refused = browser.post(page(campaign, "have_removed"), {"line": ["1"]})

    assert refused.status_code == 403
    assert "Choose line 1" not in text(browser.get(page(campaign, "campaign_lines")))
    assert not Removal.objects.exists()


def test_what_is_about_ones_own_access_is_left_out_of_all_and_said(campaign, app_owner, sign_in):
    decide(campaign, "denied", 1, 2, 3)
    Account.objects.filter(pk=campaign.tasks.get(line_no=2).account_id).update(person=app_owner)
    browser, url = sign_in(app_owner), reverse("reviews:my_removals")

    shown = text(browser.post(url, {"all": "1"}, follow=True))
    again = browser.post(url, {"all": "1"})

    assert "2 removals are confirmed" in shown
    assert "1 was left out: about your own access, which another owner confirms." in shown
    assert again.status_code == 403
    assert "This is about your own access" in text(again)
    confirmed = Removal.objects.exclude(confirmed_at=None)
    assert sorted(confirmed.values_list("task__line_no", flat=True)) == [1, 3]
