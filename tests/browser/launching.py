"""How Chromium is started, for journeys and for pictures."""

import os

from playwright.sync_api import Browser, Playwright

from tests.browser import chromium

FLAGS = (
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
"""True of a page that can be moved sideways."""


def launch(playwright: Playwright) -> Browser:
    """Chromium without a window; as root it has no sandbox to hide in."""
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else [*FLAGS]
    return playwright.chromium.launch(executable_path=chromium.ensured(), args=flags)
