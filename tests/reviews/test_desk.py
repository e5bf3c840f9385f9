"""The desk shows what is asked of its reader and nothing else; its buttons mark, and only Submit decides."""

import pytest
from django.urls import reverse

from connectors.models import Tag
from core.models import Role
from reviews.models import Campaign, Comment, Decision, Mark, Progress, ReviewTask, Turn
from reviews.queries.desk import bar
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_grants, make_line, make_running, make_turn, removes_nothing
from tests.reviews.showing import shown_to

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def rui():
    return make_user("Rui Costa", Role.BASIC)


@pytest.fixture
def nora():
    return make_user("Nora Lindqvist", title="Buyer")


@pytest.fixture
def browser(rui, sign_in):
    return sign_in(rui)


@pytest.fixture
def campaign(rui, nora):
    return make_running(make_grants(3, person=nora), rui)


@pytest.fixture
def post(browser, rui):
    """Presses a button of a page that shows every line."""

    def press(campaign, typed, query="", **more):
        view = "entitlement" if "entitlement" in query else "person"
        shown = {"shown": shown_to(rui, campaign, view=view)}
        return browser.post(address("mark", campaign, query=query), {**shown, **typed}, **more)

    return press


def address(name, campaign, *more, query=""):
    return reverse(f"reviews:{name}", args=[campaign.pk, *more]) + query


def test_the_desk_shows_whose_access_and_what(browser, campaign):
    page = browser.get(address("desk", campaign)).content.decode()

    assert "Nora Lindqvist" in page
    assert "Role 1" in page
    assert "0 of 3 decided" in page
    assert page.count('name="certify"') == 3


def test_lines_of_others_are_not_shown(browser, campaign, nora):
    app = make_app("Jaggaer")
    grant = make_grant(make_account(app, "Somebody", person=nora), make_entitlement(app, "Secret role"))
    make_turn(make_line(campaign, grant, 4), make_user("Tom Okafor"))

    for query in ("", "?view=entitlement", "?view=flat", "?show=all"):
        assert "Secret role" not in browser.get(address("desk", campaign, query=query)).content.decode()

    assert browser.get(address("line", campaign, 4)).status_code == 404


def test_a_line_is_marked_without_script(post, campaign, rui):
    reply = post(campaign, {"certify": "2"}, "?view=person")

    assert reply.status_code == 302
    assert reply.headers["Location"].endswith("?view=person#line-2")
    assert Mark.objects.get().outcome == "certify"
    assert Progress.objects.get().first_opened_at is not None


def test_with_script_the_line_and_the_counts_come_back(post, campaign, nora):
    query = f"?view=person&of={nora.pk}"
    reply = post(campaign, {"deny": "2"}, query, headers=HTMX)

    text = reply.content.decode()
    assert reply.status_code == 200
    assert 'id="line-2"' in text
    assert 'id="line-1"' not in text
    assert "Reason needed" in text
    assert 'value="2 No longer in this job"' in text
    assert "1 of 3 decided" in text
    assert "1 needs a reason" in text
    assert f'id="stop-{nora.pk}"' in text


def test_a_mark_keeps_what_was_shown(post, campaign, nora):
    for number in range(6):
        make_user(f"Buyer {number}", title="Buyer")

    post(campaign, {"certify": "1"}, "?view=entitlement")

    seen = Mark.objects.get().seen
    assert seen["instructions"] == 1
    assert seen["view"] == "entitlement"
    assert "title" in seen["hints"]
    assert "hints" in seen["columns"]


def test_typed_reasons_are_kept_all_at_once(browser, post, campaign):
    post(campaign, {"deny": "1"})
    browser.post(
        address("mark", campaign), {"say": "all", "reason-1": "Left", "reason-2": "", "reason-3": "Moved"}
    )

    kept = dict(Mark.objects.values_list("task__line_no", "reason"))
    assert kept == {1: "Left", 3: "Moved"}


def test_one_click_gives_a_reason(post, campaign, rui):
    post(campaign, {"deny": "1"})
    post(campaign, {"quick": "1 No longer in this job"})

    assert Mark.objects.get().reason == "No longer in this job"
    assert bar(campaign, rui).ready == 1


def test_ticked_lines_are_marked_together(post, campaign):
    typed = {"selected": "deny", "line": ["1", "3"], "bulk_reason": "Never needed"}
    post(campaign, typed)

    rows = list(
        Mark.objects.order_by("task__line_no").values_list("task__line_no", "outcome", "reason", "together")
    )
    assert rows == [(1, "deny", "Never needed", 2), (3, "deny", "Never needed", 2)]


def test_a_whole_group_is_certified_but_what_needs_a_reason(post, campaign, rui, nora):
    app = make_app("Jaggaer")
    Tag.objects.get_or_create(kind="risk", name="Critical", defaults={"is_grave": True})
    Tag.objects.filter(name="Critical").update(is_grave=True)
    grant = make_grant(
        make_account(app, "Nora", person=nora), make_entitlement(app, "Payer", risk="Critical")
    )
    make_turn(make_line(campaign, grant, 4), rui)
    query = f"?view=person&of={nora.pk}"

    reply = post(campaign, {"group": "certify 1"}, query, headers=HTMX)

    assert "Line 4 stayed open: to certify it you must say why." in reply.content.decode()
    assert sorted(Mark.objects.values_list("task__line_no", flat=True)) == [1, 2, 3]


@pytest.mark.parametrize(
    "typed", [{}, {"certify": "x"}, {"certify": "99"}, {"selected": "deny"}, {"selected": "hug", "line": "1"}]
)
def test_what_is_no_button_marks_nothing(post, campaign, typed):
    assert post(campaign, typed).status_code in (403, 409)
    assert not Mark.objects.exists()


def test_opening_details_is_kept_once(post, campaign, rui):
    query = "?view=person"
    reply = post(campaign, {"open": "2"}, query)
    first = Mark.objects.get().opened_at
    post(campaign, {"open": "2"}, query, headers=HTMX)

    assert reply.headers["Location"] == address("line", campaign, 2, query=query)
    assert Mark.objects.get().opened_at == first is not None
    assert bar(campaign, rui).marked == 0


def test_details_say_who_decides_and_why_it_is_here(browser, campaign):
    page = browser.get(address("line", campaign, 1)).content.decode()

    assert "Who decides" in page
    assert "The manager of the account&#x27;s owner" in page
    assert "The same account also holds" not in page
    assert "First seen by sync 1" in page


def test_submitting_says_what_will_happen_and_then_does_it(browser, post, campaign, rui):
    post(campaign, {"certify": "1"})
    post(campaign, {"deny": "2", "reason-2": "Left"})
    page = browser.get(address("submit", campaign))
    text = " ".join(page.content.decode().split())

    assert "Submit 2 decisions?" in text
    assert "1 person loses 1 permission in <bdi>Coupa</bdi>" in text
    assert not Decision.objects.exists()

    reply = browser.post(address("submit", campaign), {"seen": bar(campaign, rui).stamp}, follow=True)

    assert "Submitted: 1 certified, 1 denied." in reply.content.decode()
    assert dict(ReviewTask.objects.values_list("line_no", "status")) == {
        1: "certified",
        2: "denied",
        3: "open",
    }
    assert "Role 1" not in browser.get(address("desk", campaign)).content.decode()
    assert "Role 1" in browser.get(address("desk", campaign, query="?show=all")).content.decode()
    assert "<td" in browser.get(address("submissions", campaign)).content.decode()


def test_a_policy_that_removes_nothing_promises_nothing(browser, post, campaign):
    removes_nothing(campaign)
    post(campaign, {"deny": "2", "reason-2": "Left"})

    text = browser.get(address("submit", campaign)).content.decode()

    assert "what you deny stays until an owner of the campaign asks for its removal." in text
    assert "it goes" not in text
    assert "are told" not in text


def test_a_stale_page_submits_nothing(browser, post, campaign, rui):
    post(campaign, {"certify": "1"})
    stamp = bar(campaign, rui).stamp
    post(campaign, {"certify": "2"})

    reply = browser.post(address("submit", campaign), {"seen": stamp})

    assert reply.status_code == 409
    assert not Decision.objects.exists()


def test_after_the_end_one_may_look_and_comment(browser, post, campaign):
    Campaign.objects.update(status=Campaign.Status.CLOSED)

    page = browser.get(address("desk", campaign)).content.decode()
    said = browser.post(address("comment", campaign, 1), {"text": "Was needed for the audit"})

    assert 'name="certify"' not in page
    assert post(campaign, {"certify": "1"}).status_code == 409
    assert browser.get(address("submit", campaign)).status_code == 409
    assert said.status_code == 302
    assert Comment.objects.get().text == "Was needed for the audit"


def test_a_comment_stands_with_its_line_and_in_the_trail(browser, campaign, trail):
    browser.post(address("comment", campaign, 1), {"text": "Ask <b>Tom</b>"})

    page = browser.get(address("line", campaign, 1)).content.decode()
    assert "Ask &lt;b&gt;Tom&lt;/b&gt;" in page
    assert trail() == ["reviews.commented"]


def test_an_empty_comment_is_refused_where_it_was_typed(browser, campaign):
    reply = browser.post(address("comment", campaign, 1), {"text": "  "})

    assert reply.status_code == 422
    assert "Write something first." in reply.content.decode()
    assert not Comment.objects.exists()


def test_lines_are_given_to_somebody_else(browser, campaign, rui):
    tom = make_user("Tom Okafor", Role.BASIC)

    reply = browser.post(
        address("give", campaign), {"line": ["1", "2"], "people": [tom.pk], "reason": "Knows it better"}
    )

    assert reply.status_code == 302
    assert set(Turn.objects.open().filter(reviewer=tom).values_list("line_no", flat=True)) == {1, 2}
    assert Progress.objects.get(reviewer=rui).open == 1


def test_no_reason_is_offered_that_giving_refuses(browser, campaign):
    page = browser.get(reverse("reviews:give", args=[campaign.pk]), {"line": 1})

    assert page.status_code == 200
    assert "I am away" in page.text
    assert "It is my own access" not in page.text


def test_nobody_is_given_lines_about_themselves(browser, campaign, nora):
    reply = browser.post(address("give", campaign), {"line": ["1"], "people": [nora.pk], "reason": "Her own"})

    assert reply.status_code == 422
    assert not Turn.objects.filter(reviewer=nora).exists()


def test_the_list_of_reviews_puts_the_finished_below(browser, campaign, rui, nora):
    make_running(make_grants(1, person=nora), rui, name="Long over", status=Campaign.Status.SIGNED_OFF)

    page = browser.get(reverse("reviews:reviews")).content.decode()

    assert page.index("Coupa access, Q4") < page.index("Finished") < page.index("Long over")
    assert "3 of 3 lines to decide" in " ".join(browser.get("/").content.decode().split())


def test_the_number_of_statements_does_not_depend_on_the_number_of_lines(
    browser, rui, nora, django_assert_max_num_queries
):
    small = make_running(make_grants(2, person=nora), rui, name="Small")
    large = make_running(make_grants(40, person=nora), rui, name="Large")
    browser.get(address("desk", small))

    with django_assert_max_num_queries(60) as few:
        browser.get(address("desk", small))
    with django_assert_max_num_queries(len(few.captured_queries)):
        browser.get(address("desk", large))


def test_long_lists_are_paged_and_each_line_stands_once(browser, rui, nora):
    campaign = make_running(make_grants(120, person=nora), rui)
    query, found = "?view=flat", []
    for _ in range(3):
        context = browser.get(address("desk", campaign, query=query)).context
        page = context["sheet"].page
        found += [turn.line_no for turn in page.rows]
        query = f"?view=flat&after={page.after}"

    assert found == list(range(1, 121))
