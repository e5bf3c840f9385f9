"""Finds a Chromium for the journeys, or installs one."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-dejavu-core")


class NoBrowser(Exception):
    """None is here and none could be installed."""


@cache
def ensured() -> str | None:
    """The path of a browser; None for the one that Playwright keeps. Installs one where none is.

    CHROMIUM, else one on PATH, else with apt as root, else Playwright's own.
    """
    found = _on_path()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _run("apt-get", "update", "--quiet")
        _run("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *PACKAGES)
        found = _on_path()
    if found is None:
        _run(sys.executable, "-m", "playwright", "install", "chromium")
    return found


def _on_path() -> str | None:
    given = os.environ.get("CHROMIUM")
    if given and not Path(given).is_file():
        raise NoBrowser(f"CHROMIUM is {given}, and there is no such file.")
    return given or next(filter(None, map(shutil.which, NAMES)), None)


def _run(*command: str) -> None:
    """Show what it does: it may take a minute."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode:
        raise NoBrowser(
            f"No browser for the journeys: `{' '.join(command)}` failed. Install Chromium and set CHROMIUM."
        )
