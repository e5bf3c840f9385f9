"""What kind of file somebody attached, told by its content and by nothing else."""

import io
import unicodedata
from zipfile import BadZipFile, ZipFile

LARGEST = 10 * 1024 * 1024
"""Bytes."""
KINDS = "PDF, XLSX, CSV or PNG"
BOOK = {"[Content_Types].xml", "xl/workbook.xml"}
"""What every workbook holds."""
MACROS = "xl/vbaProject.bin"
TEXT = ("\t", "\n", "\r")


def suffix_of(content: bytes) -> str:
    """`pdf`, `xlsx`, `csv` or `png`; empty for anything else, workbooks with macros among it."""
    if content.startswith(b"%PDF-"):
        return "pdf"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"PK\x03\x04"):
        return "xlsx" if _is_book(content) else ""
    return "csv" if _is_text(content) else ""


def _is_book(content: bytes) -> bool:
    try:
        with ZipFile(io.BytesIO(content)) as found:
            names = set(found.namelist())
    except BadZipFile:
        return False
    return names >= BOOK and MACROS not in names


def _is_text(content: bytes) -> bool:
    """Lines of text in UTF-8, each but the last ended, that hold something to tell columns by."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    if any(unicodedata.category(each) == "Cc" and each not in TEXT for each in text):
        return False
    first = next((line for line in text.splitlines() if line.strip()), "")
    is_markup = first.lstrip().startswith("<")
    return any(mark in first for mark in ",;\t") and not is_markup
