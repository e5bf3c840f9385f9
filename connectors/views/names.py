"""Names of people in a sentence."""

from collections.abc import Sequence

from core.models import User


def spoken(people: Sequence[User]) -> str:
    """Grace Kim; Grace Kim and Tom Okafor; Ada Lindgren, Grace Kim and Tom Okafor. Empty for nobody."""
    names = [person.name for person in people]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
