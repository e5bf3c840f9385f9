"""The process that stages, alone: `python -m tests.bench.stager load|stage LINES`; tells JSON."""

import json
import sys
import time
from collections.abc import Callable
from datetime import date

import django

django.setup()

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX  # noqa: E402
from django.utils.timezone import now  # noqa: E402

from connectors.actions import runs  # noqa: E402
from connectors.models import App, Connector, SyncRun  # noqa: E402
from connectors.sync import engine  # noqa: E402
from core.models import Reporting, Role, RoleHolding, User  # noqa: E402
from reviews.actions import staging  # noqa: E402
from reviews.models import Campaign, CampaignOwner, Policy, PolicyVersion, Scope, Turn  # noqa: E402
from reviews.queries import bridge  # noqa: E402
from reviews.routing import BUILT_IN  # noqa: E402
from tests.bench.flood import EACH, Flood  # noqa: E402
from tests.bench.gauges import cpu, peak, wal  # noqa: E402

SPAN = 50
"""People who report to one manager."""
BATCH = 2_000
STEPS = ("freeze", "hash_on", "route_on", "stage_done")


def load(lines: int) -> None:
    """An app of so many grants as a counted run saw it, with an owner and a manager for each account."""
    _people(lines // EACH)
    app = App.objects.create(name="Flood", status=App.Status.MANAGED)
    connector = Connector.objects.create(
        app=app, driver="coupa", name="Flood", source="coupa:flood", settings={"domain": "flood"}, sealed="x"
    )
    started = runs.start(connector, by=None)
    run = runs.claim(str(started.pk))
    if run is None:
        raise SystemExit("The run is not there to be claimed.")
    engine.walk(run, Flood(lines))
    runs.finish(run)
    run.refresh_from_db()
    at = now()
    SyncRun.objects.filter(pk=run.pk).update(
        is_counted=True, counted_at=at, second={key: run.read[key] for key in ("user", "grant")}
    )
    Connector.objects.filter(pk=connector.pk).update(counted_at=at)
    _tell({"grants": run.read["grant"]})


def stage(lines: int) -> None:
    """Everything that a worker does with a staging, each step by itself."""
    campaign = _draft()
    staging.want(campaign, by=campaign.owners.get())
    held = staging.claim(campaign.pk)
    if held is None:
        raise SystemExit("The staging is not there to be claimed.")
    timed = _Timed()
    for step in STEPS:
        setattr(staging, step, timed.step(step, getattr(staging, step)))
    before, spent, began = wal(), cpu(), time.perf_counter()
    staging.carry_on(held)
    seconds, spent, written = time.perf_counter() - began, cpu() - spent, (wal() or 0) - (before or 0)
    campaign.refresh_from_db()
    turns = Turn.objects.filter(campaign=campaign).count()
    if (campaign.status, campaign.lines) != (Campaign.Status.STAGED, lines) or turns < lines:
        raise SystemExit(
            f"{campaign.status}, {campaign.lines} lines, {turns} turns: {campaign.staging_problem}"
        )
    _tell(
        {
            "seconds": round(seconds, 2),
            **timed.seconds,
            "before_seconds": round(seconds - sum(timed.seconds.values()), 2),
            "cpu_seconds": round(spent, 2),
            **timed.cpu,
            "lines": lines,
            "turns": turns,
            "wal_mb": round(written / 1_000_000, 1),
            "peak_rss_mb": round(peak(), 1),
            "ties": bridge.of(campaign).ties,
            "digest": campaign.digest,
        }
    )


class _Timed:
    """How long each step took, by the clock and by CPU."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    def step(self, name: str, do: Callable[..., None]) -> Callable[..., None]:
        def timed(*args: object, **kwargs: object) -> None:
            began, spent = time.perf_counter(), cpu()
            do(*args, **kwargs)
            self.seconds[f"{name}_seconds"] = round(time.perf_counter() - began, 2)
            self.cpu[f"{name}_cpu"] = round(cpu() - spent, 2)

        return timed


def _draft() -> Campaign:
    owner = User.objects.create(email="olga@example.com", name="Olga Berg")
    RoleHolding.objects.create(user=owner, role=Role.CAMPAIGN)
    signer = User.objects.create(email="ines@example.com", name="Ines Moreau")
    quarter = {"period_starts_on": date(2026, 10, 1), "period_ends_on": date(2026, 12, 31)}
    campaign = Campaign.objects.create(
        name="Everything", scope=Scope.objects.create(), policy=_policy(), control_owner=signer, **quarter
    )
    CampaignOwner.objects.create(campaign=campaign, user=owner)
    return campaign


def _policy() -> Policy:
    """The one that comes with Reeve and is used most."""
    code, (name, _, content) = next(iter(BUILT_IN.items()))
    policy, _ = Policy.objects.get_or_create(built_in=code, defaults={"name": name})
    if not policy.versions.exists():
        PolicyVersion.objects.create(policy=policy, number=1, content=content, digest="0" * 64)
    return policy


def _people(number: int) -> None:
    """One for each account, by e-mail; each reports to one in `SPAN`."""
    nothing = UNUSABLE_PASSWORD_PREFIX + "-" * 40
    made = [
        User(email=f"person.{each}@example.com", name=f"Person {each}", password=nothing)
        for each in range(number)
    ]
    for person in made:
        person.fold()
    people = User.objects.bulk_create(made, batch_size=BATCH)
    reporting = [Reporting(person=each, manager=people[at // SPAN * SPAN]) for at, each in enumerate(people)]
    Reporting.objects.bulk_create(
        (each for each in reporting if each.person_id != each.manager_id), batch_size=BATCH
    )


def _tell(figures: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    {"load": load, "stage": stage}[sys.argv[1]](int(sys.argv[2]))
