"""Columns for keys that URLs name, and for text that is searched."""

import unicodedata
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from core.ids import LENGTH, ksuid


class BytewiseField(models.CharField[str, str]):
    """Text compared byte by byte on both databases: a language's order is 1.4-1.6 times slower."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        parameters = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters


class KeyField(BytewiseField):
    """A KSUID key."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": LENGTH, "default": ksuid, "editable": False, **options})


class SealedField(models.TextField[str, str]):
    """A secret, as `core.sealing.seal` made it for `place_of` this column of this row; empty: none.

    `manage.py rotate_keys` finds secrets by this class: one kept elsewhere would be lost with its key.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"default": "", **options})


def place_of(row: models.Model, column: str) -> str:
    """What a secret in this column of this row is sealed for."""
    return f"{row._meta.db_table}:{column}:{row.pk}"


_LINE_BREAKERS = {"Cc", "Cs", "Zl", "Zp"}  # Unicode's controls, lone surrogates, ends of line and paragraph


def one_line(text: str) -> str:
    """Text for one line, as a name is: what breaks lines becomes a blank, and several blanks one."""
    return " ".join(
        "".join(" " if unicodedata.category(each) in _LINE_BREAKERS else each for each in text).split()
    )


def folded(*texts: str) -> str:
    """Lower case without accents: what search columns hold and search words become."""
    spread = unicodedata.normalize("NFKD", " ".join(texts)).casefold()
    return "".join(letter for letter in spread if not unicodedata.combining(letter))
