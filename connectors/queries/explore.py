"""Questions auditors ask, over every app that the asker may know about (row G11)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from connectors.models import Account, App, AppOwner, Grant
from connectors.models.graph import AccountQuerySet
from connectors.models.ownership import HOLDER, HOLDS
from connectors.queries.counting import number_of
from core.models import User
from core.models.keys import folded

type Rows = QuerySet[Any]
"""Of accounts, grants or apps, as the question says."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `rows` answers it as that person may know the answer."""

    key: str
    title: str
    sentence: str
    about: Literal["accounts", "grants", "apps"]
    rows: Callable[[User], Rows]

    @property
    def order(self) -> str:
        return {"accounts": "search_text", "grants": "-id", "apps": "search_text"}[self.about]


def question(key: str) -> Question | None:
    return next((each for each in QUESTIONS if each.key == key), None)


def answer(asked: Question, user: User, *, words: str = "") -> Rows:
    """The rows that answer it, narrowed to those in which every word stands, ready to be shown."""
    rows = asked.rows(user)
    if asked.about != "grants":
        return rows.search(words)  # type: ignore[attr-defined, no-any-return]  # accounts and apps can
    for word in folded(words).split():
        held = Q(account__search_text__contains=word) | Q(entitlement__search_text__contains=word)
        rows = rows.filter(held)
    return rows.select_related("account__app", "entitlement__resource")


def _accounts(user: User) -> AccountQuerySet:
    return Account.objects.here().visible_to(user).select_related("app", "person")


def _external(user: User) -> QuerySet[Account]:
    """As the last sync or match of their app found them, by the trusted domains of then."""
    return _accounts(user).filter(is_external=True)


def _apps(user: User) -> Rows:
    """With how many active people answer for each: those named, and those who hold what makes owners. Whoever
    is both counts once."""
    mine = AppOwner.objects.filter(app=OuterRef(OuterRef("pk")))
    named = mine.filter(user__isnull=False).values("user")
    holders = mine.filter(**HOLDS).exclude(**{HOLDER: None}).values(HOLDER)
    people = User.objects.active().filter(Q(pk__in=named) | Q(pk__in=holders))
    owners = AppOwner.objects.select_related("user", "entitlement").order_by("user__search_text", "pk")
    rows = App.objects.visible_to(user).managed().annotate(owner_count=number_of(people))
    return rows.prefetch_related(Prefetch("ownerships", queryset=owners))


def _with_deactivated_owner(user: User) -> Rows:
    gone = AppOwner.objects.filter(app=OuterRef("pk"), user__status=User.Status.DEACTIVATED)
    return _apps(user).filter(Exists(gone))


def _past_grants(user: User) -> QuerySet[Grant]:
    return Grant.objects.gone().filter(account__app__in=App.objects.visible_to(user))


def without_accounts() -> Q:
    """Active people with no account in any app; for the list of people, which every administrator sees."""
    held = Account.objects.here().filter(person=OuterRef("pk"))
    return Q(~Exists(held), status=User.Status.ACTIVE)


PEOPLE = (
    ("no-manager", "People without a manager", "Active, and nobody answers for what they hold."),
    ("manager-left", "People with a deactivated manager", "Active, but a manager of theirs left."),
    ("same-id", "People who share an employee ID", "Two entries with one ID may be one person."),
    ("no-accounts", "People without accounts", "Active, yet no account of any app was matched to them."),
)
"""Questions about people: a filter of their list, title, sentence. Only who sees everybody may ask them."""

QUESTIONS = (
    Question("accounts", "All accounts", "Every account of every app.", "accounts", _accounts),
    Question(
        "no-owner",
        "Accounts without an owner",
        "Nobody here was matched to them, so nobody is asked about them.",
        "accounts",
        lambda user: _accounts(user).filter(person=None),
    ),
    Question(
        "orphaned",
        "Accounts of people who left",
        "Enabled, though the person they belong to is deactivated.",
        "accounts",
        lambda user: _accounts(user).filter(
            person__status=User.Status.DEACTIVATED, status=Account.Status.ENABLED
        ),
    ),
    Question(
        "inactive",
        "Disabled accounts",
        "Disabled at their app.",
        "accounts",
        lambda user: _accounts(user).filter(status=Account.Status.DISABLED),
    ),
    Question(
        "disabled-with-access",
        "Disabled accounts with access",
        "Disabled, yet they still hold something: enabling one gives it all back.",
        "accounts",
        lambda user: _accounts(user).disabled_with_access(),
    ),
    Question(
        "external",
        "External accounts",
        "Their e-mail is of none of the organisation's own domains (Settings, Organisation).",
        "accounts",
        _external,
    ),
    Question(
        "several",
        "People with several accounts in one app",
        "Their accounts: somebody who has two may review one with the other.",
        "accounts",
        lambda user: _accounts(user).filter(
            Exists(
                Account.objects.here()
                .filter(app=OuterRef("app"), person=OuterRef("person"))
                .exclude(pk=OuterRef("pk"))
            )
        ),
    ),
    Question(
        "past-grants",
        "Past grants",
        "What accounts held once and hold no longer, the latest first.",
        "grants",
        _past_grants,
    ),
    Question(
        "few-owners",
        "Apps with one owner or none",
        "If that one person leaves, nobody answers for them.",
        "apps",
        lambda user: _apps(user).filter(owner_count__lte=1),
    ),
    Question(
        "deactivated-owner",
        "Apps with a deactivated owner",
        "An owner of theirs can no longer sign in.",
        "apps",
        _with_deactivated_owner,
    ),
)
