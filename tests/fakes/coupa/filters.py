"""Coupa's query arguments: `attribute[operator]=value`, all of which must hold."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

ARGUMENT = re.compile(r"([A-Za-z0-9_-]+)(?:\[([a-z_]+)\])?")
NOT_FILTERS = frozenset({"fields", "limit", "offset", "order_by", "dir", "return_object"})

type Shape = Mapping[str, Any]


class BadQuery(Exception):
    """What Coupa would refuse with 400."""


def arguments(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


def after(query: Mapping[str, str]) -> int:
    """Where keyset paging goes on."""
    return number(query.get("id[gt]", "0"))


def number(text: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise BadQuery(f"{text} is not a number")
    return int(text)


def conditions(query: Mapping[str, str]) -> list[Callable[[Shape], bool]]:
    return [_condition(name, value) for name, value in query.items() if name not in NOT_FILTERS]


def _condition(name: str, value: str) -> Callable[[Shape], bool]:
    match = ARGUMENT.fullmatch(name)
    if match is None:
        raise BadQuery(f"{name} is not a filter")
    key, operator = match[1].replace("_", "-"), match[2]
    if key == "status":
        return lambda shape: shape["active"] == (value == "active")
    if key in ("roles", "user-groups", "account-groups"):
        return lambda shape: any(str(inner.get(operator or "id")) == value for inner in shape[key])
    tests: dict[str | None, Callable[[Any], bool]] = {
        None: lambda have: _plain(have) == value,
        "gt": lambda have: have > number(value),
        "lt": lambda have: have < number(value),
        "not_eq": lambda have: _plain(have) != value,
        "in": lambda have: _plain(have) in value.split(","),
        "blank": lambda have: (have in (None, "")) == (value == "true"),
    }
    if operator not in tests:
        raise BadQuery(f"{operator} is not an operator")
    return lambda shape: tests[operator](shape.get(key))


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
