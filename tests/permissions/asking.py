"""What the lines of the permission matrix are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password

from core.models import User
from tests.conftest import Cast

NEW_PASSWORD = "five brown bears under the ice"


@dataclass(frozen=True)
class Request:
    """What stands in an address, and what is typed into its form."""

    args: Sequence[str] = ()
    typed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class World:
    """Who there is, and the set-up link that was good before there was anybody."""

    everyone: Cast
    set_up_link: str

    def person(self, who: str) -> User:
        found = self.everyone[who]
        assert found is not None
        return found


@cache
def hashed(password: str) -> str:
    """Once for all tests: it is slow, as it must be."""
    return make_password(password)
