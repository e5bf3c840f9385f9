"""Whatever people and syncs do to a staged campaign, in whatever order: its counts tie after each step."""

import pytest
from django.db import transaction
from django.utils.timezone import now
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.actions import proving
from connectors.models import Grant, ProvisionOrder
from core.errors import DomainError
from core.models import Role
from reviews import jobs
from reviews.actions import closing, correcting, deciding, marks, removing
from reviews.models import Campaign, Mark, PopulationSource, Removal, ReviewTask
from reviews.queries import bridge
from reviews.queries.desk import bar
from tests.make import make_connected, make_grant, make_run, make_user
from tests.reviews.making import make_grants, make_running

LINES = 4
ACTS = (
    *("certify", "deny", "mark", "correct", "excuse", "confirm", "say done", "order again", "gone", "back"),
    *("sync", "close"),
)
acts = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, LINES)), max_size=12)
WHOLE = ["user", "role"]
EXAMPLE = [
    *[("deny", 1), ("confirm", 1), ("say done", 1), ("gone", 1), ("back", 1), ("deny", 1), ("excuse", 1)],
    *[("deny", 2), ("correct", 2), ("gone", 3), ("mark", 4), ("close", 1)],
]
"""A removal that is proven and comes back; one no longer wanted; what is gone, and what nobody submitted."""
pytestmark = pytest.mark.usefixtures("nudges")


class Story:
    """A campaign over a few grants of an app that can only be read, and all that may happen to it."""

    def __init__(self):
        self.owner, self.reviewer = make_user("Olga Berg", Role.CAMPAIGN), make_user("Rui Costa", Role.BASIC)
        self.app_owner = make_user("Tom Okafor", Role.BASIC)
        self.campaign = make_running(make_grants(LINES), self.reviewer, self.owner)
        app = self.campaign.tasks.earliest("line_no").app
        app.ownerships.create(user=self.app_owner)
        self.connector = make_connected(app=app)
        source = {"connector": self.connector, "source": self.connector.source}
        PopulationSource.objects.create(campaign=self.campaign, run=make_run(self.connector), **source)
        self.seen = set()

    def act(self, what, number):
        """Whoever may does it; what a rule refuses does not happen."""
        self.campaign.refresh_from_db()
        line = self.campaign.tasks.get(line_no=number)
        try:
            with transaction.atomic():
                getattr(self, what.replace(" ", "_"))(line)
        except DomainError:
            return
        statuses = Removal.objects.filter(campaign=self.campaign).values_list("status", flat=True)
        self.seen |= {*statuses, *self.campaign.tasks.values_list("status", flat=True)}

    def certify(self, line):
        marks.mark(self.campaign, [line.line_no], Mark.Outcome.CERTIFY, by=self.reviewer)
        self._submit()

    def deny(self, line):
        marks.mark(self.campaign, [line.line_no], Mark.Outcome.DENY, by=self.reviewer, reason="Moved")
        self._submit()

    def mark(self, line):
        marks.mark(self.campaign, [line.line_no], Mark.Outcome.CERTIFY, by=self.reviewer)

    def _submit(self):
        deciding.submit(self.campaign, self.reviewer, marks_seen=bar(self.campaign, self.reviewer).stamp)

    def correct(self, line):
        outcome = "denied" if line.status == ReviewTask.Status.CERTIFIED else "certified"
        correcting.correct(line, by=self.owner, outcome=outcome, reason="A mistake")

    def _removal(self, line):
        found = Removal.objects.filter(task=line).select_related("campaign", "task").order_by("-pk").first()
        if found is None:
            raise DomainError("There is none.")
        return found

    def confirm(self, line):
        removing.confirm([self._removal(line)], by=self.app_owner)
        jobs.order_removals(self.campaign.pk)

    def say_done(self, line):
        removing.done_by_hand(self._removal(line), by=self.app_owner, how="In the app")

    def order_again(self, line):
        removing.order_again(self._removal(line), by=self.app_owner)

    def excuse(self, line):
        removing.except_([self._removal(line)], by=self.owner, reason="Needed")

    def gone(self, line):
        run = self._run()
        self._held(line).update(gone_at=now(), gone_run=run.pk)
        self._followed(run)

    def back(self, line):
        run = self._run()
        if not self._held(line).exists():
            make_grant(line.account, line.entitlement)
        self._followed(run)

    def sync(self, _):
        self._followed(self._run())

    def _run(self):
        """One that reads all of the app."""
        return make_run(self.connector, kinds=WHOLE, complete=WHOLE)

    def _held(self, line):
        return Grant.objects.here().filter(account=line.account_id, entitlement=line.entitlement_id)

    def _followed(self, run):
        proving.prove(run)
        jobs.follow_run(run.pk)
        for order in ProvisionOrder.objects.all():
            jobs.follow_order(order.pk)

    def close(self, _):
        closing.close(self.campaign, by=self.owner, at_end=Campaign.Silence.EXCEPTION)
        jobs.close(self.campaign.pk)


def test_the_counts_tie_after_whatever_is_done(db):
    reached = set()

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @example(done=EXAMPLE)
    @given(done=acts)
    def ties(done):
        with transaction.atomic():
            story = Story()
            for what, number in done:
                story.act(what, number)
                told = bridge.of(story.campaign)
                assert told.ties, [row.said for row in told.breaks]
            reached.update(story.seen)
            transaction.set_rollback(True)

    ties()

    assert reached >= {"certified", "denied", "excepted", "cancelled", "proven", "came_back", "dropped"}
