"""The process that loads, alone: `python -m tests.bench.loader first|again|changed GRANTS`; tells JSON."""

import json
import sys
import time

import django

django.setup()

from django.db import connection  # noqa: E402

from connectors.actions import runs  # noqa: E402
from connectors.models import App, Connector, SyncRun  # noqa: E402
from connectors.sync import engine  # noqa: E402
from tests.bench.flood import Flood  # noqa: E402
from tests.bench.gauges import cpu, peak, wal  # noqa: E402
from tests.graph_writes import graph_writes  # noqa: E402


def main(which: str, grants: str) -> None:
    """Everything that a worker does with a run, but for the network."""
    connector = _made() if which == "first" else Connector.objects.get()
    started = runs.start(connector, by=None)
    before, spent, began = wal(), cpu(), time.perf_counter()
    with graph_writes() as written:
        run = runs.claim(str(started.pk))
        if run is None:
            raise SystemExit("The run is not there to be claimed.")
        engine.walk(run, Flood(int(grants), changed=which == "changed"))
        walked = time.perf_counter()
        runs.finish(run)
    ended, spent = time.perf_counter(), cpu() - spent
    run.refresh_from_db()
    if run.status != SyncRun.Status.DONE:
        raise SystemExit(f"The run is {run.status}: {run.problem}")
    connection.close()  # figures of the server are told when a session ends
    figures = {
        "seconds": round(ended - began, 2),
        "lay_aside_seconds": round(walked - began, 2),
        "apply_seconds": round(ended - walked, 2),
        "cpu_seconds": round(spent, 2),
        "grants": run.read["grant"],
        "grants_per_second": round(run.read["grant"] / (ended - began)),
        "graph_rows_written": sum(written),
        "changes": run.changes.get("grant", {}),
        "wal_mb": round(((wal() or 0) - (before or 0)) / 1_000_000, 1),
        "peak_rss_mb": round(peak(), 1),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def _made() -> Connector:
    app = App.objects.create(name="Flood", status=App.Status.MANAGED)
    return Connector.objects.create(
        app=app,
        driver="coupa",
        name="Flood",
        source="coupa:flood",
        settings={"domain": "flood"},
        sealed="never opened",  # without a secret no run begins
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
