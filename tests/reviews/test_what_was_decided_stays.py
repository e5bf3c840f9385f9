"""What a campaign froze and what was decided is changed or taken away by nobody: the database refuses."""

import pytest
from django.db import DatabaseError, transaction
from django.utils.timezone import now

from reviews.actions import removals
from reviews.models import (
    Campaign,
    Comment,
    Decision,
    LineRound,
    Look,
    PopulationSource,
    Removal,
    ReviewTask,
    SampledLine,
    Submission,
    Turn,
)
from tests.make import make_connector, make_run, make_user
from tests.reviews.making import make_grants, make_running


@pytest.fixture
def line(db):
    reviewer = make_user("Rui Alves")
    campaign = make_running(make_grants(1), reviewer)
    line = campaign.tasks.get()
    submission = Submission.objects.create(
        campaign=campaign, by=reviewer, submitted=1, accepted=1, certified=0, denied=1
    )
    Decision.objects.create(
        task=line, campaign=campaign, outcome=Decision.Outcome.DENIED, by=reviewer, submission=submission
    )
    Comment.objects.create(task=line, by=reviewer, text="Left in May")
    LineRound.objects.create(task=line, campaign=campaign, number=2, reason="A wrong click")
    removals.open_for([line], reviewer)
    sampled = SampledLine.objects.create(campaign=campaign, task=line, line_no=1)
    Look.objects.create(sampled=sampled, agrees=False, note="They left", by=reviewer)
    connector = make_connector(app=line.app, source=line.source)
    PopulationSource.objects.create(
        campaign=campaign, connector=connector, source=line.source, run=make_run(connector)
    )
    return line


@pytest.mark.parametrize(
    "table",
    [
        *(ReviewTask, PopulationSource, Decision, Submission, Turn, Comment, LineRound, Removal, SampledLine),
        Look,
    ],
)
def test_none_is_deleted(line, table):
    with pytest.raises(DatabaseError, match="stays"), transaction.atomic():
        table.objects.all()._raw_delete(using="default")

    assert table.objects.count() == 1


@pytest.mark.parametrize(
    ("table", "change"),
    [
        (ReviewTask, {"account_name": "Somebody else"}),
        (ReviewTask, {"person": None}),
        (ReviewTask, {"line_no": 7}),
        (Decision, {"outcome": "certified"}),
        (Decision, {"reason": "Rewritten"}),
        (Submission, {"accepted": 9}),
        (PopulationSource, {"received": {"user": 9}}),
        (Comment, {"text": "Rewritten"}),
        (LineRound, {"reason": "Rewritten"}),
        (Look, {"agrees": True}),
        (Look, {"note": ""}),
        (Turn, {"given_reason": "Rewritten"}),
        (Turn, {"via": "people"}),
        (Turn, {"on_behalf_of": None}),
        (Removal, {"created_at": now()}),
        (SampledLine, {"line_no": 7}),
        (Campaign, {"staged_at": None}),
    ],
)
def test_none_is_rewritten(line, table, change):
    with pytest.raises(DatabaseError, match="stays"), transaction.atomic():
        table.objects.update(**change)


def test_every_column_of_a_line_but_its_status_is_frozen():
    from tests.flush import decided

    columns = {field.column for field in ReviewTask._meta.local_fields}

    assert columns - set(decided.FROZEN[decided.LINES]) == {
        *("id", "status", "status_reason", "settled_at", "round"),
    }


def test_the_status_of_a_line_may_change(line):
    ReviewTask.objects.update(status=ReviewTask.Status.DENIED)

    line.refresh_from_db()
    assert line.status == "denied"


@pytest.mark.parametrize("status", ["draft", "staging", "cancelled"])
def test_lines_go_with_a_staging_that_came_to_nothing_but_stay_in_what_was_cancelled(db, status):
    campaign = make_running(make_grants(2), make_user("Rui Alves"), status=status, staged_at=None)

    if status == "cancelled":
        with pytest.raises(DatabaseError, match="stays"), transaction.atomic():
            campaign.tasks.all()._raw_delete(using="default")
    else:
        campaign.tasks.all()._raw_delete(using="default")

    assert campaign.tasks.count() == (2 if status == "cancelled" else 0)
