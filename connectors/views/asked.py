"""What the address of a list page asks for: words to find, a filter, a page."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from core.queries.paging import Page, keyset_page

WORDS_LIMIT = 200  # letters


def words(request: HttpRequest) -> str:
    """The search words, cut to a sensible length."""
    return request.GET.get("q", "")[:WORDS_LIMIT].strip()


def one_of(request: HttpRequest, name: str, known: Collection[str]) -> str:
    """A filter of the address if it is a known one, else empty."""
    value = request.GET.get(name, "")
    return value if value in known else ""


@dataclass(frozen=True, slots=True)
class _Place:
    after: str
    before: str
    number: int


def page[M: Model](request: HttpRequest, rows: QuerySet[M], *, order: str, size: int = 50) -> Page[M]:
    """The page of a list that the address names."""
    place = _place(request)
    return keyset_page(
        rows, order=order, size=size, after=place.after, before=place.before, number=place.number
    )


def _place(request: HttpRequest) -> _Place:
    number = request.GET.get("number", "")
    return _Place(
        after=_key(request, "after"),
        before=_key(request, "before"),
        number=int(number) if number.isascii() and number.isdigit() and len(number) < 8 else 0,
    )


def _key(request: HttpRequest, name: str) -> str:
    key = request.GET.get(name, "")
    return key if key.isascii() and key.isalnum() and len(key) < 30 else ""
