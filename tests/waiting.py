"""Waiting in tests: looks again and again, and gives up after a while with a sentence."""

import time
from collections.abc import Callable


def wait_until[T](there: Callable[[], T], *, seconds: float, what: str) -> T:
    """What `there` answers, as soon as that is true."""
    until = time.monotonic() + seconds
    while not (found := there()):
        if time.monotonic() > until:
            raise TimeoutError(f"Waited {seconds:g} s in vain until {what}.")
        time.sleep(0.05)
    return found
