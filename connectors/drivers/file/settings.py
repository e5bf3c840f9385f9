"""The settings of a file connector: the two files, and the system they are from."""

import re
from collections.abc import Mapping

from connectors.contract import BadSettings, DriverError, Outside, Setting
from connectors.drivers.file.contents import ACCESS, ACCOUNTS, BOUNDS, Handed, look_at
from connectors.drivers.file.tables import ENDINGS, WORKBOOK

MOST_SYSTEM = 100  # letters
_VALUE = re.compile(r"[0-9a-f]{64}/(.+)", re.DOTALL)

SETTINGS = (
    Setting(
        "system",
        "System",
        "The name of the system the files come from. It stays when files are replaced.",
    ),
    Setting(
        ACCOUNTS,
        "Accounts",
        f"One line an account. CSV or Excel, at most {BOUNDS[ACCOUNTS].megabytes} MB"
        f" and {BOUNDS[ACCOUNTS].lines:,} lines.",
        accepts=ENDINGS,
    ),
    Setting(
        ACCESS,
        "Access",
        f"One line a grant; may be left out. CSV, at most {BOUNDS[ACCESS].megabytes} MB and"
        f" {BOUNDS[ACCESS].lines:,} lines, or Excel, at most {WORKBOOK.megabytes} MB and"
        f" {WORKBOOK.lines:,} lines.",
        accepts=ENDINGS,
        optional=True,
    ),
)


def clean(typed: Mapping[str, str], outside: Outside) -> dict[str, str]:
    """Settings as kept. Of the files only the beginnings are looked at; `check` reads them whole."""
    kept = {
        "system": " ".join(typed.get("system", "").split()),
        ACCOUNTS: typed.get(ACCOUNTS, ""),
        ACCESS: typed.get(ACCESS, ""),
    }
    if not kept["system"]:
        raise BadSettings("system", "Enter the name of the system that the files come from.")
    if len(kept["system"]) > MOST_SYSTEM:
        raise BadSettings("system", f"The name of the system has at most {MOST_SYSTEM} letters.")
    if not kept[ACCOUNTS]:
        raise BadSettings(ACCOUNTS, "Choose the file with the accounts.")
    for setting in (ACCOUNTS, ACCESS):
        if file := handed(kept, setting, outside):
            look_at(file)
    return kept


def handed(settings: Mapping[str, str], setting: str, outside: Outside) -> Handed | None:
    """The file of a setting, None where none was given. Raises BadSettings for any other than a table."""
    value = settings.get(setting, "")
    if not value:
        return None
    found = _VALUE.fullmatch(value)
    if found is None or not found[1].lower().endswith(ENDINGS):
        raise BadSettings(setting, f"Choose a file that ends with {' or '.join(ENDINGS)}.")
    try:
        return Handed(setting, found[1], outside.file(value))
    except DriverError as problem:
        raise BadSettings(setting, str(problem)) from problem


def source(settings: Mapping[str, str]) -> str:
    """The system by its name, whatever the files are called: `file:old payroll`."""
    return f"file:{settings['system'].lower()}"


def scopes(settings: Mapping[str, str]) -> tuple[str, ...]:
    """A file needs none."""
    return ()
