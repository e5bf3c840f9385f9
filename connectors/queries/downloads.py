"""The lists of this room as files: what a screen shows, every page of it."""

from collections.abc import Iterator

from connectors.models import Account, App, Entitlement, Grant
from connectors.queries.changes import WantedChanges, changes
from connectors.queries.entitlements import WantedEntitlements, holdings, narrowed_entitlements
from connectors.queries.explore import answer, question
from connectors.queries.lists import account_rows
from connectors.queries.resources import resource_rows
from core.errors import NotPossible
from core.exports import Offer, Parameters
from core.models import User

ACCOUNT = ("App", "Account", "Login", "E-mail", "Status", "Type", "Owner", "Owner's e-mail", "Matched by")
ENTITLEMENT = (
    *("App", "Resource", "Slug", "Alias", "Kind", "Name there", "Description", "Owners", "Risk"),
    *("Frameworks", "Locked", "Holders"),
)
HOLDER = (
    *("App", "Entitlement", "Account", "Login", "E-mail", "Status", "Owner"),
    *("Since (UTC)", "First seen by sync", "Gone (UTC)", "No longer seen by sync"),
)
CHANGE = ("When (UTC)", "What", "App", "Account", "Login", "E-mail", "Owner", "Entitlement", "Slug", "Sync")
RESOURCE = ("App", "Resource", "Name there", "Kind", "Entitlements", "Accounts", "Owners", "Description")
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


def accounts_of_an_app(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The accounts page of one app; `app`, `q` and `only` as in its address."""
    rows = account_rows(_app(user, asked), words=asked.get("q", ""), only=asked.get("only", ""))
    for row in rows.select_related("app").order_by("search_text", "pk").iterator(2_000):
        yield _account(row)


def entitlements_of_an_app(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The entitlements page of one app, narrowed down as in its address; `app` is its key."""
    app = _app(user, asked)
    rows = narrowed_entitlements(app, WantedEntitlements.of(asked))
    for row in rows.order_by("search_text", "pk").iterator(2_000):
        named = (app.name, row.resource.shown_name, row.shown_slug, row.alias, row.kind, row.name)
        owners = [each.label for each in row.ownerships.all()]
        said = row.shown_description or row.resource.shown_description
        given = (said, owners, row.risk, row.frameworks, row.is_locked)
        yield (*named, *given, row.holder_count)  # type: ignore[attr-defined]  # annotated


def holders_of_an_entitlement(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """Who holds one entitlement, or did; `app` and `entitlement` are keys, the rest as in its address."""
    app = _app(user, asked)
    entitlement = Entitlement.objects.filter(app=app, pk=asked.get("entitlement", "")).first()
    if entitlement is None:
        raise NotPossible("This entitlement is not there, or not for you to see.")
    is_past = asked.get("tab") == "past"
    filters = {name: asked.get(name, "") for name in ("status", "type")}
    rows = holdings(entitlement, past=is_past, words=asked.get("q", "")[:200].strip(), **filters)
    for row in rows.order_by("-gone_at" if is_past else "-since", "-pk").iterator(2_000):
        account, owner = row.account, row.account.person
        told = (account.name, account.login, account.email, account.get_status_display())
        runs = (row.since, row.first_run, row.gone_at, row.gone_run)
        yield (app.name, entitlement.name, *told, owner.name if owner else "", *runs)


def changes_of_access(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """Access that started and ended, narrowed down as in the page's address; of one `app`, or of all."""
    apps = App.objects.visible_to(user)
    if asked.get("app"):
        apps = apps.filter(pk=_app(user, asked).pk)
    for change in changes(apps, WantedChanges.of(asked)):
        account, entitlement = change.grant.account, change.grant.entitlement
        owner = account.person.name if account.person else ""
        who = (account.app.name, account.name, account.login, account.email, owner)
        what = "started" if change.is_start else "ended"
        named = (entitlement.resource.shown_name, entitlement.shown_slug)
        yield (change.at, what, *who, *named, change.run)


def resources_of_an_app(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The resources page of one app; `app`, `q`, `kind` and `only` as in its address."""
    app = _app(user, asked)
    filters = {name: asked.get(name, "") for name in ("kind", "only")}
    rows = resource_rows(app, words=asked.get("q", "")[:200].strip(), **filters)
    for row in rows.order_by("search_text", "pk").iterator(2_000):
        slugs = [each.shown_slug for each in row.entitlements.all()]
        owners = [each.label for each in row.ownerships.all()]
        number = row.account_count  # type: ignore[attr-defined]  # annotated
        named = (app.name, row.shown_name, row.name, row.kind)
        yield (*named, slugs, number, owners, row.shown_description)


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


def _account(row: Account) -> tuple[object, ...]:
    owner = row.person
    return (
        row.app.name,
        row.name,
        row.login,
        row.email,
        row.get_status_display(),
        row.get_type_display(),
        owner.name if owner else "",
        owner.email if owner else "",
        row.get_matched_by_display() if owner else "",
    )


def _app(user: User, asked: Parameters) -> App:
    app = App.objects.visible_to(user).filter(pk=asked.get("app", "")).first()
    if app is None:
        raise NotPossible("This app is not there, or not for you to see.")
    return app


OFFERS = (
    Offer("connectors.accounts", "Accounts", ACCOUNT, accounts_of_an_app),
    Offer("connectors.entitlements", "Entitlements", ENTITLEMENT, entitlements_of_an_app),
    Offer("connectors.holders", "Holders", HOLDER, holders_of_an_entitlement),
    Offer("connectors.changes", "Access changes", CHANGE, changes_of_access),
    Offer("connectors.resources", "Resources", RESOURCE, resources_of_an_app),
    Offer("connectors.answers", "Answers", ANSWER, answers),
)
