"""Very many decisions at once, and several people at once: no line is decided twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from connectors.models import Account, Grant
from core.errors import StaleState
from core.models import Role
from reviews.actions import deciding, marks
from reviews.models import Decision, Progress, Removal, ReviewTask, Turn
from tests.make import make_account, make_app, make_entitlement, make_user
from tests.reviews.making import make_line, make_running, make_turn
from tests.reviews.test_deciding import CERTIFY, DENY, WHY, owned, rui, seen

__all__ = ["rui"]
pytestmark = pytest.mark.django_db


def in_a_thread(*arguments):
    try:
        return deciding.submit(*arguments[:2], marks_seen=arguments[2])
    except StaleState as problem:
        return problem
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_never_decide_one_line_twice(rui):
    tom = make_user("Tom Okafor", Role.BASIC)
    campaign = make_running(owned(20), rui)
    for task in ReviewTask.objects.order_by("-line_no"):
        make_turn(task, tom)
    marks.mark(campaign, range(1, 21), CERTIFY, by=rui)
    marks.mark(campaign, range(1, 21), DENY, by=tom, reason=WHY)
    tries = [(campaign, by, seen(campaign, by)) for by in (rui, tom, rui, tom)]

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda each: in_a_thread(*each), tries))

    assert sum(isinstance(each, StaleState) for each in done) == 2
    assert Decision.objects.count() == 20
    assert Decision.objects.values("by").distinct().count() == 1
    assert set(Progress.objects.values_list("open", flat=True)) == {0}
    assert not Turn.objects.open().exists()


def make_many(rui, count):
    """A campaign of so many lines, by the fewest statements that a test can do with."""
    app = make_app("Coupa")
    nora, entitlement = make_user("Nora Lindqvist"), make_entitlement(app)
    account = make_account(app, "Holder", person=nora)
    accounts = [Account(**_fields(account), id=f"A{n:026}", external_id=f"n{n}") for n in range(count)]
    Account.objects.bulk_create(accounts, batch_size=2_000)
    grants = Grant.objects.bulk_create(
        (
            Grant(account=each, entitlement=entitlement, first_run=1, since=each.changed_at)
            for each in accounts
        ),
        batch_size=2_000,
    )
    campaign = make_running([], rui)
    line = make_line(campaign, grants[0], 1)
    make_turn(line, rui)
    lines = [
        ReviewTask(**_fields(line, "line_no", "grant"), line_no=n, grant=each.pk, account_id=each.account_id)
        for n, each in enumerate(grants[1:], 2)
    ]
    lines = ReviewTask.objects.bulk_create(lines, batch_size=2_000)
    Turn.objects.bulk_create(
        (
            Turn(task=each, campaign=campaign, line_no=each.line_no, rule=1, reviewer=rui, via="manager")
            for each in lines
        ),
        batch_size=2_000,
    )
    Progress.objects.update(asked=count, open=count)
    return campaign


def _fields(row, *without):
    left = {"id", "external_id", "account", *without}
    return {
        each.attname: getattr(row, each.attname)
        for each in row._meta.concrete_fields
        if each.name not in left
    }


def test_ten_thousand_marks_are_decided_by_a_handful_of_statements(rui, django_assert_max_num_queries):
    campaign = make_many(rui, 10_000)
    marks.mark(campaign, range(1, 9_901), CERTIFY, by=rui)
    marks.mark(campaign, range(9_901, 10_001), DENY, by=rui, reason=WHY)
    stamp = seen(campaign, rui)

    with django_assert_max_num_queries(60):
        done = deciding.submit(campaign, rui, marks_seen=stamp)

    assert done.submission.accepted == Decision.objects.count() == 10_000
    assert ReviewTask.objects.filter(status="denied").count() == Removal.objects.count() == 100
