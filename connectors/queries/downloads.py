"""The lists of this room as files: what a screen shows, every page of it."""

from collections.abc import Iterator, Sequence

from connectors.models import Account, App, Entitlement, Grant, SyncRun
from connectors.queries.accounts import (
    COLUMNS,
    DEFAULT_COLUMNS,
    TABLE,
    Wanted,
    account_rows,
    ordered,
)
from connectors.queries.calls import REQUEST, requests_of_a_run
from connectors.queries.changes import WantedChanges, changes
from connectors.queries.columns import (
    APPS,
    CONNECTORS,
    ENTITLEMENTS,
    apps,
    connectors,
    entitlements_of_an_app,
)
from connectors.queries.differences import CHANGES, LOSSES, change_rows, first_of, loss_rows, numbers
from connectors.queries.entitlements import holdings
from connectors.queries.explore import answer, question
from connectors.queries.orders import ORDER, orders_as_file
from connectors.queries.population import POPULATION, front, population, visible_app
from connectors.queries.progress import took_so_far
from connectors.queries.resources import resource_rows
from core.errors import NotPossible
from core.exports import Offer, Parameters
from core.models import User
from core.queries.columns import columns_of

ACCOUNT = ("App", "Account", "Login", "E-mail")
OWNER = ("Owner", "Owner's e-mail")
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


def holders_of_an_entitlement(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """Who holds one entitlement, or did; `app` and `entitlement` are keys, the rest as in its address."""
    app = visible_app(user, asked)
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
        apps = apps.filter(pk=visible_app(user, asked).pk)
    for change in changes(apps, WantedChanges.of(asked)):
        account, entitlement = change.grant.account, change.grant.entitlement
        owner = account.person.name if account.person else ""
        who = (account.app.name, account.name, account.login, account.email, owner)
        what = "started" if change.is_start else "ended"
        named = (entitlement.resource.shown_name, entitlement.shown_slug)
        yield (change.at, what, *who, *named, change.run)


def resources_of_an_app(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The resources page of one app; `app`, `q`, `kind` and `only` as in its address."""
    app = visible_app(user, asked)
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


def runs_of_a_connector(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """The runs of one connector, the latest first; `connector` as in the address."""
    runs = SyncRun.objects.visible_to(user).filter(connector=asked.get("connector", ""))
    for run in runs.select_related("wanted_by", "settled_by", "connector").order_by("-id").iterator(500):
        counted = [run.total(what) for what in ("new", "changed", "gone")]
        people = (run.wanted_by or "", run.settled_by or "", run.settled_reason)
        times = (run.created_at, run.started_at, run.ended_at, round(took_so_far(run).total_seconds(), 1))
        asked_for = (run.requests, run.bytes)
        yield (
            run.pk,
            run.get_status_display(),
            *times,
            sum(run.read.values()),
            *counted,
            *asked_for,
            run.problem,
            *people,
        )


def differences_of_a_run(user: User, asked: Parameters) -> Iterator[tuple[object, ...]]:
    """What a run changed, or would take away while it is held; `run`, `what`, `of`, `q` as in its address."""
    run = (
        SyncRun.objects.visible_to(user).select_related("connector").filter(key=asked.get("run", "")).first()
    )
    if run is None:
        raise NotPossible("This run is not there, or not for you to see.")
    visible_app(user, {"app": run.connector.app_id})
    held, words = run.status == SyncRun.Status.HELD, asked.get("q", "")
    labels = LOSSES if held else CHANGES
    what = asked.get("what", "")
    if what not in labels:
        what = first_of(numbers(run, held=held))
    rows = (
        loss_rows(run, what, words=words)
        if held
        else change_rows(run, what, words=words, kind=asked.get("of", ""))
    )
    order = "pk" if what.startswith("grants") else "search_text"
    for row in rows.order_by(order, "pk").iterator(2_000):
        yield (labels[what], *_difference(row))


def _difference(row: Account | Entitlement | Grant) -> tuple[object, ...]:
    if isinstance(row, Account):
        return (
            row.name,
            row.login,
            row.email,
            row.get_status_display(),
            "",
            "",
            row.first_seen_at,
            row.gone_at,
        )
    if isinstance(row, Entitlement):
        return ("", "", "", "", row.name, row.kind, row.first_seen_at, row.gone_at)
    account, entitlement = row.account, row.entitlement
    told = (account.name, account.login, account.email, account.get_status_display())
    return (*told, entitlement.name, entitlement.kind, row.since, row.gone_at)


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


RUN = (
    "Sync",
    "Result",
    "Asked for",
    "Begun",
    "Ended",
    "Seconds",
    "Read",
    "New",
    "Changed",
    "Gone",
    "Requests",
    "Bytes",
    "Problem",
    "Started by",
    "Settled by",
    "Reason",
)
DIFFERENCE = (
    "What",
    "Account",
    "Login",
    "E-mail",
    "Status",
    "Entitlement",
    "Kind",
    "Since",
    "Gone",
)
OFFERS = (
    Offer("connectors.runs", "Syncs", RUN, runs_of_a_connector),
    Offer("connectors.differences", "What a sync changes", DIFFERENCE, differences_of_a_run),
    Offer("connectors.apps", "Applications", APPS.always, apps, columns_of=APPS.heads),
    Offer("connectors.connectors", "Connectors", CONNECTORS.always, connectors, columns_of=CONNECTORS.heads),
    Offer("connectors.accounts", "Accounts", ACCOUNT, accounts_of_an_app, columns_of=account_heads),
    Offer("connectors.population", "Population report", POPULATION, population),
    Offer("connectors.population_book", "Population report", POPULATION, population, front=front),
    Offer(
        "connectors.entitlements",
        "Entitlements",
        ENTITLEMENTS.always,
        entitlements_of_an_app,
        columns_of=ENTITLEMENTS.heads,
    ),
    Offer("connectors.orders", "Orders", ORDER, orders_as_file),
    Offer("connectors.requests", "Requests of a sync", REQUEST, requests_of_a_run),
    Offer("connectors.holders", "Holders", HOLDER, holders_of_an_entitlement),
    Offer("connectors.changes", "Access changes", CHANGE, changes_of_access),
    Offer("connectors.resources", "Resources", RESOURCE, resources_of_an_app),
    Offer("connectors.answers", "Answers", ANSWER, answers),
)
