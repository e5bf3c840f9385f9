"""A policy that takes nothing away (C34), from its builder to what the owner has removed afterwards (C59)."""

import pytest
from django.urls import reverse
from django.utils.timezone import now

from connectors.models import ProvisionOrder
from core.models import Role
from reviews import jobs
from reviews.actions import deciding, marks, removing
from reviews.models import Campaign, Mark, Policy, Removal
from reviews.queries.marks import stamp_of
from tests.make import make_user
from tests.reviews.making import make_grants, make_policy, make_running

pytestmark = pytest.mark.django_db


def built(maker, sign_in, *, removes):
    """By the pages of the builder: the manager decides."""
    policy = make_policy("By manager")
    typed = {"name": policy.name, "changed_at": policy.changed_at.isoformat(), "save": "1"}
    rule = {"r0-name": "Everything", "r0-s0-kind": "manager"} | ({"removes": "on"} if removes else {})
    reply = sign_in(maker).post(reverse("reviews:edit_policy", args=[policy.pk]), typed | rule)
    assert reply.status_code == 302
    return Policy.objects.get(pk=policy.pk)


@pytest.mark.parametrize("removes", [True, False])
def test_what_is_denied_is_removed_by_itself_or_by_who_runs_the_campaign(removes, sign_in, nudges):
    owner, rui = make_user("Olga Berg", Role.CAMPAIGN), make_user("Rui Costa", Role.BASIC)
    tom = make_user("Tom Okafor", Role.BASIC)
    grants = make_grants(2)
    grants[0].account.app.ownerships.create(user=tom)
    policy = built(owner, sign_in, removes=removes)
    campaign = make_running(grants, rui, owner, policy=policy)

    marks.mark(campaign, [1, 2], Mark.Outcome.DENY, by=rui, reason="Left the team")
    deciding.submit(campaign, rui, marks_seen=stamp_of(0, 2, Mark.objects.latest("at").at))

    assert set(campaign.tasks.values_list("status", flat=True)) == {"denied"}
    assert Removal.objects.count() == (2 if removes else 0)
    if removes:
        return
    Campaign.objects.update(status=Campaign.Status.CLOSED, closed_at=now())
    sign_in(owner).post(reverse("reviews:have_removed", args=[campaign.pk]), {"line": ["2"]})
    removing.confirm_all(Removal.objects.all(), by=tom)
    jobs.order_removals(campaign.pk)
    order = ProvisionOrder.objects.get()
    assert (order.entitlement.name, order.verb) == ("Role 2", "revoke")
    assert Removal.objects.get().order == order
