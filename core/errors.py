"""The errors a verb may raise. Each carries a sentence for a person and the HTTP status it shows."""

from typing import ClassVar


class DomainError(Exception):
    """Refused by a rule of the house."""

    status: ClassVar[int] = 409


class Denied(DomainError):
    """This person may not do this."""

    status = 403


class NotPossible(DomainError):
    """Nobody may do this now; the sentence says why."""


class IllegalMove(DomainError):
    """No arrow leads from the present state to the wished one."""


class StaleState(DomainError):
    """Somebody else was faster."""
