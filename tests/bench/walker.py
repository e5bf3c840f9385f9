"""The process that walks, alone: `python -m tests.bench.walker first|again`; its figures as JSON."""

import json
import sys
import time

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from connectors import jobs  # noqa: E402
from connectors.actions import runs  # noqa: E402
from connectors.actions import settings as connector_settings  # noqa: E402
from connectors.models import App, Connector, SyncRun  # noqa: E402
from connectors.queries import counts  # noqa: E402
from tests.bench.gauges import peak, wal  # noqa: E402
from tests.graph_writes import graph_writes  # noqa: E402


def main(which: str, domain: str, client_id: str, client_secret: str, counted: str = "") -> None:
    """`first` sets a connector up and reads everything; `again` reads the same once more."""
    settings.CONNECTOR_HOSTS = [domain]
    typed = {"domain": domain, "client_id": client_id, "client_secret": client_secret, "mode": "read"}
    connector = _connected(typed) if which == "first" else Connector.objects.get()
    connection.close()  # figures of the server are told when a session ends
    run, began = runs.start(connector, by=None, counted=bool(counted)), time.perf_counter()
    log, written = wal(), 0
    with graph_writes() as rows:
        jobs.run_sync(str(run.pk))
        written = sum(rows)
    seconds = time.perf_counter() - began
    run.refresh_from_db()
    if run.status not in (SyncRun.Status.DONE, SyncRun.Status.HELD):
        raise SystemExit(f"The run is {run.status}: {run.problem}")
    read = sum(run.read.values())
    figures = {
        "guard": "held" if run.status == SyncRun.Status.HELD else "let through",
        "run_requests": run.requests,
        "bytes": run.bytes,
        "seconds": round(seconds, 2),
        "rows_read": read,
        "rows_per_second": round(read / seconds),
        "graph_rows_written": written,
        "peak_rss_mb": round(peak(), 1),
        "grants": counts(connector).grants,
    }
    if log is not None:
        figures["wal_bytes"] = (wal() or 0) - log
    sys.stdout.write(json.dumps(figures) + "\n")


def _connected(typed: dict[str, str]) -> Connector:
    app = App.objects.create(name="Coupa", status=App.Status.MANAGED)
    connector = Connector.objects.create(app=app, driver="coupa", name="Coupa")
    jobs.check_settings(connector_settings.save(connector, by=None, typed=typed).pk)
    connector.refresh_from_db()
    return connector


if __name__ == "__main__":
    main(*sys.argv[1:])
