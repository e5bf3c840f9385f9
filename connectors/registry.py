"""Finds drivers by looking in their folder; a new vendor is a new folder there and nothing else."""

import pkgutil
from functools import cache
from importlib import import_module

from connectors import drivers
from connectors.contract import Spec


@cache
def specs() -> tuple[Spec, ...]:
    """What every driver says about itself, by label."""
    names = [module.name for module in pkgutil.iter_modules(drivers.__path__) if module.ispkg]
    found: list[Spec] = [import_module(f"{drivers.__name__}.{name}").SPEC for name in names]
    return tuple(sorted(found, key=lambda spec: spec.label))


def spec(kind: str) -> Spec:
    """The driver of this kind; raises `LookupError` if there is none."""
    for candidate in specs():
        if candidate.kind == kind:
            return candidate
    raise LookupError(f"There is no driver for {kind!r}.")
