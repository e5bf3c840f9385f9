"""What may stand in a cell of a file that people open with a spreadsheet. Pure."""

import re

_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f"
CONTROL = re.compile(f"[{_CONTROL}]")
"""What no workbook may hold."""
FORMULA = re.compile(f"[{_CONTROL}]*[-=+@\t\r\n]")
"""How begins what a spreadsheet may take for a formula (OWASP, CSV Injection), control characters or not."""


def neutral(text: str) -> str:
    """As a spreadsheet shows it, and never runs it."""
    return f"'{text}" if FORMULA.match(text) else text


def printable(cell: object) -> object:
    """Without the control characters that no workbook may hold."""
    return CONTROL.sub("", cell) if isinstance(cell, str) else cell
