"""A vendor's own words, before they are shown or kept."""

import re

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""No database keeps NUL or half a surrogate pair."""
MOST = 300
"""Characters of a vendor's words that a sentence may quote."""


def quotable(words: str) -> str:
    """What any database keeps of the words, at most `MOST` characters."""
    return UNSTORABLE.sub("", words)[:MOST]
