"""For every driver a small tenant that its conformance is tried on. A new driver adds its own to SAMPLES."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from connectors.contract import DriverError, Outside
from tests.fakes.console import PretendConsole
from tests.fakes.coupa import FakeCoupa


@dataclass(frozen=True, slots=True)
class Sample:
    """What an administrator would type, and the world in which it means a tenant."""

    typed: Mapping[str, str]
    outside: Outside
    writing: Mapping[str, str] | None = None
    """What must be typed otherwise so that changes are allowed; None: this driver makes none."""


@contextmanager
def coupa() -> Iterator[Sample]:
    with FakeCoupa(users=1_300, groups=11, roles=6) as fake:
        typed = {"domain": fake.url, "client_id": fake.client_id, "client_secret": fake.client_secret}
        yield Sample(typed, Outside(extra_hosts=[fake.url]), {"mode": "read-write"})


@contextmanager
def file() -> Iterator[Sample]:
    """1,100 accounts, so that they come in several batches; 3 types of resource; a grant of nobody."""
    accounts = ["User ID,Email,Name,Status"]
    accounts += [
        f"u{n},p{n}@x.example,Person {n},{'active' if n % 7 else 'disabled'}" for n in range(1, 1101)
    ]
    access = ["User ID;Resource Type;Resource Name;Entitlement"]
    access += [f"u{n};Role;Role {n % 9};Member" for n in range(1, 1101)]
    access += [f"u{n};Cost: centre;100% {n % 3};Approver" for n in range(1, 1101, 5)]
    access += [f"u{n};User;Team {n % 2};Lead" for n in range(1, 1101, 50)]
    access += ["nobody;Role;Role 1;Member"]
    yield sample_of({"accounts": ("people.csv", lines(accounts)), "access": ("access.csv", lines(access))})


@contextmanager
def reeve() -> Iterator[Sample]:
    """1,100 people with a role each, some with two; 3 groups."""
    yield Sample({}, Outside(console=PretendConsole(people=1_100, groups=3)), {})


SAMPLES: Mapping[str, Callable[[], AbstractContextManager[Sample]]] = {
    "coupa": coupa,
    "file": file,
    "reeve": reeve,
}


def lines(told: list[str]) -> bytes:
    return "\n".join(told).encode()


def sample_of(files: Mapping[str, tuple[str, bytes]], system: str = "Old payroll") -> Sample:
    """Files by setting, as they would be handed in."""
    values = {
        setting: f"{hashlib.sha256(content).hexdigest()}/{name}" for setting, (name, content) in files.items()
    }
    kept = {values[setting]: content for setting, (_, content) in files.items()}

    def opened(value: str) -> bytes:
        if value not in kept:
            raise DriverError(f"{value} is not here.")
        return kept[value]

    return Sample({"system": system, **values}, Outside(file=opened))
