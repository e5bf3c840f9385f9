"""A worker that dies anywhere in a staging, or loses its lease, leaves one that ends all the same."""

import pytest

from core.models import Role
from reviews import jobs
from reviews.actions import freezing, staging, turns
from reviews.models import Campaign, Progress, Turn
from reviews.queries import bridge, frozen
from tests.make import make_user
from tests.reviews.staged import claimed, make_draft, work, world

pytestmark = pytest.mark.usefixtures("nudges")


class Killed(BaseException):
    """Nothing catches it: as if the process were gone."""


@pytest.fixture
def campaign(db, monkeypatch):
    """A draft of 14 lines, staged in many small steps."""
    monkeypatch.setattr(frozen, "PAGE", 3)
    monkeypatch.setattr(staging, "PAGE", 4)
    monkeypatch.setattr(freezing, "AT_ONCE", 5)
    world(holders=7)
    return make_draft(make_user("Olga Berg", Role.CAMPAIGN))


def dies(monkeypatch, place, name, *, at, after):
    """Let the process end before or after that call of a function, once."""
    real, calls = getattr(place, name), []

    def deadly(*args, **kwargs):
        calls.append(name)
        if len(calls) == at and not after:
            raise Killed
        answer = real(*args, **kwargs)
        if len(calls) == at:
            raise Killed
        return answer

    monkeypatch.setattr(place, name, deadly)


def outcome(campaign):
    """All that a staging leaves, without keys that differ from one to the next."""
    campaign.refresh_from_db()
    lines = campaign.tasks.order_by("line_no").values_list(
        "line_no", "grant", "run", "source", "account_id_there", "entitlement_id_there", "status"
    )
    asked = Turn.objects.filter(campaign=campaign).order_by("line_no", "reviewer")
    progress = Progress.objects.filter(campaign=campaign).order_by("reviewer")
    return {
        "campaign": (campaign.status, campaign.lines, campaign.digest, campaign.staging_problem),
        "lines": list(lines),
        "turns": list(asked.values_list("line_no", "step", "reviewer", "via", "status")),
        "progress": list(progress.values_list("reviewer", "asked", "open")),
        "bridge": {**campaign.bridge},
        "sources": list(campaign.sources.values_list("source", "run", "counted_run")),
        "ties": bridge.of(campaign).ties,
    }


def undisturbed():
    campaign = make_draft(make_user("Olga Berg", Role.CAMPAIGN), name="Undisturbed")
    staging.want(campaign, by=campaign.owners.get())
    return outcome(work(campaign))


PLACES = [
    (staging, "freeze", 1, False),
    (freezing, "thaw", 1, True),
    (freezing, "_insert", 1, True),
    (freezing, "_counts", 1, True),
    (freezing, "_keep_sources", 1, True),
    (freezing, "freeze", 1, True),
    (Campaign, "renew", 2, True),
    (staging, "hash_on", 1, True),
    (turns, "enter_step", 1, False),
    (turns, "enter_step", 1, True),
    (turns, "enter_step", 3, True),
    (staging, "route_on", 1, True),
    (staging, "_without_reviewer", 1, True),
    (staging, "record", 1, True),
    (staging, "_settle_tables", 1, False),
]


@pytest.mark.parametrize(
    ("place", "name", "at", "after"),
    PLACES,
    ids=[f"{'after' if after else 'before'} {name} {at}" for _, name, at, after in PLACES],
)
def test_a_staging_ends_alike_wherever_its_worker_dies(place, name, at, after, campaign, monkeypatch):
    staging.want(campaign, by=campaign.owners.get())
    with monkeypatch.context() as patches:
        dies(patches, place, name, at=at, after=after)
        with pytest.raises(Killed):
            work(campaign)

    found = outcome(work(campaign))

    assert found["campaign"][0] == "staged"
    assert found["ties"]
    assert len(found["lines"]) == len(found["turns"]) == 14
    assert found == undisturbed()


def test_who_lost_the_lease_writes_nothing_more(campaign):
    staging.want(campaign, by=campaign.owners.get())
    slow = claimed(campaign)
    staging.freeze(slow)
    done = outcome(work(campaign))

    with jobs.staged_or_said(slow):
        staging.carry_on(slow)

    assert outcome(campaign) == done


def test_after_five_workers_that_died_it_is_a_draft_again_and_says_so(campaign, monkeypatch):
    staging.want(campaign, by=campaign.owners.get())
    with monkeypatch.context() as patches:
        for at in range(1, staging.TRIES + 1):
            dies(patches, freezing, "_insert", at=1, after=True)
            with pytest.raises(Killed):
                work(campaign)
            assert at <= staging.TRIES

    work(campaign)

    assert campaign.status == "draft"
    assert campaign.staging_problem == "5 workers began the staging and none came to its end."
    assert not campaign.tasks.exists()
