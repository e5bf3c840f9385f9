"""Lines as routing sees them, of a page at a time: those frozen, and those that would be."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from connectors.models import Grant, Tag
from reviews.models import ReviewTask
from reviews.routing import LineFacts, identity_keys

COMMON = {
    "account": "account_id",
    "entitlement": "entitlement_id",
    "resource": "entitlement__resource_id",
    "owner_now": "account__person_id",
    "email_now": "account__email",
    "login_now": "account__login",
    "employee_id": "account__employee_id",
    "marks": "account__marks",
}
FROZEN = COMMON | {
    "line": "pk",
    "app": "app_id",
    "person": "person_id",
    "app_name": "app_name",
    "kind": "kind",
    "resource_name": "resource_name",
    "entitlement_name": "entitlement_name",
    "slug": "entitlement_slug",
    "risk": "risk",
    "frameworks": "frameworks",
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
    "line": "pk",
    "app": "account__app_id",
    "person": "account__person_id",
    "app_name": "account__app__name",
    "kind": "entitlement__kind",
    "resource_name": "entitlement__resource__name",
    "own_resource_name": "entitlement__resource__own_name",
    "entitlement_name": "entitlement__name",
    "slug": "entitlement__slug",
    "own_slug": "entitlement__own_slug",
    "risk": "entitlement__risk",
    "frameworks": "entitlement__frameworks",
    "type": "account__type",
    "status": "account__status",
    "name": "account__name",
    "login": "account__login",
    "email": "account__email",
    "person_name": "account__person__name",
    "title": "account__person__title",
    "department": "account__person__department",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A frozen line with what routing must know of it."""

    pk: int
    line_no: int
    facts: LineFacts


def lines_of(tasks: QuerySet[ReviewTask], *, with_history: bool = False) -> list[Line]:
    """These lines in order, in one query and one for the risk levels.

    `with_history`: also whether the access came back, which reasons ask for and routing does not.
    """
    grave = Tag.objects.grave_names()
    if with_history:
        tasks = tasks.annotate(was_gone=_was_gone())
    columns = {**FROZEN, "line_no": "line_no"} | ({"came_back": "was_gone"} if with_history else {})
    read = {name: number for number, name in enumerate(columns)}
    number_of = itemgetter(read["line_no"])
    return [
        Line(row[read["line"]], number_of(row), _facts(row, read, grave))
        for row in tasks.order_by("line_no").values_list(*columns.values())
    ]


def lines_there_would_be(grants: QuerySet[Grant], *, size: int = 5_000) -> Iterator[list[LineFacts]]:
    """The same of grants that are not frozen yet, by their keys, in pages."""
    grave = Tag.objects.grave_names()
    read = {name: number for number, name in enumerate(PRESENT)}
    page: list[LineFacts] = []
    for row in grants.order_by().values_list(*PRESENT.values()).iterator(chunk_size=size):
        page.append(_facts(row, read, grave))
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page


def _was_gone() -> Exists:
    same = Grant.objects.gone().filter(account=OuterRef("account"), entitlement=OuterRef("entitlement"))
    return Exists(same)


def _facts(row: tuple[Any, ...], read: Mapping[str, int], grave: Collection[str]) -> LineFacts:
    """In place, by position: a call for each of its columns would cost more than to route the line."""
    owner_now, risk = row[read["owner_now"]] or "", row[read["risk"]]
    keys = frozenset[str]()
    if not owner_now:
        keys = identity_keys(
            employee_id=row[read["employee_id"]], email=row[read["email_now"]], login=row[read["login_now"]]
        )
    own_name = row[read["own_resource_name"]] if "own_resource_name" in read else ""
    own_slug = row[read["own_slug"]] if "own_slug" in read else ""
    return LineFacts(
        app=row[read["app"]],
        account=row[read["account"]],
        entitlement=row[read["entitlement"]],
        resource=row[read["resource"]],
        line=row[read["line"]],
        person=row[read["person"]] or "",
        owner_now=owner_now,
        account_keys=keys,
        is_grave=risk in grave,
        came_back=bool(row[read["came_back"]]) if "came_back" in read else False,
        app_name=row[read["app_name"]],
        kind=row[read["kind"]],
        resource_name=own_name or row[read["resource_name"]],
        entitlement_name=row[read["entitlement_name"]],
        entitlement_slug=own_slug or row[read["slug"]],
        risk=risk,
        frameworks=tuple(row[read["frameworks"]]),
        account_type=row[read["type"]],
        account_status=row[read["status"]],
        account_marks=tuple(row[read["marks"]]),
        account_name=row[read["name"]],
        account_login=row[read["login"]],
        account_email=row[read["email"]],
        person_name=row[read["person_name"]] or "",
        person_title=row[read["title"]] or "",
        person_department=row[read["department"]] or "",
    )
