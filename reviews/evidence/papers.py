"""Papers as PDF: headings, sentences, pairs and tables. The same words give the same bytes."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reviews.evidence.fonts import font_of, fonts, letters_known

TITLE, HEADING, BODY, SMALL = "title", "heading", "body", "small"
PADDING = 6
"""What the layout leaves free on each side of a page, beside its margins."""
GREY, LINE = "#5b6470", "#d5d9e0"


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and what stands under it, in this order."""

    heading: str
    sentences: Sequence[str] = ()
    pairs: Sequence[tuple[str, str]] = ()
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    widths: Sequence[float] = ()
    """Of the columns, as shares of the page; empty: all alike."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    title: str
    standing: str
    """Interim or final: above every page too."""
    sections: Sequence[Section]


def write(path: Path, paper: Paper) -> None:
    """On A4, with the number of each page."""
    from reportlab import rl_config
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    rl_config.invariant = 1  # no time and no chance in the file
    sheet = _sheet()
    document = SimpleDocTemplate(
        str(path),
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=20 * mm,
        bottomMargin=18 * mm,
        title=_printed(paper.title),
        author="Reeve",
        subject=_printed(paper.standing),
        invariant=1,
    )
    inset = 18 * mm + PADDING
    story = [_text(paper.title, sheet, TITLE), _text(paper.standing, sheet, SMALL)]
    for section in paper.sections:
        story += _section(section, sheet, document.width - 2 * PADDING)

    head = f"{paper.standing.partition(':')[0]}. {paper.title}"[:100]

    def edge(canvas: Any, page: Any) -> None:
        for text, y in ((head, A4[1] - 14 * mm), (f"Page {page.page}", 9 * mm)):
            line = _text(text, sheet, SMALL)
            line.wrapOn(canvas, document.width, 10 * mm)
            line.drawOn(canvas, inset, y)

    document.build(story, onFirstPage=edge, onLaterPages=edge)


def _section(section: Section, sheet: Any, width: float) -> list[Any]:
    from reportlab.platypus import KeepTogether, Spacer

    parts: list[Any] = [_text(section.heading, sheet, HEADING)]
    parts += [_text(sentence, sheet, BODY) for sentence in section.sentences]
    if section.pairs:
        parts.append(_table(section.pairs, sheet, [width * 0.3, width * 0.7]))
    if section.heads:
        shares = section.widths or [1 / len(section.heads)] * len(section.heads)
        rows = [section.heads, *section.rows]
        parts.append(_table(rows, sheet, [width * share for share in shares], has_heads=True))
    if section.note:
        parts.append(_text(section.note, sheet, SMALL))
    return [KeepTogether(parts[:2]), *parts[2:], Spacer(1, 6)]


def _table(
    rows: Iterable[Sequence[str]], sheet: Any, widths: Sequence[float], *, has_heads: bool = False
) -> Any:
    from reportlab.platypus import Table, TableStyle

    cells = [
        [_text(cell, sheet, SMALL if has_heads and not number else BODY) for cell in row]
        for number, row in enumerate(rows)
    ]
    table = Table(cells, colWidths=list(widths), repeatRows=1 if has_heads else 0)
    padding = [(f"{side}PADDING", (0, 0), (-1, -1), 2) for side in ("TOP", "BOTTOM", "LEFT", "RIGHT")]
    table.setStyle(
        TableStyle(
            [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE), *padding]
        )
    )
    return table


def _text(text: str, sheet: Any, style: str) -> Any:
    from reportlab.platypus import Paragraph

    runs = [_run(font, escape("".join(letters))) for font, letters in groupby(_printed(text), key=font_of)]
    return Paragraph("".join(runs).replace("\n", "<br/>"), sheet[style])


def _run(font: str, text: str) -> str:
    return f'<font name="{font}">{text}</font>' if font else text


def _sheet() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle

    known = fonts()
    body = ParagraphStyle(BODY, fontName=known[0], fontSize=8, leading=10.5, wordWrap="LTR", splitLongWords=1)
    return {
        BODY: body,
        SMALL: ParagraphStyle(SMALL, body, fontSize=7, leading=9, textColor=GREY),
        TITLE: ParagraphStyle(TITLE, body, fontName=known[1], fontSize=15, leading=19, spaceAfter=2),
        HEADING: ParagraphStyle(
            HEADING, body, fontName=known[1], fontSize=10, leading=13, spaceBefore=6, spaceAfter=3
        ),
    }


def _printed(text: str) -> str:
    """In letters that there is a font for: those that none has without their marks, or as a question mark."""
    return "".join(
        each if each.isascii() or _is_known(each) else _nearest(each)
        for each in unicodedata.normalize("NFC", text)
        if each == "\n" or unicodedata.category(each)[0] != "C"
    )


def _is_known(letter: str) -> bool:
    return ord(letter) in letters_known() or bool(font_of(letter))


def _nearest(letter: str) -> str:
    if unicodedata.category(letter)[0] == "M":
        return ""  # a mark upon the letter before
    bare = "".join(each for each in unicodedata.normalize("NFKD", letter) if _is_known(each))
    return bare or "?"
