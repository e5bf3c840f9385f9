"""`./dev bench sync`: what a sync of a pretend Coupa costs, the first time and when nothing has changed."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg
from redis import Redis

from core.sealing import new_key
from tests.fakes.coupa.server import FakeCoupa
from tests.postgres import Postgres
from tests.valkey import Valkey

type Figures = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
GRAPH = [f"connectors_{name}" for name in ("account", "resource", "resourcetype", "entitlement", "grant")]
SHOWN = {
    "requests": "requests, token and proofs included",
    "seconds": "seconds",
    "rows_per_second": "rows a second",
    "graph_rows_written": "graph rows written",
    "peak_rss_mb": "peak memory of the walking process, MB",
    "dead_rows": "dead rows in graph tables",
    "wal_bytes_per_grant": "bytes of WAL a grant",
}


def main() -> None:
    wish = _wish()
    names = ("sqlite", "postgres") if wish.database == "both" else (wish.database,)
    figures = {name: _measure(name, wish) for name in names}
    if wish.json:
        sys.stdout.write(json.dumps(_worst(list(figures.values())) | figures) + "\n")
    else:
        _print(figures)


def _wish() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench sync", description=__doc__)
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--groups", type=int, default=60)
    parser.add_argument("--roles", type=int, default=40)
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="sqlite")
    parser.add_argument("--json", action="store_true", help="one JSON object alone on the last line")
    return parser.parse_args()


def _measure(database: str, wish: argparse.Namespace) -> Figures:
    """The figures of the re-sync, with those of the first sync under `first`."""
    with (
        tempfile.TemporaryDirectory(prefix="reeve-bench-") as folder,
        Valkey() as valkey,
        FakeCoupa(users=wish.users, groups=wish.groups, roles=wish.roles) as fake,
    ):
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": "only-for-the-bench-" * 3,
            "SEALING_KEYS": new_key(),
            "PUBLIC_URL": "http://127.0.0.1",
            "DATA_DIR": folder,
            "REDIS_URL": valkey.url,
            "LOG_LEVEL": "WARNING",
        }
        environment.pop("DATABASE_URL", None)
        if database == "sqlite":
            return _both_runs(fake, environment)
        with Postgres(durable=True) as postgres:
            return _both_runs(fake, {**environment, "DATABASE_URL": postgres.url})


def _both_runs(fake: FakeCoupa, environment: dict[str, str]) -> Figures:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=ROOT, env=environment, check=True
    )
    first = _walk("first", fake, environment)
    Redis.from_url(environment["REDIS_URL"]).flushall()  # let the second fetch its own token
    url = environment.get("DATABASE_URL", "")
    _settle(url)
    before = _touched(url)
    again = _walk("again", fake, environment)
    if url:
        again["dead_rows"] = _touched(url) - before
        again["wal_bytes_per_grant"] = round(again.pop("wal_bytes") / max(1, again["grants"]), 2)
        first["wal_bytes_per_grant"] = round(first.pop("wal_bytes") / max(1, first["grants"]), 2)
    return {**again, "first": first}


def _walk(which: str, fake: FakeCoupa, environment: dict[str, str]) -> Figures:
    asked = len(fake.requests)
    settings = (fake.url, fake.client_id, fake.client_secret)
    command = [sys.executable, "-m", "tests.bench.walker", which, *settings]
    told = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    figures: Figures = json.loads(told.stdout.splitlines()[-1])
    return {"requests": len(fake.requests) - asked, **figures}


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


def _print(figures: dict[str, Figures]) -> None:
    write = sys.stdout.write
    for database, again in figures.items():
        first = again["first"]
        write(f"\n{database}: {again['rows_read']:,} rows, {again['grants']:,} grants\n")
        write(f"{'':42}{'first sync':>14}{'unchanged':>14}\n")
        for name, words in SHOWN.items():
            if name in again:
                before = f"{first[name]:,}" if name in first else ""
                write(f"{words:42}{before:>14}{again[name]:>14,}\n")


if __name__ == "__main__":
    main()
