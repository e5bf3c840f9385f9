"""Lanes of ids side by side read everything once, and the spans always say what is still to read."""

import json
import threading
from typing import Any

import pytest

from connectors.contract import Account, Batch, DriverError, TransientError
from connectors.drivers.coupa import gather, lanes
from connectors.drivers.coupa.lanes import LANES, Lanes
from connectors.drivers.coupa.shapes import Row
from tests.connectors.drivers.conftest import KINDS, as_lines
from tests.fakes.coupa import FakeCoupa


class Tenant:
    """Ids that can be paged, with pages spoilt by hand. Stands for the client, too."""

    def __init__(self, *ids: int) -> None:
        self.ids = ids
        self.asked: list[int] = []
        self.due: list[int] = []
        """Where the end was taken to be due."""
        self.instead: dict[int, list[Any]] = {}
        """By the id asked beyond: what is answered instead, once each."""
        self.threads: set[str] = set()
        self.says_more = False

    def page(self, after: int, *, is_end_due: bool = False) -> list[Row]:
        self.asked.append(after)
        if is_end_due:
            self.due.append(after)
        self.threads.add(threading.current_thread().name)
        found = [one for one in self.ids if one > after][:50]
        if self.instead.get(after):
            found = self.instead[after].pop(0)
            if isinstance(found, Exception):
                raise found
        return [Row(one, {}) for one in found]

    def is_any_beyond(self, _kind: str, after: int) -> bool:
        return self.says_more or any(one > after for one in self.ids)

    def take_calls(self) -> tuple[()]:
        return ()

    def adopt(self, _calls: object) -> None:
        """Nothing to adopt."""


def read(tenant: Tenant, spans: list[lanes.Span] | None = None) -> list[int]:
    walk = Lanes(tenant, [[0, None]] if spans is None else spans, tenant.page)  # type: ignore[arg-type]  # a double
    return [row.id for page in walk.pages() for row in page]


@pytest.mark.parametrize(
    "ids",
    [
        (),
        (7,),
        tuple(range(1, 51)),
        tuple(range(1, 2_001)),
        tuple(range(1, 9_000, 7)),
        (*range(1, 100), *range(1_000_000, 1_000_600)),
        tuple(range(5_000_000, 5_003_000)),
        (*range(1, 120), 2**62),
    ],
    ids=["none", "one", "a page", "dense", "holes", "two heaps", "high", "one far away"],
)
def test_every_id_is_read_once_however_they_lie(ids):
    assert sorted(read(Tenant(*ids))) == sorted(ids)


def test_a_small_tenant_is_read_by_one_lane_without_a_thread():
    tenant = Tenant(*range(1, 900))

    assert read(tenant) == list(range(1, 900))
    assert tenant.threads == {threading.current_thread().name}


def test_a_large_tenant_is_read_by_several_threads_that_share_the_work():
    tenant = Tenant(*range(1, 10_001))
    spans: list[lanes.Span] = [[0, None]]
    walk = Lanes(tenant, spans, tenant.page)  # type: ignore[arg-type]  # a double
    pages = walk.pages()
    next(pages)

    widths = [(until or 10_000) - after for after, until in spans if after is not None]
    everything = sum(len(page) for page in pages)

    assert len(spans) == LANES
    assert max(widths) < 2 * min(widths)
    assert everything == 10_000 - 50
    assert len(tenant.threads) > 1


def test_the_end_is_due_after_the_short_page_of_the_last_lane_alone():
    tenant = Tenant(*range(1, 10_021))

    read(tenant)

    assert tenant.due == [10_020]


def test_the_order_of_pages_depends_on_the_ids_alone():
    assert read(Tenant(*range(1, 4_000))) == read(Tenant(*range(1, 4_000)))


def test_going_on_from_any_span_repeats_nothing_and_misses_nothing():
    tenant = Tenant(*range(1, 3_000, 2))
    spans: list[lanes.Span] = [[0, None]]
    walk = Lanes(tenant, spans, tenant.page)  # type: ignore[arg-type]  # a double
    seen: list[int] = []

    for page in walk.pages():
        seen += [row.id for row in page]
        kept = json.loads(json.dumps(spans))
        rest = read(tenant, kept)
        assert sorted([*seen, *rest]) == list(tenant.ids)

    assert all(after == until for after, until in spans)


def test_a_page_of_another_lane_is_not_the_end_of_this_one():
    tenant = Tenant(*range(1, 500))
    tenant.instead[200] = [list(range(401, 451))]

    assert read(tenant, [[100, 300], [300, None]]) == [
        *range(101, 151), *range(301, 351), *range(151, 201), *range(351, 401), *range(201, 251),
        *range(401, 451), *range(251, 301), *range(451, 500),
    ]  # fmt: skip


def test_a_lane_whose_last_users_are_gone_ends_at_the_next():
    tenant = Tenant(*range(1, 150), *range(400, 500))

    assert sorted(read(tenant, [[100, 300], [300, None]])) == [*range(101, 150), *range(400, 500)]


@pytest.mark.parametrize("problem", [TransientError("busy"), DriverError("no")], ids=["busy", "refused"])
def test_what_other_lanes_were_reading_is_handed_over_before_the_error(problem):
    tenant = Tenant(*range(1, 500))
    tenant.instead[100] = [problem]
    spans: list[lanes.Span] = [[100, 200], [200, 300], [300, None]]
    seen: list[int] = []

    walk = Lanes(tenant, spans, tenant.page)  # type: ignore[arg-type]  # a double

    with pytest.raises(type(problem)):
        seen.extend(row.id for page in walk.pages() for row in page)

    assert seen == [*range(201, 251), *range(301, 351)]
    assert sorted(read(tenant, spans)) == [*range(101, 201), *range(251, 301), *range(351, 500)]


def test_probes_end_though_a_server_says_that_there_is_always_more():
    tenant = Tenant(*range(1, 200))
    tenant.says_more = True

    assert sorted(read(tenant)) == list(range(1, 200))


def test_lanes_may_be_abandoned_at_any_page_and_begun_again():
    tenant = Tenant(*range(1, 3_000))
    walk = Lanes(tenant, [[0, None]], tenant.page)  # type: ignore[arg-type]  # a double
    pages = walk.pages()
    for _ in range(4):
        next(pages)

    pages.close()  # type: ignore[attr-defined]  # it is a generator

    assert sorted(read(tenant)) == list(range(1, 3_000))


def test_a_walk_by_lanes_tells_the_truth_and_goes_on_from_every_cursor(drive, monkeypatch):
    monkeypatch.setattr(gather, "SIZE", 1)
    monkeypatch.setattr(lanes, "FAR", 40)
    with FakeCoupa(users=330, groups=6, roles=6) as fake:
        whole = list(drive(fake).walk(KINDS))
        assert max(len(json.loads(batch.cursor)["lanes"]) for batch in whole) == LANES

        for place, batch in enumerate(whole):
            rest = list(drive(fake).walk(KINDS, batch.cursor))

            assert ids(rest) == ids(whole[place + 1 :])
            assert as_lines([*whole[: place + 1], *rest]) == fake.truth()


def ids(batches: list[Batch]) -> list[str]:
    return sorted(record.id for batch in batches for record in batch.records if isinstance(record, Account))


@pytest.mark.parametrize(
    "habits",
    [
        {"shuffle": True},
        {"empty_page_once": 14},
        {"repeat_page": 12},
        {"status": (503, 3), "status_after": 14},
        {"broken_json": 2},
        {"token_fresh_401": 2},
    ],
)
def test_a_bad_day_changes_nothing_in_what_lanes_read(habits, fake, drive, monkeypatch):
    monkeypatch.setattr(lanes, "FAR", 40)
    fake.misbehave(**habits)

    assert as_lines(drive(fake).walk(KINDS)) == fake.truth()


def test_a_token_that_ends_while_lanes_read_is_renewed_for_all(fake, drive, monkeypatch):
    monkeypatch.setattr(lanes, "FAR", 40)
    monkeypatch.setattr(gather, "SIZE", 1)
    batches = []

    for batch in drive(fake).walk(KINDS):
        batches.append(batch)
        if len(batches) == 5:
            fake.revoke_token()

    assert as_lines(batches) == fake.truth()


def test_every_request_of_every_lane_is_told_with_its_page(drive):
    with FakeCoupa(users=1_500, groups=3, roles=3) as fake:
        batches = list(drive(fake).walk(KINDS))

        assert len(json.loads(batches[-2].cursor)["lanes"]) == LANES or len(batches) < 2
        assert sum(len(batch.calls) for batch in batches) == len(fake.requests)
