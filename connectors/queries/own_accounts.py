"""Whose account is whose: nobody decides about their own (decision 54)."""

from dataclasses import dataclass
from typing import Self

from django.db.models import Q, Value
from django.db.models.functions import Lower, Trim

from connectors.models import Account
from core.models import User


@dataclass(frozen=True, slots=True)
class Human:
    """Somebody, and everybody who shares their employee ID: by key, and by what accounts bear of them.

    Case and outer blanks do not count.
    """

    people: frozenset[str]
    emails: frozenset[str]
    numbers: frozenset[str]

    @classmethod
    def of(cls, user: User) -> Self:
        same = Q(pk=user.pk)
        if number := user.employee_id.strip():
            same |= Q(number=Lower(Value(number)))
        found = User.objects.annotate(number=Lower(Trim("employee_id"))).filter(same)
        rows = list(found.values_list("pk", "email", "employee_id"))
        return cls(
            frozenset(pk for pk, _, _ in rows),
            frozenset(bare for _, email, _ in rows if (bare := _bare(email))),
            frozenset(bare for _, _, number in rows if (bare := _bare(number))),
        )

    def bears(self, account: Account) -> bool:
        """Whether it goes by an e-mail or employee number of theirs, whosesoever it is. A login counts as
        either."""
        login = _bare(account.login)
        by_number = not self.numbers.isdisjoint((_bare(account.employee_id), login))
        return by_number or not self.emails.isdisjoint((_bare(account.email), login))

    def owns(self, account: Account) -> bool:
        """Whether it is theirs, or would be if somebody had matched it."""
        return account.person_id in self.people if account.person_id else self.bears(account)

    def is_near(self, account: Account) -> bool:
        """Whether it is theirs, or bears their name tag though it is somebody else's by now."""
        return account.person_id in self.people or self.bears(account)


def _bare(text: str) -> str:
    return text.strip().casefold()
