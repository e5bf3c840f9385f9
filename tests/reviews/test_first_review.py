"""The first review of a console: of who administers it, without any vendor, or not at all."""

import pytest
from django.urls import reverse

from connectors import jobs as connectors_jobs
from connectors.models import App, Connector, ProvisionOrder, SyncRun
from core.errors import Denied, NotPossible
from core.models import Reporting, Role, User
from reviews import jobs
from reviews.actions import campaigns, deciding, first_review, marks, removing, staging
from reviews.models import Campaign, Mark, Removal, Turn
from reviews.queries import bridge
from tests.make import make_user
from tests.reviews.making import make_campaign
from tests.reviews.staged import work
from tests.reviews.test_whole_review import stamp


@pytest.fixture
def ada(db: None) -> User:
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


@pytest.fixture
def tom(db: None) -> User:
    """Who signs off."""
    return make_user("Tom Reed", Role.BASIC)


def hugo(*roles: Role) -> User:
    return make_user("Hugo Brandt", *(roles or (Role.CAMPAIGN,)), Role.BASIC)


def sync() -> None:
    for run in SyncRun.objects.filter(status__in=SyncRun.UNFINISHED):
        connectors_jobs.run_sync(str(run.pk))


def nothing_is_made() -> bool:
    return not (App.objects.exists() or Connector.objects.exists() or Campaign.objects.exists())


def test_one_step_makes_app_connector_first_sync_and_a_draft_that_stages(ada, tom, nudges):
    other = hugo()

    draft = first_review.begin(tom, by=ada)
    sync()

    assert draft.name.startswith("Who administers Reeve, Q")
    assert draft.control_owner == tom
    assert draft.policy is not None
    assert draft.policy.built_in == "app_owner"
    assert draft.period_starts_on is not None
    assert draft.period_ends_on is not None
    assert draft.period_starts_on < draft.period_ends_on
    app = App.objects.get()
    assert {each.name for each in app.owners_now()} == {ada.name, other.name}
    staging.want(draft, by=ada)
    work(draft)
    assert draft.status == Campaign.Status.STAGED, draft.staging_problem
    told = {(line.account_name, line.entitlement_name, line.risk) for line in draft.tasks.all()}
    assert told == {
        (ada.name, "Super Administrator", "Critical"),
        (other.name, "Campaign Administrator", "High"),
    }
    asked = {(turn.task.account_name, turn.reviewer.name) for turn in Turn.objects.filter(campaign=draft)}
    assert asked == {(ada.name, other.name), (other.name, ada.name)}
    assert bridge.of(draft).ties


def test_what_is_denied_in_it_is_taken_away_here_and_proven(ada, tom, nudges):
    other = hugo()
    draft = first_review.begin(tom, by=ada)
    sync()
    staging.want(draft, by=ada)
    work(draft)
    campaigns.start(draft, writes=False, by=ada)
    draft.refresh_from_db()
    line = draft.tasks.get(account_name=other.name)

    marks.mark(draft, [line.line_no], Mark.Outcome.DENY, by=ada, reason="Reviews are run by others now.")
    deciding.submit(draft, ada, marks_seen=stamp(draft, ada))
    removing.confirm(list(Removal.objects.all()), by=ada)
    jobs.order_removals(draft.pk)
    order = ProvisionOrder.objects.get()
    connectors_jobs.carry_out(order.pk)
    connectors_jobs.read_again(order.app_id)
    sync()

    order.refresh_from_db()
    assert order.status == ProvisionOrder.Status.PROVEN, order.problem
    assert not User.objects.get(pk=other.pk).has_role(Role.CAMPAIGN)


def test_one_administrator_alone_is_told_to_invite_somebody_and_nothing_is_made(ada, tom, sign_in, trail):
    with pytest.raises(NotPossible, match="Only Ada Lindgren administers Reeve"):
        first_review.begin(tom, by=ada)

    assert nothing_is_made()
    assert trail() == []
    page = sign_in(ada).get(reverse("reviews:first_review")).content.decode()
    assert "Only Ada Lindgren administers Reeve" in page
    assert "Invite a colleague" in page
    assert "Make the draft" not in page


def test_two_who_hold_the_same_role_need_somebody_who_does_not(ada, tom):
    hugo(Role.SUPER)

    with pytest.raises(
        NotPossible, match="Super Administrator of Hugo Brandt: Ada Lindgren decided an earlier step"
    ):
        first_review.begin(tom, by=ada)

    assert nothing_is_made()


def test_who_reports_to_an_administrator_is_not_taken_for_independent(ada, tom):
    Reporting.objects.create(person=hugo(), manager=ada)

    with pytest.raises(NotPossible, match="Hugo Brandt decided an earlier step"):
        first_review.begin(tom, by=ada)

    assert nothing_is_made()


def test_who_signs_off_decides_nothing_so_the_only_other_administrator_cannot(ada):
    other = hugo()

    with pytest.raises(NotPossible, match="Nobody can be asked about 1 line"):
        first_review.begin(other, by=ada)

    assert nothing_is_made()


def test_it_is_offered_until_there_is_a_campaign_and_to_those_who_set_them_up(ada, tom, sign_in):
    offered = "Review who administers Reeve"
    campaign_admin = hugo()

    assert offered in sign_in(ada).get("/").content.decode()
    assert offered in sign_in(campaign_admin).get("/").content.decode()
    assert offered not in sign_in(tom).get("/").content.decode()

    make_campaign("Coupa", ada)
    assert offered not in sign_in(ada).get("/").content.decode()
    with pytest.raises(NotPossible, match="already"):
        first_review.begin(tom, by=ada)


def test_only_who_sets_up_campaigns_can_begin_it(ada, tom):
    hugo()

    with pytest.raises(Denied):
        first_review.begin(tom, by=make_user("Grace Kim", Role.CONNECTOR, Role.BASIC))

    assert nothing_is_made()


def test_the_page_wants_one_name_and_leads_to_the_draft(ada, tom, sign_in, nudges):
    hugo()
    browser, url = sign_in(ada), reverse("reviews:first_review")

    assert browser.post(url, {}).status_code == 422
    assert nothing_is_made()
    answer = browser.post(url, {"control_owner": tom.pk})

    draft = Campaign.objects.get()
    assert answer.url == reverse("reviews:draft_scope", args=[draft.pk])
    sync()
    assert "Super Administrator" in browser.get(answer.url).content.decode()
