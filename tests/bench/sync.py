"""`./dev bench sync`: what a sync of a pretend Coupa costs, the first time and when nothing has changed."""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping

import psycopg
from redis import Redis

from tests.bench.stage import ROOT, Figures, busy, figures_of, stage
from tests.fakes.coupa.server import FakeCoupa

GRAPH = [f"connectors_{name}" for name in ("account", "resource", "resourcetype", "entitlement", "grant")]
PACE = 24
"""Requests a second that Reeve allows itself."""
LANES = 6
"""Requests that it has under way together."""
SHOWN = {
    "requests": "requests, token and proofs included",
    "refused": "refused by the rate limit",
    "bytes": "bytes of answers",
    "seconds": "seconds",
    "floor_by_rate": "  floor by the rate, s",
    "ratio_to_rate": "  times that floor (at most 1.25)",
    "floor_by_pace": "  floor by our own pace of 24/s, s",
    "ratio_to_pace": "  times that floor",
    "floor_by_latency": "  floor by latency, six at a time, s",
    "rows_per_second": "rows a second",
    "graph_rows_written": "graph rows written",
    "peak_rss_mb": "peak memory of the walking process, MB",
    "dead_rows": "dead rows in graph tables",
    "wal_bytes_per_grant": "bytes of WAL a grant",
    "guard": "guard",
}


def main() -> None:
    wish = _wish()
    names = ("sqlite", "postgres") if wish.database == "both" else (wish.database,)
    every = {users: {name: _measure(name, users, wish) for name in names} for users in wish.users}
    if wish.json:
        told = [_worst(list(figures.values())) | figures for figures in every.values()]
        by_size = dict(zip(map(str, every), told, strict=True))
        sys.stdout.write(json.dumps(told[0] if len(told) == 1 else by_size) + "\n")
        return
    for users, figures in every.items():
        _print(users, figures)
    _compare(every)


def _wish() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench sync", description=__doc__)
    parser.add_argument("--users", type=int, nargs="+", default=[5_000], help="several sizes are compared")
    parser.add_argument("--groups", type=int, default=60)
    parser.add_argument("--roles", type=int, default=40)
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds before each answer")
    parser.add_argument("--rate", type=float, default=0.0, help="refuse more requests a second (429)")
    parser.add_argument("--counted", action="store_true", help="the second sync reads everything twice")
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, postgres, both, or the address of an empty PostgreSQL"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object alone on the last line")
    return parser.parse_args()


def _measure(database: str, users: int, wish: argparse.Namespace) -> Figures:
    """The figures of the re-sync, with those of the first sync under `first`."""
    limit = {"rate_limit": True, "rate": wish.rate} if wish.rate else {}
    with (
        stage(database) as environment,
        FakeCoupa(
            users=users, groups=wish.groups, roles=wish.roles, latency=wish.latency / 1000, **limit
        ) as fake,
    ):
        before = busy()
        figures = _both_runs(fake, environment, wish)
        return {**figures, **_export(fake, environment), "load_before": before, "load_after": busy()}


def _both_runs(fake: FakeCoupa, environment: dict[str, str], wish: argparse.Namespace) -> Figures:
    first = _walk("first", fake, environment, wish)
    Redis.from_url(environment["REDIS_URL"]).flushall()  # let the second fetch its own token
    url = environment.get("DATABASE_URL", "")
    _settle(url)
    before = _touched(url)
    again = _walk("again", fake, environment, wish)
    if url:
        again["dead_rows"] = _touched(url) - before
        again["wal_bytes_per_grant"] = round(again.pop("wal_bytes") / max(1, again["grants"]), 2)
        first["wal_bytes_per_grant"] = round(first.pop("wal_bytes") / max(1, first["grants"]), 2)
    return {**again, "kind": "counted" if wish.counted else "unchanged", "first": first}


def _walk(which: str, fake: FakeCoupa, environment: dict[str, str], wish: argparse.Namespace) -> Figures:
    asked = len(fake.requests)
    counted = ("counted",) if wish.counted and which == "again" else ()  # saving settings began the first
    settings = (fake.url, fake.client_id, fake.client_secret)
    figures = figures_of("tests.bench.walker", which, *settings, *counted, environment=environment)
    made = fake.requests[asked:]
    refused = sum(each.status == 429 for each in made)
    return {"requests": len(made), "refused": refused, **figures, **_floors(figures, wish)}


def _floors(figures: Figures, wish: argparse.Namespace) -> Figures:
    """What the run's own requests take at least, by each limit alone; the check before it is not timed."""
    requests, seconds = figures["run_requests"], figures["seconds"]
    rates = {"pace": min(PACE, wish.rate or PACE), **({"rate": wish.rate} if wish.rate else {})}
    told: Figures = {}
    for name, rate in rates.items():
        told[f"floor_by_{name}"] = round(requests / rate, 2)
        told[f"ratio_to_{name}"] = round(seconds * rate / requests, 2)
    if wish.latency:
        told["floor_by_latency"] = round(requests * wish.latency / 1000 / LANES, 2)
    return told


def _export(fake: FakeCoupa, environment: Mapping[str, str]) -> Figures:
    """Whether what Reeve prints is, line by line, what the pretend Coupa holds."""
    command = [sys.executable, "-m", "tests.bench.exporter"]
    truth, lines, differ = fake.truth(), 0, 0
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as printed:
        for line in printed.stdout or ():
            differ += lines >= len(truth) or json.loads(line) != truth[lines]
            lines += 1
    if printed.returncode:
        raise SystemExit("The export did not come to its end.")
    return {
        "export_lines": lines,
        "truth_lines": len(truth),
        "export_equal": not differ and lines == len(truth),
    }


def _settle(url: str) -> None:
    """Do now what PostgreSQL would do by itself after the first sync, in the middle of the second."""
    if url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")


def _touched(url: str) -> int:
    """Rows of the graph updated or deleted so far: each left a dead one, vacuumed since or not."""
    if not url:
        return 0
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT sum(n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE relname = ANY(%s)",
            [GRAPH],
        ).fetchone()
    return int(found[0]) if found else 0


def _worst(figures: list[Figures]) -> Figures:
    """Of two databases the worse figure, under the plain names."""
    plain = ("requests", "seconds", "graph_rows_written", "peak_rss_mb")
    worst: Figures = {name: max(each[name] for each in figures) for name in plain}
    return {**worst, "rows_per_second": min(each["rows_per_second"] for each in figures)}


def _print(users: int, figures: dict[str, Figures]) -> None:
    write = sys.stdout.write
    for database, again in figures.items():
        first = again["first"]
        write(
            f"\n{users:,} users, {_kind(database)}: {again['rows_read']:,} rows, {again['grants']:,} grants\n"
        )
        write(f"{'':42}{'first sync':>14}{again['kind']:>14}\n")
        for name, words in SHOWN.items():
            if name in again:
                write(f"{words:42}{_shown(first.get(name, '')):>14}{_shown(again[name]):>14}\n")
        word = "equals the truth" if again["export_equal"] else "DIFFERS from the truth"
        write(f"the export {word}: {again['export_lines']:,} lines of {again['truth_lines']:,}\n")
        write(f"load average {again['load_before']} before, {again['load_after']} after\n")


def _compare(every: Mapping[int, Mapping[str, Figures]]) -> None:
    """Peaks of the largest size beside those of the smallest."""
    small, large = min(every), max(every)
    for database in every[small] if small != large else ():
        peaks = [max(each["peak_rss_mb"], each["first"]["peak_rss_mb"]) for each in
                 (every[small][database], every[large][database])]  # fmt: skip
        sys.stdout.write(
            f"\n{_kind(database)}: peak memory {peaks[1]} MB with {large:,} users, {peaks[0]} MB with"
            f" {small:,}: {peaks[1] / peaks[0]:.2f} times (at most 1.3, and 200 MB)\n"
        )


def _kind(database: str) -> str:
    """An address holds a password."""
    return database.partition(":")[0]


def _shown(figure: float | str) -> str:
    return figure if isinstance(figure, str) else f"{figure:,}"


if __name__ == "__main__":
    main()
