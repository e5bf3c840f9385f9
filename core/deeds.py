"""What may happen here, in words: every action of the trail has its phrase. Rooms add theirs in apps.py."""

from collections.abc import Mapping

_PHRASES: dict[str, str] = {
    "core.demo_loaded": "loaded the demo company",
    "core.first_administrator": "became the first administrator",
    "core.letter_tried_again": "sent a letter again",
    "core.password_link_asked": "was asked for a password link",
    "core.password_link_made": "made a password link",
    "core.password_set": "set a password",
    "core.person_added": "added a person",
    "core.sign_in_failed": "failed to sign in",
    "core.signed_in": "signed in",
    "core.signed_out": "signed out",
}


def tell(phrases: Mapping[str, str]) -> None:
    """Add the actions of a room, each with a phrase that follows its actor's name."""
    _PHRASES.update(phrases)


def phrase(action: str) -> str:
    """What the actor did, in words; raises KeyError for an action nobody named."""
    return _PHRASES[action]


def known() -> Mapping[str, str]:
    """Every action with its phrase."""
    return dict(_PHRASES)
