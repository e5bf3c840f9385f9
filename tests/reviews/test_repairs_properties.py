"""Everything that people and workers may do to a campaign, in whatever order, over made-up companies.

Never is there a decision by whose access it is; no open line is without somebody who is asked; the kept
counts are what counting finds.
"""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils.timezone import now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.models import Account
from core.errors import DomainError
from core.models import Delegation, Reporting, Role, User
from reviews import jobs
from reviews.actions import correcting, deciding, marks, repairing
from reviews.actions.policies_built_in import ensure
from reviews.actions.turns import enter_step, give_on
from reviews.models import Campaign, Decision, Mark, Policy, Progress, ReviewTask, Turn
from reviews.queries.desk import bar
from reviews.queries.people import own_among
from reviews.routing import BUILT_IN
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_campaign, make_line

NAMES = ["Ann Adams", "Bob Brown", "Cleo Carr", "Dan Dunn", "Eve Ellis"]
LINES = 3
who, which = st.integers(0, len(NAMES) - 1), st.integers(1, LINES)
ACTS = (
    *("certify", "deny", "submit", "submit_stale", "submit_both", "correct", "give"),
    *("restart", "move", "cancel", "leave", "come_back", "read", "delegate", "double", "own"),
)
acts = st.lists(st.tuples(st.sampled_from(ACTS), who, which), min_size=3, max_size=9)


class Company:
    """Five people, three lines, and what may happen to them. Olga runs the campaign, Sam is a Super."""

    def __init__(self, code, managers, accounts):
        self.people = [make_user(name, Role.BASIC) for name in NAMES]
        self.olga, self.sam = make_user("Olga Berg", Role.CAMPAIGN), make_user("Sam Root", Role.SUPER)
        for person, manager in zip(self.people, managers, strict=True):
            if person != self.people[manager]:
                Reporting.objects.create(person=person, manager=self.people[manager])
        app = make_app("Coupa", self.people[0], self.people[1])
        ensure()
        self.policies = list(Policy.objects.exclude(built_in="").order_by("built_in"))
        policy = Policy.objects.get(built_in=code)
        self.campaign = make_campaign(
            "Review", self.olga, policy=policy, policy_version=policy.latest(), status="staging"
        )
        role = make_entitlement(app, "Buyer")
        for number, owner in enumerate(accounts, 1):
            holder = None if owner is None else self.people[owner]
            account = make_account(app, f"Account {number}", person=holder)
            make_line(self.campaign, make_grant(account, role), number)
        Campaign.objects.filter(pk=self.campaign.pk).update(
            status="running", lines=LINES, started_at=now(), staged_at=now()
        )
        self.campaign.refresh_from_db()
        enter_step(ReviewTask.objects.filter(campaign=self.campaign), 1)
        self.stamps, self.last = {}, 0

    def line(self, number):
        return self.campaign.tasks.get(line_no=number)

    def person(self, one):
        return User.objects.get(pk=self.people[one].pk)

    def certify(self, one, _):
        self.mark(one, Mark.Outcome.CERTIFY)

    def deny(self, one, _):
        self.mark(one, Mark.Outcome.DENY)

    def mark(self, one, outcome):
        person = self.person(one)
        marks.mark(self.campaign, range(1, LINES + 1), outcome, by=person, reason="Because")
        self.stamps[one] = bar(self.campaign, person).stamp

    def submit(self, one, _):
        person = self.person(one)
        stamp = bar(self.campaign, person).stamp
        deciding.submit(self.campaign, person, marks_seen=stamp, is_proven=True)

    def submit_stale(self, one, _):
        """From a page that is as old as the last mark."""
        deciding.submit(self.campaign, self.person(one), marks_seen=self.stamps.get(one, ""), is_proven=True)

    def submit_both(self, one, two):
        """Two about the same lines: whoever is second finds what the first left."""
        for each in (one, (one + two) % len(NAMES)):
            try:
                with transaction.atomic():
                    self.certify(each, 0)
            except DomainError:
                continue
        for each in (one, (one + two) % len(NAMES)):
            self.submit_stale(each, 0)

    def correct(self, one, number):
        by = (self.olga, self.sam)[one % 2]
        line = self.line(number)
        to = correcting.FINAL.get(ReviewTask.Status(line.status), "denied")
        correcting.correct(line, by=by, outcome=to, reason="A wrong click")

    def give(self, one, two):
        turns = Turn.objects.open().filter(reviewer=self.people[one])
        give_on(turns, self.person(two), by=self.person(one), reason="Knows it")

    def restart(self, _, number):
        repairing.restart([self.line(number)], by=self.olga, reason="Once more")

    def move(self, one, number):
        policy = self.policies[one % len(self.policies)]
        repairing.change_policy([self.line(number)], policy, by=self.sam, reason="Another policy")

    def cancel(self, _, number):
        repairing.cancel([self.line(number)], by=self.sam, reason="A test account")

    def leave(self, one, _):
        User.objects.filter(pk=self.people[one].pk).update(status="deactivated")

    def come_back(self, one, _):
        User.objects.filter(pk=self.people[one].pk).update(status="active")
        self.people[one].holdings.filter(role=Role.READ_ONLY).delete()

    def read(self, one, _):
        self.people[one].holdings.get_or_create(role=Role.READ_ONLY)

    def delegate(self, one, two):
        if one != two:
            day = {"starts_at": now(), "ends_at": now() + timedelta(days=1)}
            Delegation.objects.update_or_create(
                person=self.people[one], defaults={"delegate": self.people[two], **day}
            )

    def double(self, one, two):
        User.objects.filter(pk__in=[self.people[one].pk, self.people[two].pk]).update(employee_id="7")

    def own(self, one, number):
        Account.objects.filter(pk=self.line(number).account_id).update(person=self.people[one])

    def do(self, act, one, number):
        """What a rule refuses leaves nothing behind."""
        try:
            with transaction.atomic():
                getattr(self, act)(one, number)
        except DomainError:
            pass
        self.must_be_others(Decision.objects.filter(pk__gt=self.checked()))
        for person in (*self.people, self.olga, self.sam):
            jobs.route_anew(person.pk)

    def checked(self):
        """The last decision that was looked at."""
        last, self.last = self.last, max(Decision.objects.values_list("pk", flat=True), default=0)
        return last

    def must_be_others(self, decisions):
        """Looked at right after each act: whose access it was then is what counts."""
        for each in decisions.select_related("by", "on_behalf_of", "turn"):
            line = ReviewTask.objects.filter(pk=each.task_id)
            assert not own_among(each.by, line) or each.turn.via == Turn.Via.ACCOUNT_OWNER
            assert each.turn.round == line.get().round

    def check(self):
        asked = set(Turn.objects.open().values_list("task_id", flat=True))
        assert set(ReviewTask.objects.open().values_list("pk", flat=True)) == asked
        for task in ReviewTask.objects.all():
            assert task.rounds.count() == task.round - 1
            assert not Turn.objects.open().filter(task=task).exclude(round=task.round).exists()
        kept = {
            row.reviewer_id: (row.open, row.certified, row.denied)
            for row in Progress.objects.all()
            if row.open or row.certified or row.denied
        }
        assert kept == self.recount()

    def recount(self):
        """From the turns and from the decisions that stand, each with whoever was asked."""
        found = {}
        opened = Counter(Turn.objects.open().values_list("reviewer_id", flat=True))
        stands = Decision.objects.filter(replaced_by=None)
        said = Counter(stands.values_list("turn__reviewer", "outcome"))
        for person in {*opened, *(reviewer for reviewer, _ in said)}:
            found[person] = (opened[person], said[person, "certified"], said[person, "denied"])
        return found


@pytest.mark.django_db
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.sampled_from(list(BUILT_IN)),
    st.lists(who, min_size=len(NAMES), max_size=len(NAMES)),
    st.lists(st.one_of(st.none(), who), min_size=LINES, max_size=LINES),
    acts,
)
def test_whatever_is_done_nobody_decides_on_their_own_access_and_the_counts_agree(
    nudges, code, managers, accounts, happens
):
    with transaction.atomic():
        company = Company(code, managers, accounts)
        company.check()
        for act, one, number in happens:
            company.do(act, one, number)
            company.check()
        transaction.set_rollback(True)
