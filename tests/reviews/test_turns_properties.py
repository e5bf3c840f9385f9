"""The verbs themselves, in whatever order, over made-up companies.

Nobody has an open turn on their own access, every open line has somebody active unless nobody is left and
it was told, and the kept counts agree with the turns.
"""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils.timezone import now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.models import Account, EntitlementOwner
from core.errors import DomainError
from core.models import Delegation, Reporting, Role, TrailEvent, User
from reviews import jobs
from reviews.actions.policies_built_in import ensure
from reviews.actions.turns import enter_step, give_on
from reviews.models import Campaign, Decision, Progress, ReviewTask, Turn
from reviews.queries.applying import applying
from reviews.queries.directory import Around, directory_for
from reviews.queries.facts import lines_of
from reviews.queries.people import own_among
from reviews.queries.routes import deciders
from reviews.routing import BUILT_IN, Nobody, asked
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_campaign, make_line

NAMES = ["Ann Adams", "Bob Brown", "Cleo Carr", "Dan Dunn", "Eve Ellis", "Finn Frost"]
who = st.integers(0, 5)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("leave"), who, who),
        st.tuples(st.just("come_back"), who, who),
        st.tuples(st.just("delegate"), who, who),
        st.tuples(st.just("double"), who, who),
        st.tuples(st.just("own"), who, who),
        st.tuples(st.just("give"), who, who),
        st.tuples(st.just("certify"), who, who),
    ),
    max_size=6,
)


class Company:
    """Six people, three lines, and what may happen to them."""

    def __init__(self, code, managers, owners, accounts):
        self.people = [make_user(name, Role.BASIC) for name in NAMES]
        for person, manager in enumerate(managers):
            if person != manager:
                Reporting.objects.create(person=self.people[person], manager=self.people[manager])
        app = make_app("Coupa", *{self.people[number] for number in owners})
        version = next(policy for policy in ensure() if policy.built_in == code).latest()
        self.campaign = make_campaign(
            "Coupa access", self.people[0], policy_version=version, status=Campaign.Status.RUNNING
        )
        for number, owner in enumerate(accounts, 1):
            entitlement = make_entitlement(app, f"Role {number}", risk="High" if number == 1 else "")
            EntitlementOwner.objects.create(thing=entitlement, user=self.people[owners[0]])
            account = make_account(
                app, f"Account {number}", person=self.people[owner] if owner is not None else None
            )
            make_grant(make_account(app, "Manager", person=self.people[managers[0]]), entitlement)
            make_line(self.campaign, make_grant(account, entitlement), number)
        Campaign.objects.filter(pk=self.campaign.pk).update(lines=len(accounts))
        self.enter(ReviewTask.objects.all(), 1)

    def enter(self, tasks, step):
        going = enter_step(tasks, step)
        for line in tasks.exclude(pk__in=going):
            assert step > 1
            ReviewTask.objects.filter(pk=line.pk).update(status="certified", settled_at=now())

    def leave(self, one, _):
        User.objects.filter(pk=self.people[one].pk).update(status="deactivated")

    def come_back(self, one, _):
        User.objects.filter(pk=self.people[one].pk).update(status="active")

    def delegate(self, one, two):
        if one != two:
            Delegation.objects.update_or_create(
                person=self.people[one],
                defaults={
                    "delegate": self.people[two],
                    "starts_at": now(),
                    "ends_at": now() + timedelta(days=1),
                },
            )

    def double(self, one, two):
        User.objects.filter(pk__in=[self.people[one].pk, self.people[two].pk]).update(employee_id="7")

    def own(self, one, line):
        accounts = ReviewTask.objects.filter(line_no=line % 3 + 1).values("account")
        Account.objects.filter(pk__in=accounts).update(person=self.people[one])

    def give(self, one, two):
        turns = Turn.objects.open().filter(reviewer=self.people[one])
        for turn in turns:
            try:
                with transaction.atomic():
                    give_on(
                        Turn.objects.filter(pk=turn.pk), self.people[two], by=self.people[one], reason="Why"
                    )
            except DomainError:
                continue

    def certify(self, one, _):
        """As the desk submits: not about one's own access, unless the step asks for it."""
        person = self.people[one]
        if not User.objects.active().filter(pk=person.pk).exists():
            return
        turns = Turn.objects.open().filter(reviewer=person).select_related("task")
        own = own_among(person, ReviewTask.objects.filter(pk__in=turns.values("task")))
        for turn in turns:
            if turn.task_id in own and turn.via != Turn.Via.ACCOUNT_OWNER:
                continue
            beside = Turn.objects.open().filter(task=turn.task_id).exclude(pk=turn.pk)
            ended = [(turn, "decided"), *((each, "overtaken") for each in beside)]
            for each, status in ended:
                Turn.objects.filter(pk=each.pk).update(status=status, ended_at=now())
                rows = Progress.objects.filter(reviewer=each.reviewer_id)
                rows.update(open=rows[0].open - 1)
            Decision.objects.create(
                task=turn.task,
                campaign=self.campaign,
                turn=turn,
                by=person,
                on_behalf_of=turn.on_behalf_of,
                outcome="certified",
                independence=turn.independence,
            )
            self.enter(ReviewTask.objects.filter(pk=turn.task_id), turn.step + 1)

    def sweep(self):
        """What the nudges and the sweeper do within a minute."""
        for person in self.people:
            jobs.route_anew(person.pk)

    def check(self):
        turns = Turn.objects.open().select_related("reviewer", "task")
        asked_now = set()
        for turn in turns:
            own = own_among(turn.reviewer, ReviewTask.objects.filter(pk=turn.task_id))
            if turn.reviewer.is_active and (not own or turn.via == Turn.Via.ACCOUNT_OWNER):
                asked_now.add(turn.task_id)
            else:
                assert self.nobody_is_left(turn)
        stuck = {turn.task_id for turn in turns} - asked_now
        assert {line.pk for line in ReviewTask.objects.open()} == asked_now | stuck
        for line in ReviewTask.objects.filter(status="excepted"):
            assert line.status_reason.startswith("Nobody is left to ask.")
        open_now = Counter(turn.reviewer_id for turn in turns)
        assert dict(Progress.objects.filter(open__gt=0).values_list("reviewer", "open")) == open_now

    def nobody_is_left(self, turn):
        """Whether it was told that nobody can be asked instead, and that is so."""
        tasks = ReviewTask.objects.filter(pk=turn.task_id)
        (line,) = lines_of(tasks)
        policy = applying(self.campaign).text(line.facts)
        directory = directory_for(Around.of(self.campaign), [policy], [line.facts], also=[turn.reviewer_id])
        earlier = deciders(tasks).get(line.pk, ())
        found = asked(policy, line.facts, turn.step, directory, earlier, rule=turn.rule)
        told = TrailEvent.objects.filter(action="reviews.nobody_to_ask").exists()
        return told and isinstance(found, Nobody)


@pytest.mark.django_db
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(list(BUILT_IN)),
    st.lists(who, min_size=6, max_size=6),
    st.lists(who, min_size=1, max_size=2),
    st.lists(st.one_of(st.none(), who), min_size=3, max_size=3),
    acts,
)
def test_whatever_the_verbs_do_nobody_is_asked_about_their_own_access(
    code, managers, owners, accounts, happens
):
    with transaction.atomic():
        company = Company(code, managers, owners, accounts)
        company.sweep()
        company.check()
        for name, one, two in happens:
            getattr(company, name)(one, two)
            company.sweep()
            company.check()
        transaction.set_rollback(True)
