"""The lists of this room as files: what a screen shows, every page of it."""

from collections.abc import Iterator, Sequence

from connectors.models import Account, App, Grant
from connectors.queries.accounts import (
    COLUMNS,
    DEFAULT_COLUMNS,
    TABLE,
    Wanted,
    account_rows,
    ordered,
)
from connectors.queries.explore import answer, question
from connectors.queries.lists import entitlement_rows
from connectors.queries.population import POPULATION, front, population, visible_app
from core.errors import NotPossible
from core.exports import Offer, Parameters
from core.models import User
from core.queries.columns import columns_of

ACCOUNT = ("App", "Account", "Login", "E-mail")
OWNER = ("Owner", "Owner's e-mail")
ENTITLEMENT = ("App", "Entitlement", "Kind", "Permission", "Description", "Holders")
ANSWER = (
    "Kind of row",
    "App",
    "Name",
    "Login",
    "E-mail or entitlement",
    "Status",
    "Owner",
    "Since (UTC)",
    "Gone (UTC)",
)


def account_heads(user: User, asked: Parameters) -> Sequence[str]:
    """The account itself, then the columns the page showed; its owner in two columns of their own."""
    return (*ACCOUNT, *(COLUMNS[name] for name in _columns(user, asked)), *OWNER)


def accounts_of_an_app(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The accounts page of one app; `app` and the filters, `sort` and `columns` as in its address."""
    app, columns = visible_app(user, asked), _columns(user, asked)
    rows = ordered(account_rows(app, Wanted.of(asked)), asked.get("sort", ""))
    for row in rows.iterator(2_000):
        owner = row.person
        cells = (_cell(row, name) for name in columns)
        owned = (owner.name, owner.email) if owner else ("", "")
        yield (app.name, row.name, row.login, row.email, *cells, *owned)


def entitlements_of_an_app(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The entitlements page of one app; `app`, `q` and `kind` as in its address."""
    app = visible_app(user, asked)
    rows = entitlement_rows(app, words=asked.get("q", ""), kind=asked.get("kind", ""))
    for row in rows.order_by("search_text", "pk").iterator(2_000):
        yield (app.name, row.name, row.kind, row.slug, row.description, row.holder_count)  # type: ignore[attr-defined]  # annotated


def answers(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The rows that answer one question; `question` and `q` as in its address."""
    wanted = question(asked.get("question", ""))
    if wanted is None:
        raise NotPossible("Nobody knows this question.")
    rows = answer(wanted, user, words=asked.get("q", ""))
    for row in rows.order_by(wanted.order, "pk").iterator(2_000):
        yield _answer(row)


def _answer(row: Account | Grant | App) -> tuple[object, ...]:
    if isinstance(row, Account):
        owner = row.person.name if row.person else ""
        seen = (row.status, owner, row.first_seen_at, row.gone_at)
        return ("account", row.app.name, row.name, row.login, row.email, *seen)
    if isinstance(row, Grant):
        account = row.account
        named = (account.app.name, account.name, account.login, row.entitlement.name)
        return ("grant", *named, "", "", row.since, row.gone_at)
    owners = ", ".join(each.label for each in row.ownerships.all())
    return ("app", row.name, row.name, "", "", row.status, owners, row.created_at, None)


def _columns(user: User, asked: Parameters) -> Sequence[str]:
    """As the page showed them when the file was asked for; else as this person chose them."""
    if "columns" in asked:
        names: Sequence[str] = [name for name in asked["columns"].split(",") if name in COLUMNS]
    else:
        names = columns_of(user, TABLE, known=COLUMNS, default=DEFAULT_COLUMNS)
    return [name for name in names if name not in ("login", "email")]  # those stand there always


def _cell(row: Account, name: str) -> object:
    owner = row.get_matched_by_display() if row.matched_by else row.match_hint or "no owner"
    values: dict[str, object] = {
        "status": row.get_status_display(),
        "type": row.get_type_display(),
        "owner": owner,
        "grants": row.grant_count,  # type: ignore[attr-defined]  # annotated
        "changed": row.changed_at,
        "number": row.employee_id,
        "marks": row.marks,
        "word": row.status_word,
        "external": row.is_external,
        "first": row.first_seen_at,
        "source": row.source,
        "id": row.external_id,
    }
    return values[name]


OFFERS = (
    Offer("connectors.accounts", "Accounts", ACCOUNT, accounts_of_an_app, columns_of=account_heads),
    Offer("connectors.population", "Population report", POPULATION, population),
    Offer("connectors.population_book", "Population report", POPULATION, population, front=front),
    Offer("connectors.entitlements", "Entitlements", ENTITLEMENT, entitlements_of_an_app),
    Offer("connectors.answers", "Answers", ANSWER, answers),
)
