"""`./dev bench load`: what many grants cost on PostgreSQL, beside a plain COPY of the same rows."""

import argparse
import json
import os
import sys
import tempfile
import time
from typing import IO

import psycopg

from tests.bench.gauges import cpu_of
from tests.bench.stage import Figures, busy, figures_of, stage

GRANT = "connectors_grant"
COLUMNS = "account_id, entitlement_id, first_run, since"
PIECE = 1 << 20
RUNS = {"first": "first load", "again": "unchanged", "changed": "1 % changed"}
SHOWN = {
    "seconds": "seconds",
    "lay_aside_seconds": "  to lay aside",
    "apply_seconds": "  to apply",
    "cpu_seconds": "CPU of worker and session, s",
    "grants": "grants read",
    "grants_per_second": "grants a second",
    "graph_rows_written": "graph rows written",
    "wal_mb": "write-ahead log, MB",
    "peak_rss_mb": "peak memory of the worker, MB",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench load", description=__doc__)
    parser.add_argument("--grants", type=int, default=1_000_000)
    parser.add_argument("--database", default="postgres", help="postgres, or the address of an empty one")
    parser.add_argument("--json", action="store_true", help="one JSON object alone on the last line")
    wish = parser.parse_args()
    figures = _measure(wish.database, wish.grants)
    sys.stdout.write(json.dumps(figures) + "\n" if wish.json else _table(figures))


def _measure(database: str, grants: int) -> Figures:
    with stage(database) as environment:
        url = environment["DATABASE_URL"]
        figures: Figures = {"load_before": busy()}
        for which in RUNS:
            _checkpoint(url)
            figures[which] = figures_of("tests.bench.loader", which, str(grants), environment=environment)
            if which == "first":
                figures["copy"] = _copies(url)
                _settle(url)
        figures["load_after"] = busy()
    first, floor = figures["first"], figures["copy"]["floor"]
    figures["ratios_to_copy"] = {name: round(first[name] / floor[name], 2) for name in floor}
    return figures


def _copies(url: str) -> Figures:
    """The rows that the first load wrote, copied as they are: into a table with the same indexes, which is
    the floor, and into one without any. Neither has foreign keys."""
    with psycopg.connect(url, autocommit=True) as connection, tempfile.TemporaryFile() as file:
        with connection.cursor().copy(f"COPY {GRANT} ({COLUMNS}) TO STDOUT") as out:
            for piece in out:
                file.write(piece)
        connection.execute(f"CREATE TABLE floor (LIKE {GRANT} INCLUDING ALL)")
        connection.execute(f"CREATE TABLE bare (LIKE {GRANT} INCLUDING IDENTITY)")
        figures = {"floor": _copy(connection, "floor", file), "bare": _copy(connection, "bare", file)}
        connection.execute("DROP TABLE floor, bare")
        return figures


def _copy(connection: psycopg.Connection[tuple[object, ...]], table: str, file: IO[bytes]) -> Figures:
    connection.execute("CHECKPOINT")
    file.seek(0)
    spent, began = _cpu(connection), time.perf_counter()
    with connection.cursor().copy(f"COPY {table} ({COLUMNS}) FROM STDIN") as into:
        while piece := file.read(PIECE):
            into.write(piece)
    ended = time.perf_counter()
    return {"seconds": round(ended - began, 2), "cpu_seconds": round(_cpu(connection) - spent, 2)}


def _cpu(connection: psycopg.Connection[tuple[object, ...]]) -> float:
    own = os.times()
    return own.user + own.system + (cpu_of(connection.info.backend_pid) or 0.0)


def _checkpoint(url: str) -> None:
    """So that no run pays for what an earlier one wrote."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def _settle(url: str) -> None:
    """Do now what PostgreSQL would do by itself after the first load, in the middle of the second."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def _table(figures: Figures) -> str:
    lines = ["", f"{'':32}" + "".join(f"{words:>14}" for words in RUNS.values())]
    for name, words in SHOWN.items():
        lines.append(f"{words:32}" + "".join(f"{figures[which][name]:>14,}" for which in RUNS))
    floor, bare = figures["copy"]["floor"], figures["copy"]["bare"]
    ratios = figures["ratios_to_copy"]
    told = (
        f"plain COPY of the same rows, same indexes, no foreign keys: {floor['seconds']} s, CPU"
        f" {floor['cpu_seconds']} s (without any index {bare['seconds']} s, CPU {bare['cpu_seconds']} s)\n"
        f"first load: {ratios['seconds']} times that COPY, by CPU {ratios['cpu_seconds']} times (at most 3);"
        f" {figures['first']['grants_per_second']:,} grants a second (at least 50,000)\n"
        f"load average {figures['load_before']} before, {figures['load_after']} after\n"
    )
    return "\n".join([*lines, "", told])


if __name__ == "__main__":
    main()
