"""What a walk asks ahead comes in its order, with its calls, and costs no request twice."""

import json
import threading

import pytest

from connectors.contract import BadCredentials, Resource, TransientError
from connectors.drivers.coupa import ahead, gather
from connectors.drivers.coupa.client import CoupaClient
from tests.connectors.drivers.conftest import KINDS, as_lines
from tests.fakes.coupa import FakeCoupa


def test_lists_licences_and_the_first_users_are_under_way_together(fake, drive, monkeypatch):
    meeting = threading.Barrier(3, timeout=20)
    few, page, met = CoupaClient.few, CoupaClient.page, set()

    def wait_for_the_others(name):
        if name not in met:
            met.add(name)
            meeting.wait()

    def few_after_the_others(self, kind, fields, most):
        if fields is None:
            wait_for_the_others("licences")
        return few(self, kind, fields, most)

    def page_after_the_others(self, kind, fields, after, **due):
        if kind in ("role", "group"):
            wait_for_the_others(kind)
        return page(self, kind, fields, after, **due)

    monkeypatch.setattr(CoupaClient, "few", few_after_the_others)
    monkeypatch.setattr(CoupaClient, "page", page_after_the_others)

    assert as_lines(drive(fake).walk(KINDS)) == fake.truth()
    assert met == {"licences", "role", "group"}


@pytest.mark.parametrize("most", [1, 2])
def test_a_list_longer_than_may_wait_is_read_to_its_end_and_nothing_twice(most, drive, monkeypatch):
    monkeypatch.setattr(ahead, "MOST_PAGES", most)
    with FakeCoupa(users=20, groups=170, roles=120) as fake:
        batches = list(drive(fake).walk(KINDS))

        assert as_lines(batches) == fake.truth()
        assert sum(len(batch.calls) for batch in batches) == len(fake.requests)
        # Token, licences, users and their end, reach; groups, roles, each with an end that is empty twice.
        assert len(fake.requests) <= 1 + 2 + 3 + 3 + (4 + 2) + (3 + 2)


def test_resources_come_before_users_and_the_cursor_says_no_more_than_was_handed_over(drive, monkeypatch):
    monkeypatch.setattr(gather, "SIZE", 0)
    with FakeCoupa(users=120, groups=55, roles=55) as fake:
        stages = []
        for batch in drive(fake).walk(KINDS):
            cursor = json.loads(batch.cursor)
            stages.append(cursor["stage"])
            if cursor["stage"] == "role":
                assert not {each.kind for each in batch.records if isinstance(each, Resource)} & {"group"}
                assert cursor["lanes"][0][0] or not cursor["known"]["role"]
            if cursor["stage"] in ("role", "group"):
                assert len(cursor["lanes"]) == 1

    assert stages == sorted(stages, key=["role", "group", "account_group", "user", "end"].index)


def test_a_list_in_trouble_hands_over_what_came_before_it(fake, drive, monkeypatch):
    page = CoupaClient.page

    def groups_in_trouble(self, kind, fields, after, **due):
        if kind == "group":
            raise TransientError("Coupa is busy.")
        return page(self, kind, fields, after, **due)

    monkeypatch.setattr(CoupaClient, "page", groups_in_trouble)
    batches = []

    with pytest.raises(TransientError):
        batches.extend(drive(fake).walk(KINDS))

    monkeypatch.undo()
    named = {each.kind for batch in batches for each in batch.records if isinstance(each, Resource)}
    assert named == {"license", "role"}
    assert as_lines([*batches, *drive(fake).walk(KINDS, batches[-1].cursor)]) == fake.truth()


def test_a_wrong_secret_is_tried_once_however_many_would_ask(fake, drive):
    with pytest.raises(BadCredentials):
        list(drive(fake, secret="wrong").walk(KINDS))

    assert len(fake.requests) == 1
