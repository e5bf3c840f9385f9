"""`./dev bench desk`: what a reviewer waits for, and whether the size of the campaign is in it."""

import argparse
import json
import sys

from tests.bench.campaign import settle
from tests.bench.stage import Figures, busy, figures_of, stage

SIZES = {"postgres": (1_000, 100_000), "sqlite": (1_000, 100_000)}
MOST_TIMES = 1.3
"""What a page or an act may cost, times that of the smallest campaign."""
SUBMITTED = 10_000
MOST_SECONDS = 1
"""For so many decisions at once."""
ACTS = {"page": "desk page", "mark": "one mark", "decision": "one decision"}
SUBMIT = {
    "submit_seconds": "submit of 10,000, seconds",
    "submit_cpu": "  of CPU",
    "submit_queries": "  queries",
    "mark_all_seconds": "to mark them, seconds",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench desk", description=__doc__)
    parser.add_argument("--database", choices=(*SIZES, "both"), default="both")
    parser.add_argument("--lines", type=int, nargs="+", help="other sizes of campaigns, the smallest first")
    parser.add_argument("--json", action="store_true", help="one JSON object alone on the last line")
    wish = parser.parse_args()
    for database in tuple(SIZES) if wish.database == "both" else (wish.database,):
        figures = _measure(database, tuple(wish.lines or SIZES[database]))
        sys.stdout.write(json.dumps(figures) + "\n" if wish.json else _table(figures))
        sys.stdout.flush()


def _measure(database: str, sizes: tuple[int, ...]) -> Figures:
    figures: Figures = {"database": database, "load_before": busy(), "sizes": {}}
    for lines in sizes:
        with stage(database) as environment:
            figures_of("tests.bench.stager", "load", str(lines), environment=environment)
            figures_of("tests.bench.stager", "stage", str(lines), environment=environment)
            if database == "postgres":
                settle(environment["DATABASE_URL"])
            told = figures_of("tests.bench.reviewer", "look", environment=environment)
            if lines >= 2 * SUBMITTED:
                told |= figures_of("tests.bench.reviewer", "submit", str(SUBMITTED), environment=environment)
        figures["sizes"][lines] = told
    figures["load_after"] = busy()
    return figures


def _table(figures: Figures) -> str:
    sizes = figures["sizes"]
    first = next(iter(sizes.values()))
    lines = ["", f"{figures['database']:32}" + "".join(f"{size:>14,}" for size in sizes)]
    for act, words in ACTS.items():
        for name, unit in (("ms", "ms"), ("cpu_ms", "ms of CPU"), ("queries", "queries")):
            told = "".join(f"{found[f'{act}_{name}']:>14,}" for found in sizes.values())
            lines.append(f"{f'{words}, {unit}':32}{told}")
        ratios = "".join(
            f"{found[f'{act}_cpu_ms'] / first[f'{act}_cpu_ms']:>14.2f}" for found in sizes.values()
        )
        lines.append(f"{'  CPU, times the smallest':32}{ratios}  (at most {MOST_TIMES})")
    for name, words in SUBMIT.items():
        told = "".join(f"{found.get(name, ''):>14}" for found in sizes.values())
        lines.append(
            f"{words:32}{told}" + (f"  (at most {MOST_SECONDS})" if name == "submit_seconds" else "")
        )
    load = f"load average {figures['load_before']} before, {figures['load_after']} after"
    return "\n".join([*lines, load, ""])


if __name__ == "__main__":
    main()
