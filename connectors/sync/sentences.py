"""Sentences that come from a vendor or from an exception, before they are kept."""

UNREADABLE = "\ufffd"


def storable(sentence: str) -> str:
    """The sentence without what no database keeps: NUL and lone surrogates become U+FFFD."""
    whole = sentence.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", UNREADABLE)
