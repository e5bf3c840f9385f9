"""The accounts of an app as their list shows them: filters that combine, columns, order, why no match."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

from django.db.models import Count, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce

from connectors.models import Account, App, Connector
from connectors.models.graph import AccountQuerySet
from connectors.queries.lists import GRANT_COUNT
from core.models import User

TABLE = "accounts"
"""As the choice of columns knows it."""
COLUMNS: Mapping[str, str] = {
    "status": "Status",
    "type": "Type",
    "owner": "Owner, matched by",
    "grants": "Grants",
    "changed": "Last change",
    "login": "Login",
    "email": "E-mail",
    "number": "Employee number",
    "marks": "Marks",
    "word": "Status there",
    "external": "External",
    "first": "First seen",
    "source": "Source",
    "id": "Id there",
}
"""What may stand beside the account itself."""
DEFAULT_COLUMNS = ("status", "type", "owner", "grants", "changed")
ORDERS: Mapping[str, str] = {
    "name": "search_text",
    "status": "status",
    "type": "type",
    "owner": "owner_name",
    "grants": "grant_count",
    "changed": "changed_at",
    "login": "login",
    "email": "email",
    "number": "employee_id",
    "word": "status_word",
    "external": "is_external",
    "first": "first_seen_at",
    "source": "source",
    "id": "external_id",
}
"""Columns the list can be sorted by."""

LEFT = Q(person__status=User.Status.DEACTIVATED)
_NOBODY = Q(person=None)
_UNMATCHED = _NOBODY & ~Q(matched_by=Account.Match.CLEARED) & Q(match_hint="")
WHY: Mapping[str, tuple[str, Q]] = {
    "cleared": ("Somebody decided that it has no owner", Q(matched_by=Account.Match.CLEARED)),
    "several": ("Several people fit it, so nobody is guessed", _NOBODY & ~Q(match_hint="")),
    "nothing": ("No e-mail, no employee number", _UNMATCHED & Q(email="", employee_id="")),
    "number": (
        "No e-mail, and nobody here has this employee number",
        _UNMATCHED & Q(email="") & ~Q(employee_id=""),
    ),
    "email": ("Nobody here has this e-mail", _UNMATCHED & ~Q(email="")),
}
"""Why an account has no owner: each such account stands under exactly one."""
OWNERS: Mapping[str, tuple[str, Q]] = {
    "none": ("No owner", _NOBODY),
    "left": ("Owner deactivated", LEFT),
    **{
        str(value): (f"Matched by {label}", Q(matched_by=value))
        for value, label in Account.Match.choices
        if value and value not in Account.BY_PEOPLE
    },
    "hand": ("Set by hand", Q(matched_by=Account.Match.BY_HAND)),
    "cleared": ("Cleared by hand", Q(matched_by=Account.Match.CLEARED)),
}
EXTERNAL = {"yes": "External", "no": "Not external"}
ACCESS = {"disabled": "Disabled with access", "some": "Holds something", "none": "Holds nothing"}
SEEN = {"gone": "No longer seen at the app", "unread": "No longer read by any connector"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed down to; empty: not. The names are those of the page's address."""

    q: str = ""
    status: str = ""
    type: str = ""
    owner: str = ""
    mark: str = ""
    external: str = ""
    access: str = ""
    source: str = ""
    seen: str = ""
    why: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "Wanted":
        """From the query of the page's address; what is unknown there narrows nothing."""

        def known(name: str, values: Mapping[str, object] | Sequence[str]) -> str:
            return asked.get(name, "") if asked.get(name) in values else ""

        return cls(
            q=asked.get("q", "")[:200].strip(),
            status=known("status", Account.Status.values),
            type=known("type", (*Account.Type.values, "proposed")),
            owner=known("owner", OWNERS),
            mark=asked.get("mark", "")[:64],
            external=known("external", EXTERNAL),
            access=known("access", ACCESS),
            source=asked.get("source", "")[:200],
            seen=known("seen", SEEN),
            why=known("why", WHY),
        )

    @property
    def asked(self) -> dict[str, str]:
        """As it stands in an address."""
        named = {each.name: str(getattr(self, each.name)) for each in fields(self)}
        return {name: value for name, value in named.items() if value}


def account_rows(app: App, wanted: Wanted) -> QuerySet[Account]:
    """The accounts that fit every filter, with `grant_count` and `owner_name` at hand, in no order yet."""
    gone = wanted.seen == "gone"
    rows = Account.objects.filter(app=app, gone_at__isnull=not gone).search(wanted.q)
    if wanted.seen == "unread":
        rows = rows.exclude(source__in=_read(app))
    for name, narrow in _NARROWED.items():
        value: str = getattr(wanted, name)
        if value:
            rows = rows.filter(narrow(value))
    if wanted.mark:
        rows = with_mark(rows, wanted.mark)
    if wanted.type == "proposed":
        rows = proposed(rows)
    if wanted.access == "disabled":
        rows = rows.disabled_with_access()
    owner = Coalesce("person__search_text", Value(""), output_field=TextField())
    shown = rows.select_related("person").annotate(grant_count=GRANT_COUNT, owner_name=owner)
    return shown.filter(_HOLDS[wanted.access]) if wanted.access in _HOLDS else shown


def ordered(rows: QuerySet[Account], sort: str) -> QuerySet[Account]:
    column = order_of(sort)
    return rows.order_by(column, "-pk" if column.startswith("-") else "pk")


def order_of(sort: str) -> str:
    """The database's column for what an address sorts by; by name where it says nothing known."""
    sign = "-" if sort.startswith("-") else ""
    return f"{sign}{ORDERS.get(sort.lstrip('-'), 'search_text')}"


def with_mark(rows: AccountQuerySet, mark: str) -> AccountQuerySet:
    """Those the vendor marks so."""
    return rows.annotate(marks_text=Cast("marks", TextField())).filter(marks_text__contains=f'"{mark}"')


def proposed(rows: AccountQuerySet) -> AccountQuerySet:
    """Accounts of type User that the vendor marks as a robot's or its own support's: a Service account, we
    propose, and set nothing ourselves."""
    marked = rows.annotate(proposing=Cast("marks", TextField())).filter(type=Account.Type.USER)
    return marked.filter(Q(proposing__contains='"api"') | Q(proposing__contains='"support"'))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why accounts have no owner, and how many."""

    key: str
    label: str
    number: int


def reasons(app: App) -> list[Reason]:
    """Why accounts have no owner, the most frequent first. One query."""
    rows = Account.objects.here().filter(app=app, person=None)
    counted = rows.aggregate(**{key: Count("pk", filter=meaning) for key, (_, meaning) in WHY.items()})
    found = [Reason(key, label, counted[key]) for key, (label, _) in WHY.items() if counted[key]]
    return sorted(found, key=lambda each: -each.number)


def sources(app: App) -> list[str]:
    """The sources its accounts came from."""
    rows = Account.objects.filter(app=app).order_by("source").values_list("source", flat=True)
    return list(rows.distinct())


def is_read(account: Account) -> bool:
    """Whether a connector still reads the source of this account."""
    return Connector.objects.here().filter(app=account.app_id, source=account.source).exists()


def connectors_of(account: Account) -> QuerySet[Connector]:
    """Those that read it, or did: deleted ones last."""
    rows = Connector.objects.filter(app=account.app_id, source=account.source)
    return rows.order_by("-deleted_at", "created_at")


def attributes(app: App) -> list[str]:
    """Names in the profiles of some accounts, to match by."""
    names: set[str] = set()
    for profile in Account.objects.here().filter(app=app).values_list("profile", flat=True)[:200]:
        names |= {key for key, value in profile.items() if isinstance(value, str | int)}
    return sorted(names)


def _read(app: App) -> QuerySet[Connector, str]:
    return Connector.objects.here().filter(app=app).exclude(source="").values_list("source", flat=True)


_HOLDS = {"some": Q(grant_count__gt=0), "none": Q(grant_count=0)}
_NARROWED: Mapping[str, Callable[[str], Q]] = {
    "status": lambda value: Q(status=value),
    "type": lambda value: Q() if value == "proposed" else Q(type=value),
    "owner": lambda value: OWNERS[value][1],
    "external": lambda value: Q(is_external=value == "yes"),
    "source": lambda value: Q(source=value),
    "why": lambda value: WHY[value][1],
}
