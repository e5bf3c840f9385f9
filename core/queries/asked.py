"""What the address of a list page asks for: words to find, a filter, a place in the list."""

from collections.abc import Collection

from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict  # noqa: TID251  # read here for the list pages of every room

from core.models import User
from core.queries.paging import Page, keyset_page

WORDS_LIMIT = 200  # letters


def words(request: HttpRequest) -> str:
    """The search words, cut to a sensible length."""
    return request.GET.get("q", "")[:WORDS_LIMIT].strip()


def one_of(request: HttpRequest, name: str, known: Collection[str]) -> str:
    """A filter of the address if it is a known one, else empty."""
    value = request.GET.get(name, "")
    return value if value in known else ""


def page[M: Model](request: HttpRequest, rows: QuerySet[M], *, order: str, size: int = 50) -> Page[M]:
    """The page of a list that the address names."""
    number = request.GET.get("number", "")
    return keyset_page(
        rows,
        order=order,
        size=size,
        after=_key(request.GET.get("after", "")),
        before=_key(request.GET.get("before", "")),
        number=int(number) if number.isascii() and number.isdigit() and len(number) < 8 else 0,
    )


def people(typed: QueryDict, name: str) -> QuerySet[User]:
    """The active people whose keys a picker or tick boxes sent, by name."""
    keys = [key for key in map(_key, typed.getlist(name)) if key]
    return User.objects.active().filter(pk__in=keys).order_by("search_text", "pk")


def _key(text: str) -> str:
    return text if text.isascii() and text.isalnum() and len(text) < 30 else ""
