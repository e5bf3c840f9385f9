"""Lines as routing sees them, of a page at a time: those frozen, and those that would be."""

import json
from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import batched
from typing import Any, NamedTuple

from django.db.models import QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from connectors.models import Grant, Tag
from reviews.models import ReviewTask
from reviews.queries.graves import grave_among
from reviews.routing import LineFacts, account_keys

COMMON = {
    "account": "account_id",
    "entitlement": "entitlement_id",
    "resource": "entitlement__resource_id",
    "owner_now": "account__person_id",
    "email_now": "account__email",
    "login_now": "account__login",
    "number_now": "account__employee_id",
    "marks": "marks_text",
    "frameworks": "frameworks_text",
    "line": "pk",
}
FROZEN = COMMON | {
    "app": "app_id",
    "person": "person_id",
    "app_name": "app_name",
    "kind": "kind",
    "resource_name": "resource_name",
    "entitlement_name": "entitlement_name",
    "slug": "entitlement_slug",
    "risk": "risk",
    "type": "account_type",
    "status": "account_status",
    "name": "account_name",
    "login": "account_login",
    "email": "account_email",
    "person_name": "person_name",
    "title": "person_title",
    "department": "person__department",
}
PRESENT = COMMON | {
    "app": "account__app_id",
    "person": "account__person_id",
    "app_name": "account__app__name",
    "kind": "entitlement__kind",
    "resource_name": "shown_resource",
    "entitlement_name": "entitlement__name",
    "slug": "shown_slug",
    "risk": "entitlement__risk",
    "type": "account__type",
    "status": "account__status",
    "name": "account__name",
    "login": "account__login",
    "email": "account__email",
    "person_name": "account__person__name",
    "title": "account__person__title",
    "department": "account__person__department",
}
"""In the order in which `_facts` reads them."""
AT_LINE = list(FROZEN).index("line")


class Line(NamedTuple):
    """A frozen line with what routing must know of it."""

    pk: int
    line_no: int
    facts: LineFacts
    round: int = 1


def lines_of(tasks: QuerySet[ReviewTask]) -> list[Line]:
    """These lines of one campaign in order, in one query and one for the risk levels."""
    grave = grave_among(tasks)
    rows = tasks.order_by("line_no").annotate(
        marks_text=Cast("account__marks", TextField()),
        frameworks_text=Cast("frameworks", TextField()),
    )
    found = rows.values_list("line_no", "round", *FROZEN.values())
    return [Line(row[2 + AT_LINE], row[0], _facts(row[2:], grave), row[1]) for row in found]


def lines_there_would_be(grants: QuerySet[Grant], *, size: int = 5_000) -> Iterator[list[LineFacts]]:
    """The same of grants that are not frozen yet, by their keys, in pages."""
    grave = Tag.objects.grave_names()
    rows = grants.order_by().annotate(
        marks_text=Cast("account__marks", TextField()),
        frameworks_text=Cast("entitlement__frameworks", TextField()),
        shown_resource=_either("entitlement__resource__own_name", "entitlement__resource__name"),
        shown_slug=_either("entitlement__own_slug", "entitlement__slug"),
    )
    for page in batched(rows.values_list(*PRESENT.values()).iterator(chunk_size=size), size):
        yield [_facts(row, grave) for row in page]


def _either(own: str, seen: str) -> Coalesce:
    """What it is called here, else as the source calls it."""
    return Coalesce(NullIf(own, Value("")), seen)


def _facts(row: tuple[Any, ...], grave: Collection[str]) -> LineFacts:
    (
        account, entitlement, resource, owner_now, email_now, login_now, number_now, marks, frameworks, line,
        app, person, app_name, kind, resource_name, entitlement_name, slug, risk, account_type, status, name,
        login, email, person_name, title, department,
    ) = row  # fmt: skip
    keys = account_keys(
        person=person,
        owner_now=owner_now,
        number=number_now,
        email=email_now,
        login=login_now,
        frozen_email=email,
        frozen_login=login,
    )
    return LineFacts(
        app=app,
        account=account,
        entitlement=entitlement,
        resource=resource,
        line=line,
        person=person or "",
        owner_now=owner_now or "",
        account_keys=keys,
        is_grave=risk in grave,
        app_name=app_name,
        kind=kind,
        resource_name=resource_name,
        entitlement_name=entitlement_name,
        entitlement_slug=slug,
        risk=risk,
        frameworks=_texts(frameworks),
        account_type=account_type,
        account_status=status,
        account_marks=_texts(marks),
        account_name=name,
        account_login=login,
        account_email=email,
        person_name=person_name or "",
        person_title=title or "",
        person_department=department or "",
    )


@lru_cache(maxsize=1_024)
def _texts(text: str) -> tuple[str, ...]:
    """A list of texts as the database keeps it: the same few come with every line."""
    return tuple(json.loads(text))
