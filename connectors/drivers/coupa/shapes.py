"""Coupa's JSON as typed rows: keys with dashes, whole ids, text that any store can hold."""

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.contract import DriverError, Scalar
from connectors.http import UNSTORABLE, quotable


class GraphqlRefused(DriverError):
    """Coupa answered a GraphQL question with `errors`."""


@dataclass(slots=True)
class Row:
    """One record of Coupa's. `cleaned` tells that some text could not be kept as it was."""

    id: int
    values: dict[str, object]
    cleaned: bool = False

    def text(self, key: str) -> str:
        """The text byte for byte, a number as its digits, nothing as empty."""
        return _text(self.values.get(key))

    def scalar(self, key: str) -> Scalar:
        value = self.values.get(key)
        return value if value is None or isinstance(value, str | int | bool) else str(value)

    def inner(self, key: str, field: str) -> str:
        """A field of an associated record, empty if there is none."""
        value = self.values.get(key)
        return _text(value.get(field)) if isinstance(value, dict) else ""

    def list(self, key: str) -> list["Row"]:
        """Associated records; null is none, a missing key is an error, never taken for none."""
        if key not in self.values:
            raise DriverError(f"Coupa left out {key} of record {self.id}, though it was asked for.")
        value = self.values[key]
        return [] if value is None else rows(value)


def rows(answer: object) -> list[Row]:
    """A list answer; raises `DriverError` for anything else."""
    if not isinstance(answer, list):
        raise DriverError("Coupa sent something else where a list of records was expected.")
    return [row(value) for value in answer]


def row(value: object) -> Row:
    """One record; raises `DriverError` if it has no id."""
    if not isinstance(value, dict):
        raise DriverError("Coupa sent something else where a record was expected.")
    identity = value.get("id")
    if isinstance(identity, str) and identity.isascii() and identity.isdigit():
        identity = int(identity)
    if not isinstance(identity, int) or isinstance(identity, bool):
        raise DriverError("Coupa sent a record without an id.")
    cleaned = any(UNSTORABLE.search(text) for text in _texts(value))
    return Row(
        identity, {_key(key): _clean(inner) if cleaned else inner for key, inner in value.items()}, cleaned
    )


def answered(answer: object, field: str) -> list[Row]:
    """The records under one root field of a GraphQL answer. Errors come with status 200, even beside data."""
    if not isinstance(answer, dict):
        raise DriverError("Coupa sent something else where a GraphQL answer was expected.")
    if answer.get("errors"):
        raise GraphqlRefused(f"Coupa refused a GraphQL query: {complaint(answer)}")
    data = answer.get("data")
    if not isinstance(data, dict) or field not in data:
        raise DriverError(f"Coupa sent a GraphQL answer without {field}.")
    return rows(data[field])


def complaint(answer: object) -> str:
    """Coupa's own words in an error answer, fit to be quoted; empty if there are none."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return quotable("; ".join(_texts(errors)))


def _key(key: str) -> str:
    return key.replace("_", "-")


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _clean(value: object) -> object:
    if isinstance(value, str):
        return UNSTORABLE.sub("", value)
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _clean(inner) for key, inner in value.items()}
    return value
