"""The desk by person, application, entitlement, resource or as one list: the same lines, each way once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.models import ColumnChoice, Role
from reviews.models import Campaign, Mark
from reviews.queries import stops
from reviews.queries.desk import VIEWS
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_grants, make_running
from tests.reviews.showing import shown_to

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def rui():
    return make_user("Rui Costa", Role.BASIC)


@pytest.fixture
def browser(rui, sign_in):
    return sign_in(rui)


@pytest.fixture
def campaign(rui):
    """Two apps; in the first two people hold two roles each."""
    coupa, jaggaer = make_app("Coupa"), make_app("Jaggaer")
    people = [make_user(name, Role.BASIC) for name in ("Nora Lindqvist", "Tom Okafor")]
    accounts = [make_account(coupa, each.name, person=each) for each in people]
    roles = [make_entitlement(coupa, name) for name in ("Buyer", "Approver")]
    grants = [make_grant(account, role) for role in roles for account in accounts]
    other = make_account(jaggaer, "Nora", person=people[0])
    return make_running([*grants, make_grant(other, make_entitlement(jaggaer, "Payer"))], rui)


def desk(browser, campaign, **query):
    return browser.get(reverse("reviews:desk", args=[campaign.pk]), query)


def press(browser, campaign, rui, typed, *, view, of="", **headers):
    query = f"?view={view}&of={of}"
    shown = shown_to(rui, campaign, view=view)
    return browser.post(
        reverse("reviews:mark", args=[campaign.pk]) + query, {"shown": shown, **typed}, **headers
    )


def walked(reply):
    return [(label, [stop.name for stop in found]) for label, _, found in reply.context["sections"]]


def grouped(reply):
    groups = reply.context["sheet"].groups
    return [(group.title, [line.task.line_no for line in group.lines], group.total) for group in groups]


def test_an_application_is_walked_under_its_entitlements(browser, campaign):
    reply = desk(browser, campaign, view="app")

    assert walked(reply) == [("To review", ["Coupa", "Jaggaer"])]
    assert grouped(reply) == [("Accounts with Buyer", [1, 2], 2), ("Accounts with Approver", [3, 4], 2)]
    assert "Next application" in reply.content.decode()


def test_resources_are_walked_with_who_holds_something_of_them(browser, campaign):
    reply = desk(browser, campaign, view="resource")

    assert walked(reply) == [("To review", ["Approver", "Buyer", "Payer"])]
    assert grouped(reply) == [("Accounts with Approver", [3, 4], 2)]


def test_a_campaign_opens_in_the_view_it_was_set_up_with(browser, campaign):
    Campaign.objects.update(desk=Campaign.Desk.APP)

    assert desk(browser, campaign).context["view"] == "app"
    assert desk(browser, campaign, view="flat").context["view"] == "flat"


def test_every_view_has_every_line_once(browser, campaign):
    for view in VIEWS:
        lines = []
        found = stops.stops(campaign, campaign.progress.get().reviewer, view, earlier=())
        for key in [stop.key for stop in found] or [""]:
            sheet = desk(browser, campaign, view=view, of=key).context["sheet"]
            lines += [line.task.line_no for line in sheet.lines]
        assert sorted(lines) == [1, 2, 3, 4, 5], view


def test_a_group_and_a_whole_application_are_marked_at_once(browser, campaign, rui):
    app = campaign.tasks.get(line_no=1).app_id
    buyer = campaign.tasks.get(line_no=1).entitlement_id
    press(browser, campaign, rui, {"group": f"certify {buyer}"}, view="app", of=app)
    assert marked() == {1: "certify", 2: "certify"}

    typed = {"group": "deny all", "group_reason-all": "Not in this team"}
    press(browser, campaign, rui, typed, view="app", of=app)
    assert marked() == dict.fromkeys((1, 2, 3, 4), "deny")
    assert set(Mark.objects.values_list("reason", flat=True)) == {"Not in this team"}

    press(browser, campaign, rui, {"group": f"undo {buyer}"}, view="app", of=app)
    assert marked() == {3: "deny", 4: "deny"}


def marked():
    return dict(Mark.objects.exclude(outcome="").values_list("task__line_no", "outcome"))


def test_one_list_shows_the_columns_its_reader_chose(browser, campaign, rui):
    url = reverse("reviews:desk_columns", args=[campaign.pk])
    before = desk(browser, campaign, view="flat").content.decode()
    browser.post(url, {"column": ["login", "line", "nonsense"], "next": "/reviews/"})
    after = desk(browser, campaign, view="flat")

    assert ">Held since</th>" in before
    assert ">Login</th>" not in before
    assert [name for name, _ in after.context["columns"]] == ["line", "login"]
    assert ColumnChoice.objects.get(user=rui).table == "desk"
    browser.post(url, {"reset": "1"})
    assert ">Held since</th>" in desk(browser, campaign, view="flat").content.decode()


def test_a_row_of_one_list_comes_back_as_a_row(browser, campaign, rui):
    reply = press(browser, campaign, rui, {"certify": "2"}, view="flat", headers=HTMX)

    text = reply.content.decode()
    assert "<template>" in text
    assert '<tr class="r-deskrow is-certify"' in text
    assert 'id="line-1"' not in text


@pytest.mark.parametrize("view", VIEWS)
def test_statements_do_not_depend_on_how_many_lines_and_stops_there_are(browser, rui, view):
    small = make_running(make_grants(2, person=make_user("Nora")), rui, name="Small")
    large = make_running([grant for _ in range(4) for grant in make_grants(10)], rui, name="Large")
    desk(browser, small, view=view)

    with CaptureQueriesContext(connection) as few:
        desk(browser, small, view=view)
    with CaptureQueriesContext(connection) as many:
        desk(browser, large, view=view)

    assert len(many) <= len(few) <= 60


def test_long_walks_are_paged(browser, campaign, monkeypatch):
    monkeypatch.setattr("reviews.views.desk_page.STOPS", 2)

    first = desk(browser, campaign, view="resource")
    second = desk(browser, campaign, view="resource", walk="2")

    assert walked(first) == [("To review", ["Approver", "Buyer"])]
    assert walked(second) == [("To review", ["Payer"])]
    assert "walk=2" in first.content.decode()
    last = campaign.tasks.get(line_no=5).entitlement.resource_id
    assert walked(desk(browser, campaign, view="resource", of=last)) == [("To review", ["Payer"])]


def test_a_line_names_its_account_where_the_access_is_the_heading(browser, campaign):
    page = desk(browser, campaign, view="app").content.decode()

    assert page.count("Nora Lindqvist") >= 2
    assert 'aria-label="Certify Buyer of Nora Lindqvist"' in page
