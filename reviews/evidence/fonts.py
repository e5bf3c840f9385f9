"""The letters of papers. Latin, Greek and Cyrillic are embedded: the file prints the same everywhere.

Chinese, Japanese and Korean are named by the fonts that every reader of PDF brings: a font that holds them
all would make each file larger than what it tells.
"""

import unicodedata
from collections.abc import Collection
from functools import cache
from pathlib import Path

FAMILY = "Fira Sans"
HAN, KANA, HANGUL = "STSong-Light", "HeiseiKakuGo-W5", "HYGothic-Medium"
NAMED = {
    "HIRAGANA": KANA,
    "KATAKANA": KANA,
    "HANGUL": HANGUL,
    "CJK": HAN,
    "IDEOGRAPHIC": HAN,
    "FULLWIDTH": HAN,
}
"""By the first word of what Unicode calls a letter."""


@cache
def fonts() -> tuple[str, str]:
    """The names of the plain and of the bold one, once they are known to whatever draws."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    for name, weight in (("Plain", 400), ("Bold", 700)):
        pdfmetrics.registerFont(TTFont(name, str(_file(weight))))
    for name in (HAN, KANA, HANGUL):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return "Plain", "Bold"


@cache
def letters_known() -> Collection[int]:
    """The code points that both weights have."""
    from reportlab.pdfbase.ttfonts import TTFont

    plain, bold = (TTFont("Known", str(_file(weight))).face.charToGlyph for weight in (400, 700))
    return frozenset(plain) & frozenset(bold)


@cache
def font_of(letter: str) -> str:
    """The font that has to be named for it; empty: the one that everything is set in."""
    if letter.isascii() or ord(letter) in letters_known():
        return ""
    return NAMED.get(unicodedata.name(letter, "").partition(" ")[0].partition("-")[0], "")


def _file(weight: int) -> Path:
    import fontpkg

    return Path(fontpkg.path(FAMILY, weight=weight))
