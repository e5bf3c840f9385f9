"""Papers as PDF: headings, sentences, pairs and tables. The same words give the same bytes."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

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

    def edge(canvas: Any, page: Any) -> None:
        canvas.setFont("Vera", 7)
        canvas.setFillColor(GREY)
        head = f"{paper.standing.partition(':')[0]}. {paper.title}"
        canvas.drawString(inset, A4[1] - 12 * mm, _printed(head[:100]))
        canvas.drawRightString(A4[0] - inset, 10 * mm, f"Page {page.page}")

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

    return Paragraph(escape(_printed(text)).replace("\n", "<br/>"), sheet[style])


def _sheet() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name, file in (("Vera", "Vera.ttf"), ("Vera-Bold", "VeraBd.ttf")):
        pdfmetrics.registerFont(TTFont(name, file))
    body = ParagraphStyle(BODY, fontName="Vera", fontSize=8, leading=10.5, wordWrap="LTR", splitLongWords=1)
    return {
        BODY: body,
        SMALL: ParagraphStyle(SMALL, body, fontSize=7, leading=9, textColor=GREY),
        TITLE: ParagraphStyle(TITLE, body, fontName="Vera-Bold", fontSize=15, leading=19, spaceAfter=2),
        HEADING: ParagraphStyle(
            HEADING, body, fontName="Vera-Bold", fontSize=10, leading=13, spaceBefore=6, spaceAfter=3
        ),
    }


def _printed(text: str) -> str:
    """In letters that the font has: those it lacks without their marks, or as a question mark."""
    from reportlab.pdfbase.ttfonts import TTFont

    known = TTFont("Vera", "Vera.ttf").face.charToGlyph if not text.isascii() else {}
    return "".join(
        each if each.isascii() or ord(each) in known else _nearest(each, known)
        for each in unicodedata.normalize("NFC", text)
        if each == "\n" or unicodedata.category(each)[0] != "C"
    )


def _nearest(letter: str, known: Any) -> str:
    if unicodedata.category(letter)[0] == "M":
        return ""  # a mark upon the letter before
    bare = "".join(each for each in unicodedata.normalize("NFKD", letter) if ord(each) in known)
    return bare or "?"
