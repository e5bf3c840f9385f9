"""Keys for rows that a URL names: KSUIDs, 27 characters, sorted by the second they were made in."""

import secrets
import time

LENGTH = 27
_EPOCH = 1_400_000_000  # of the KSUID format: 13 May 2014
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def ksuid() -> str:
    """A new key. Later keys sort after earlier ones, to the second."""
    number = int.from_bytes((int(time.time()) - _EPOCH).to_bytes(4) + secrets.token_bytes(16))
    digits = []
    for _ in range(LENGTH):
        number, rest = divmod(number, 62)
        digits.append(_DIGITS[rest])
    return "".join(reversed(digits))
