"""`./dev test`: everything on SQLite and Valkey, then on PostgreSQL whatever asks the database."""

import os
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.browser import chromium
from tests.postgres import Postgres
from tests.valkey import Valkey

PLAIN = ("-n", "2", "-m", "not browser and not instance")
INSTANCES = ("-n", "2", "--dist", "loadfile", "-m", "instance and not browser")
JOURNEYS = ("-n", "2", "--dist", "loadfile", "-m", "browser")
"""Apart from instances: Playwright's loop stays on in its process; Django takes what follows for async."""
AGAIN = (*PLAIN, "--only-with-database")


@dataclass(frozen=True, slots=True)
class Counts:
    """An error counts as a failure, so does a part that ended before it could count."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def main(arguments: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are stopped
    with Valkey() as valkey:
        environment = {**os.environ, "REDIS_URL": valkey.url}
        if arguments:
            return run(arguments, environment)
        return everything(environment)


def everything(environment: dict[str, str]) -> int:
    """Real instances and journeys wait more than they work, so they run beside the other tests."""
    browser = chromium.ensured()
    sqlite = {**environment, "CHROMIUM": browser} if browser else dict(environment)
    sqlite.pop("DATABASE_URL", None)
    with Beside("instances", INSTANCES, sqlite) as instances:
        done = {"SQLite": part("SQLite", PLAIN, sqlite), "instances": instances.ended()}
    with Beside("journeys", JOURNEYS, sqlite) as journeys, Postgres() as postgres:
        again = {**environment, "DATABASE_URL": postgres.url}
        done |= {"PostgreSQL": part("PostgreSQL", AGAIN, again), "journeys": journeys.ended()}
    print()
    for name, (code, counts) in done.items():
        print(f"{name:<12}{counts}{'' if code == 0 else f' (pytest ended with {code})'}")
    print(sum((counts for _, counts in done.values()), Counts()), flush=True)
    return max(code for code, _ in done.values())


class Beside:
    """A part that runs while others do. What it prints is shown when it has ended."""

    def __init__(self, name: str, arguments: Sequence[str], environment: dict[str, str]) -> None:
        self._name = name
        self._folder = tempfile.TemporaryDirectory()
        self._report = Path(self._folder.name) / "report.xml"
        self._said = Path(self._folder.name) / "said.txt"
        command = [sys.executable, "-m", "pytest", *arguments, f"--junitxml={self._report}"]
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)

    def ended(self) -> tuple[int, Counts]:
        """Wait for its end; as `part` answers."""
        code = abs(self._process.wait())
        print(f"\n--- {self._name}\n{self._said.read_text(errors='replace')}", flush=True)
        return code, counted(self._report, code)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._folder.cleanup()


def part(name: str, arguments: Sequence[str], environment: dict[str, str]) -> tuple[int, Counts]:
    """Run one part; its exit code is pytest's, 5 (no test found) included."""
    print(f"\n--- {name}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        code = run([*arguments, f"--junitxml={report}"], environment)
        return code, counted(report, code)


def run(arguments: Sequence[str], environment: dict[str, str]) -> int:
    return abs(
        subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode
    )


def counted(report: Path, code: int) -> Counts:
    if not report.exists():
        return Counts(failed=1)
    suite = ET.parse(report).getroot().find("testsuite")
    if suite is None:
        return Counts(failed=1)
    tests, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    return Counts(tests - failed - skipped, max(failed, 1 if code else 0), skipped)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
