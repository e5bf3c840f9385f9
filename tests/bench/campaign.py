"""`./dev bench campaign`: what it costs to stage a campaign, and whether a line costs more in a large one."""

import argparse
import json
import sys

import psycopg

from tests.bench.stage import Figures, busy, figures_of, stage

SIZES = {"postgres": (10_000, 100_000, 1_000_000), "sqlite": (10_000, 100_000, 250_000)}
MOST_SECONDS = {("postgres", 100_000): 6, ("postgres", 1_000_000): 90}
MOST_TIMES = 1.2
"""What a line may cost, times that of the smallest campaign."""
SHOWN = {
    "seconds": "seconds",
    "before_seconds": "  to look at sources and scope",
    "freeze_seconds": "  to freeze and count",
    "hash_on_seconds": "  to hash",
    "route_on_seconds": "  to route",
    "stage_done_seconds": "  to look it over, and VACUUM",
    "cpu_seconds": "CPU of worker and session, s",
    "microseconds": "microseconds a line",
    "cpu_microseconds": "  of CPU",
    "wal_mb": "write-ahead log, MB",
    "peak_rss_mb": "peak memory of the worker, MB",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench campaign", description=__doc__)
    parser.add_argument("--database", choices=(*SIZES, "both"), default="both")
    parser.add_argument("--lines", type=int, nargs="+", help="other sizes, the smallest first")
    parser.add_argument("--json", action="store_true", help="one JSON object alone on the last line")
    wish = parser.parse_args()
    databases = tuple(SIZES) if wish.database == "both" else (wish.database,)
    for database in databases:
        figures = _measure(database, wish.lines or SIZES[database])
        sys.stdout.write(json.dumps(figures) + "\n" if wish.json else _table(figures))
        sys.stdout.flush()


def _measure(database: str, sizes: list[int] | tuple[int, ...]) -> Figures:
    figures: Figures = {"database": database, "load_before": busy(), "sizes": {}}
    for lines in sizes:
        with stage(database) as environment:
            figures_of("tests.bench.stager", "load", str(lines), environment=environment)
            if database == "postgres":
                settle(environment["DATABASE_URL"])
            told = figures_of("tests.bench.stager", "stage", str(lines), environment=environment)
        told["microseconds"] = round(told["seconds"] / lines * 1e6, 1)
        told["cpu_microseconds"] = round(told["cpu_seconds"] / lines * 1e6, 1)
        figures["sizes"][lines] = told
    figures["load_after"] = busy()
    return figures


def settle(url: str) -> None:
    """Do now what PostgreSQL would do by itself after so large a load."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def _table(figures: Figures) -> str:
    sizes = figures["sizes"]
    lines = ["", f"{figures['database']:32}" + "".join(f"{size:>14,}" for size in sizes)]
    for name, words in SHOWN.items():
        lines.append(f"{words:32}" + "".join(f"{told[name]:>14,}" for told in sizes.values()))
    first = next(iter(sizes.values()))
    for name, words in (("microseconds", "a line, times the smallest"), ("cpu_microseconds", "  by CPU")):
        ratios = "".join(f"{told[name] / first[name]:>14.2f}" for told in sizes.values())
        lines.append(f"{words:32}{ratios}  (at most {MOST_TIMES})")
    for size, told in sizes.items():
        if most := MOST_SECONDS.get((figures["database"], size)):
            lines.append(f"{size:,} lines in {told['seconds']} s (at most {most})")
    ties = "the counts tie" if all(told["ties"] for told in sizes.values()) else "THE COUNTS DO NOT TIE"
    load = f"load average {figures['load_before']} before, {figures['load_after']} after"
    return "\n".join([*lines, f"{ties}; {load}", ""])


if __name__ == "__main__":
    main()
