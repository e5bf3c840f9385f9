"""A small company with one campaign, for tests of who is asked."""

from django.utils.timezone import now

from core.models import Reporting, Role
from reviews.actions.turns import enter_step
from reviews.models import Campaign, Decision, Progress, ReviewTask, Turn
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user
from tests.reviews.making import make_campaign, make_line, make_policy


def content(*steps):
    return {"rules": [{"name": "Everything", "condition": None, "steps": list(steps)}]}


class World:
    """Grace holds Buyer in Coupa, which Tom owns; Rui is her manager; Olga owns the campaign."""

    def __init__(self, *steps, **campaign):
        self.grace, self.rui, self.tom = (
            make_user("Grace Kim", Role.BASIC),
            make_user("Rui Alves", Role.BASIC),
            make_user("Tom Okafor", Role.BASIC),
        )
        self.nora = make_user("Nora Lindqvist", Role.BASIC)
        self.olga = make_user("Olga Berg", Role.CAMPAIGN)
        Reporting.objects.create(person=self.grace, manager=self.rui)
        self.app = make_app("Coupa", self.tom)
        self.buyer = make_entitlement(self.app, "Buyer")
        policy = make_policy("Policy", content(*(steps or ({"kind": "manager"},))))
        self.campaign = make_campaign(
            "Coupa access, Q4",
            self.olga,
            **{
                "status": Campaign.Status.STAGING,
                "policy": policy,
                "policy_version": policy.latest(),
                **campaign,
            },
        )

    def line(self, person=None, name="Grace Kim", entitlement=None, **account):
        """The next line of the campaign."""
        number = self.campaign.tasks.count() + 1
        made = make_account(self.app, name, person=person, **account)
        line = make_line(self.campaign, make_grant(made, entitlement or self.buyer), number)
        Campaign.objects.filter(pk=self.campaign.pk).update(lines=number)
        return line

    def enter(self, step=1):
        return enter_step(ReviewTask.objects.filter(campaign=self.campaign), step)

    def asked(self, line=None):
        turns = Turn.objects.open().order_by("line_no", "pk")
        turns = turns.filter(task=line) if line else turns
        return [(turn.line_no, turn.reviewer.name, turn.via) for turn in turns.select_related("reviewer")]

    def certify(self, turn, **fields):
        Turn.objects.filter(pk=turn.pk).update(status=Turn.Status.DECIDED, ended_at=now())
        Decision.objects.create(
            task=turn.task,
            campaign=self.campaign,
            turn=turn,
            by=turn.reviewer,
            round=turn.round,
            outcome="certified",
            independence=turn.independence,
            **fields,
        )


def counts():
    return {
        progress.reviewer.name: (progress.asked, progress.open)
        for progress in Progress.objects.select_related("reviewer")
    }
