"""As much of GraphQL as readers of Coupa use: queries, variables, aliases, nested fields."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r'\s*(?:#[^\n]*\n\s*)*("(?:[^"\\]|\\.)*"|[{}():$!\[\]]|[\w-]+)[\s,]*')


class BadGraphql(Exception):
    """What Coupa answers with `errors`."""


@dataclass
class Selection:
    alias: str
    name: str
    arguments: dict[str, str] = field(default_factory=dict)
    inner: list["Selection"] = field(default_factory=list)


class Parser:
    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self._tokens = TOKEN.findall(text)
        self._variables = variables
        self._at = 0

    def query(self) -> list[Selection]:
        while self._peek() != "{":
            if self._next() == "mutation":
                raise BadGraphql("Schema is not configured for mutations")
        return self._selections()

    def _selections(self) -> list[Selection]:
        self._expect("{")
        found = []
        while self._peek() != "}":
            found.append(self._selection())
        self._expect("}")
        return found

    def _selection(self) -> Selection:
        name = alias = self._next()
        if self._peek() == ":":
            self._next()
            name = self._next()
        one = Selection(alias, name)
        if self._peek() == "(":
            self._next()
            while self._peek() != ")":
                key = self._next()
                self._expect(":")
                one.arguments[key] = self._value()
            self._next()
        if self._peek() == "{":
            one.inner = self._selections()
        return one

    def _value(self) -> str:
        token = self._next()
        if token == "$":
            return str(self._variables.get(self._next(), ""))
        return re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith('"') else token

    def _peek(self) -> str:
        if self._at >= len(self._tokens):
            raise BadGraphql("Unexpected end of document")
        return str(self._tokens[self._at])

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _expect(self, token: str) -> None:
        if (found := self._next()) != token:
            raise BadGraphql(f"Expected {token}, got {found}")


def answer(
    text: str,
    variables: Mapping[str, Any],
    resolve: Callable[[str, Mapping[str, str]], list[Any]],
    *,
    most: int = 0,
    unknown: Collection[str] = (),
) -> dict[str, Any]:
    """`data` for a query; `resolve` gives the records of a root field as REST would.

    Nested lists are cut after `most`, if it is not 0; `unknown` fields do not exist.
    """
    return {
        one.alias: [_chosen(record, one, most, unknown) for record in resolve(one.name, one.arguments)]
        for one in Parser(text, variables).query()
    }


def _chosen(
    record: Mapping[str, Any], selection: Selection, most: int, unknown: Collection[str]
) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for one in selection.inner:
        key = re.sub(r"([A-Z])", lambda match: "-" + match[1].lower(), one.name)
        missing = key in getattr(record, "missing", ())
        if one.name in unknown or (key not in record and not missing):
            raise BadGraphql(f"Field '{one.name}' doesn't exist")
        value = None if missing else record[key]
        if isinstance(value, list):
            value = [_chosen(inner, one, most, unknown) for inner in value[: most or None]]
        elif isinstance(value, dict):
            value = _chosen(value, one, most, unknown)
        chosen[one.alias] = value
    return chosen
