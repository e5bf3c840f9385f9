"""What the lines of a view show: fixed where they stand under headings, chosen in one list."""

from collections.abc import Mapping, Sequence

from core.models import User
from core.queries.columns import columns_of
from reviews.queries.desk import APP, ENTITLEMENT, FLAT, PERSON, RESOURCE

TABLE = "desk"
"""As the choice of a person names it."""
CHOICES: Mapping[str, str] = {
    "line": "Line",
    "owner": "Owner",
    "title": "Title",
    "app": "Application",
    "kind": "Resource type",
    "resource": "Resource",
    "risk": "Risk",
    "login": "Login",
    "status": "Account",
    "sign_in": "Last sign-in",
    "since": "Held since",
    "asked": "Asked",
    "decided": "Decided on",
    "last": "Last review",
    "hints": "Insights",
    "advice": "Suggested",
}
DEFAULT = ("owner", "risk", "since", "last", "hints", "advice")
_ALWAYS = ("app", "login", "status", "sign_in", "since", "last", "hints", "advice")
_FIXED: Mapping[str, Sequence[str]] = {
    PERSON: ("access", "kind", "risk", "description", *_ALWAYS),
    APP: ("owner", "title", "email", *_ALWAYS),
    ENTITLEMENT: ("owner", "title", "email", *_ALWAYS),
    RESOURCE: ("owner", "title", "email", *_ALWAYS),
}


def chosen(person: User) -> Sequence[str]:
    """The columns of one list, in their order, as this person wants them."""
    wanted = columns_of(person, TABLE, known=CHOICES, default=DEFAULT)
    return [name for name in CHOICES if name in wanted]


def columns_in(view: str, person: User) -> Sequence[str]:
    """What each line of this view shows: kept with every decision."""
    return ("access", *chosen(person)) if view == FLAT else _FIXED[view]
