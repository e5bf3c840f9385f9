"""What a reviewer reads before they submit."""

import pytest

from core.models import Role
from reviews.models import Mark
from reviews.queries import submitting
from tests.make import make_user
from tests.reviews.making import make_grants, make_running


@pytest.mark.django_db
def test_all_that_lack_a_reason_are_counted_though_only_some_are_named(monkeypatch):
    monkeypatch.setattr(submitting, "SHOWN", 2)
    rui = make_user("Rui Costa", Role.BASIC)
    campaign = make_running(make_grants(4, person=make_user("Nora Lindqvist")), rui)
    Mark.objects.bulk_create(
        Mark(task=task, campaign=campaign, person=rui, outcome=Mark.Outcome.DENY, needs_reason=True)
        for task in campaign.tasks.all()
    )

    found = submitting.summary(campaign, rui)

    assert (found.needing_number, len(found.needing), found.own_number) == (4, 2, 0)
