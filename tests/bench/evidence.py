"""`./dev bench evidence`: what the files of a campaign cost, and whether memory grows with it."""

import argparse
import json
import sys

from tests.bench.stage import Figures, busy, figures_of, stage

SIZES = (10_000, 100_000)
KINDS = ("lines_csv", "lines_xlsx", "lines_json", "roles", "memo")
COLUMNS = (
    *(("seconds", "seconds"), ("cpu_seconds", "seconds of CPU"), ("mb", "file, MB")),
    ("peak_rss_mb", "peak memory, MB"),
)
MOST_TIMES = 1.3
"""What memory may come to, times that of the smallest campaign."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench evidence", description=__doc__)
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="sqlite")
    parser.add_argument("--lines", type=int, nargs="+", default=SIZES, help="other sizes, the smallest first")
    parser.add_argument("--json", action="store_true", help="one JSON object alone on the last line")
    wish = parser.parse_args()
    figures: Figures = {"database": wish.database, "load_before": busy(), "sizes": {}}
    for lines in wish.lines:
        with stage(wish.database) as environment:
            figures_of("tests.bench.stager", "load", str(lines), environment=environment)
            figures_of("tests.bench.stager", "stage", str(lines), environment=environment)
            figures_of("tests.bench.reporter", "decide", environment=environment)
            figures["sizes"][lines] = {
                kind: figures_of("tests.bench.reporter", kind, environment=environment) for kind in KINDS
            }
    figures["load_after"] = busy()
    sys.stdout.write(json.dumps(figures) + "\n" if wish.json else _table(figures))


def _table(figures: Figures) -> str:
    sizes = figures["sizes"]
    lines = ["", f"{figures['database']:32}" + "".join(f"{size:>14,}" for size in sizes)]
    for kind in KINDS:
        for name, words in COLUMNS:
            told = "".join(f"{found[kind][name]:>14,}" for found in sizes.values())
            lines.append(f"{f'{kind}: {words}':32}{told}")
        first = next(iter(sizes.values()))[kind]["peak_rss_mb"]
        ratios = "".join(f"{found[kind]['peak_rss_mb'] / first:>14.2f}" for found in sizes.values())
        lines.append(f"{f'{kind}: times the smallest':32}{ratios}  (at most {MOST_TIMES})")
    load = f"load average {figures['load_before']} before, {figures['load_after']} after"
    return "\n".join([*lines, load, ""])


if __name__ == "__main__":
    main()
