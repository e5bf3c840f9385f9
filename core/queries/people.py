"""Who is here, who may be picked, and who reports to whom."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Case, Count, Exists, OuterRef, Prefetch, Q, QuerySet, When
from django.utils.timezone import now

from core.errors import Denied
from core.models import ADMINISTRATORS, Delegation, Reporting, Role, RoleHolding, User
from core.models.keys import folded

FILTERS: dict[str, str] = {
    "active": "Active",
    "deactivated": "Deactivated",
    "invited": "Never came in",
    "no-manager": "Without manager",
    "manager-left": "Manager deactivated",
    "same-id": "Shared employee ID",
    "administrators": "Administrators",
    "delegate": "With a delegate",
}
"""The filters of the list of people that a link switches on: value and label."""
_MEANINGS: dict[str, Callable[[], Q]] = {}
"""Whom the filters of higher rooms find."""

MIGHT = Case(*(When(role=role, then=number) for number, role in enumerate(Role)))
"""Orders roles as people expect them: the mightiest first, Basic User last."""

COLUMNS = (
    "name",
    "e-mail",
    "title",
    "department",
    "employee ID",
    "managers",
    "roles",
    "delegate",
    "status",
    "last sign-in",
)
"""Of the file of people."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list of people is narrowed down to; empty: not."""

    words: str = ""
    only: str = ""
    role: str = ""
    department: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "Wanted":
        """From the query of the page's address; what is unknown there narrows nothing."""
        only, role = parameters.get("only", ""), parameters.get("role", "")
        return cls(
            words=parameters.get("q", "")[:200].strip(),
            only=only if only in FILTERS else "",
            role=role if role in Role else "",
            department=parameters.get("department", "")[:200],
        )


def add_filter(value: str, label: str, meaning: Callable[[], Q]) -> None:
    """Offer one more filter. Called from a room's apps.py, once."""
    FILTERS[value] = label
    _MEANINGS[value] = meaning


def super_has_password() -> bool:
    """Whether any Super Administrator can come in without the identity provider."""
    found = User.objects.active().holding(Role.SUPER)
    return found.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exists()


def has_administrator() -> bool:
    """Whether anybody can administer this console now. Until then the set-up link works."""
    return User.objects.active().holding(Role.SUPER).exists()


def administrators() -> QuerySet[User]:
    """Those to turn to when a rule refuses: at most three."""
    return User.objects.active().holding(Role.SUPER).order_by("search_text", "pk")[:3]


def people_matching(words: str, *, seen_by: User, without: Collection[str] = ()) -> QuerySet[User]:
    """At most twenty who can be picked: active, and every word stands in their name, e-mail or title.
    Those of whom a name begins so come first: an e-mail's domain matches everybody."""
    if not words.strip():
        return User.objects.none()
    found = User.objects.visible_to(seen_by).active().search(words).exclude(pk__in=without)
    start = folded(words).strip()
    begins = Q(search_text__startswith=start) | Q(search_text__contains=f" {start}")
    return found.order_by(Case(When(begins, then=0), default=1), "search_text", "pk")[:20]


def person_rows(user: User, wanted: Wanted) -> QuerySet[User]:
    """People as their list shows them, with managers, roles and delegate at hand, in no order yet."""
    _must_see_everybody(user)
    rows = User.objects.search(wanted.words)
    if wanted.only:
        rows = rows.filter(_narrowed(wanted.only))
    if wanted.role:
        rows = rows.holding(Role(wanted.role))
    if wanted.department:
        rows = rows.filter(department=wanted.department)
    delegations = Delegation.objects.not_over(now()).select_related("delegate")
    return rows.prefetch_related(
        Prefetch("managers", User.objects.order_by("search_text")),
        Prefetch("holdings", RoleHolding.objects.order_by(MIGHT)),
        Prefetch("delegation", delegations),
    )


def person_counts(user: User) -> Mapping[str, int]:
    """How many people each filter of the list finds, in one query."""
    _must_see_everybody(user)
    counted: dict[str, int] = User.objects.aggregate(
        **{_column(name): Count("pk", filter=_narrowed(name)) for name in FILTERS}
    )
    return {name: counted[_column(name)] for name in FILTERS}


def departments() -> Sequence[str]:
    """Every department that somebody is in, by name."""
    found = User.objects.exclude(department="").values_list("department", flat=True).distinct()
    return sorted(found, key=folded)


def person_file(user: User, parameters: Mapping[str, str]) -> Iterator[Sequence[object]]:
    """The rows of the file of people: everybody whom the page's address asks for, by name.

    Raises Denied, when the first row is asked for, for whoever may not see everybody.
    """
    rows = person_rows(user, Wanted.of(parameters)).order_by("search_text", "pk")
    for person in rows.iterator(chunk_size=500):
        delegation = getattr(person, "delegation", None)
        yield (
            person.name,
            person.email,
            person.title,
            person.department,
            person.employee_id,
            [manager.email for manager in person.managers.all()],
            [holding.get_role_display() for holding in person.holdings.all()],
            delegation.delegate.email if delegation is not None else "",
            person.get_status_display(),
            person.last_login,
        )


def is_over(boss: User, person: User) -> bool:
    """Whether `person` reports to `boss`, over any number of steps."""
    seen, level = {person.pk}, {person.pk}
    while level:
        above = set(Reporting.objects.filter(person__in=level).values_list("manager", flat=True))
        if boss.pk in above:
            return True
        level = above - seen
        seen |= level
    return False


def is_invited(person: User) -> bool:
    """Whether this person never came in, and has no password to come in with."""
    return person.is_active and not person.has_come_in and not person.has_usable_password()


def _must_see_everybody(user: User) -> None:
    if not (user.is_active and user.is_administrator):
        raise Denied("Only administrators can see everybody; you find your own page under Your profile.")


def _narrowed(name: str) -> Q:
    """Whom this filter of the list finds."""
    if name in _MEANINGS:
        return _MEANINGS[name]()
    active = Q(status=User.Status.ACTIVE)
    never_in = Q(last_login=None, password__startswith=UNUSABLE_PASSWORD_PREFIX)
    managers = Reporting.objects.filter(person=OuterRef("pk"))
    left = managers.filter(manager__status=User.Status.DEACTIVATED)
    known = User.objects.exclude(employee_id="").values("employee_id")
    shared = known.annotate(holders=Count("pk")).filter(holders__gt=1).values("employee_id")
    holdings = RoleHolding.objects.filter(user=OuterRef("pk"), role__in=ADMINISTRATORS)
    delegations = Delegation.objects.not_over(now()).filter(person=OuterRef("pk"))
    meanings: dict[str, Q] = {
        "active": active,
        "deactivated": Q(status=User.Status.DEACTIVATED),
        "invited": active & never_in,
        "no-manager": Q(~Exists(managers), status=User.Status.ACTIVE),
        "manager-left": Q(Exists(left), status=User.Status.ACTIVE),
        "same-id": Q(employee_id__in=shared),
        "administrators": Q(Exists(holdings)),
        "delegate": Q(Exists(delegations)),
    }
    return meanings[name]


def _column(name: str) -> str:
    return name.replace("-", "_") + "_count"


def titles() -> Sequence[str]:
    """Every title that somebody has, by name."""
    found = User.objects.exclude(title="").values_list("title", flat=True).distinct()
    return sorted(found, key=folded)
