"""Who has what in one app: the report that an auditor compares with the app itself (row B26)."""

from collections.abc import Iterator, Sequence

from django.db.models import F, FilteredRelation, Q, Value
from django.db.models.functions import Coalesce, NullIf

from connectors.models import CREDENTIAL, Account, App, Entitlement, Grant, SyncRun
from connectors.queries.lists import account_counts, kind_names
from core.errors import NotPossible
from core.exports import Parameters
from core.models import User

POPULATION = (
    "App",
    "Account id",
    "Login",
    "Name",
    "E-mail",
    "Status",
    "Type",
    "Marks",
    "External",
    "Owner",
    "Owner's e-mail",
    "Owner's employee number",
    "Matched by",
    "Resource type",
    "Resource",
    "Entitlement",
    "Slug",
    "Since",
    "Source",
    "First seen by sync",
    "Confirmed by sync",
)
_COLUMNS = (
    *("external_id", "login", "name", "email", "status", "type", "marks", "is_external"),
    *("person__name", "person__email", "person__employee_id", "matched_by"),
    *("held__entitlement__kind", "resource_name", "held__entitlement__name"),
    *("slug", "held__since", "source", "held__first_run"),
)


def visible_app(user: User, asked: Parameters) -> App:
    """The app a file is asked for, if this person may see it."""
    app = App.objects.visible_to(user).filter(pk=asked.get("app", "")).first()
    if app is None:
        raise NotPossible("This app is not there, or not for you to see.")
    return app


def population(user: User, asked: Parameters) -> Iterator[Sequence[object]]:
    """A row for each grant, and one for each account that holds nothing. Streamed, by name of the account."""
    app = visible_app(user, asked)
    names, runs = kind_names(app), {run.source: run.pk for run in last_runs(app)}
    held = FilteredRelation("grants", condition=Q(grants__gone_at=None))
    rows = Account.objects.here().filter(app=app).annotate(held=held)
    rows = rows.annotate(
        resource_name=_own("held__entitlement__resource__own_name", "held__entitlement__resource__name"),
        slug=_own("held__entitlement__own_slug", "held__entitlement__slug"),
    )
    order = ("search_text", "pk", "held__entitlement__search_text", "held__pk")
    for row in rows.order_by(*order).values_list(*_COLUMNS).iterator(2_000):
        account, owner, access = list(row[:8]), row[8:12], list(row[12:])
        account[4] = Account.Status(row[4]).label
        account[5] = Account.Type(row[5]).label
        matched = Account.Match(owner[3]).label
        access[0] = names.get(row[12], row[12])
        yield (app.name, *account, *owner[:3], matched, *access, runs.get(row[17]))


def front(user: User, asked: Parameters) -> Iterator[Sequence[object]]:
    """The first sheet: what was counted, and how fresh each source is."""
    app = visible_app(user, asked)
    counts = account_counts(app)
    yield ("Population report", app.name)
    yield ("Asked for by", user.name)
    yield ("Accounts", counts.everything)
    yield ("Accounts without an owner", counts.ownerless)
    yield ("Disabled accounts with access", counts.disabled_with_access)
    yield ("Entitlements", Entitlement.objects.here().filter(app=app).count())
    held = Grant.objects.here().filter(account__app=app)
    yield ("Grants", held.count())
    yield ("Of these, Access", held.filter(entitlement__kind=CREDENTIAL).count())
    yield ()
    yield ("Source", "Connector", "Last complete sync", "Key", "Began", "Ended", "Could not be read")
    for run in last_runs(app):
        gaps = " ".join(run.gaps.values())
        yield (run.source, run.connector.name, run.pk, run.key, run.started_at, run.ended_at, gaps)
    yield ()
    yield ("How to check", "Each row as a JSON array of its cells as text, a line feed after each; UTF-8")


def _own(given: str, source: str) -> Coalesce:
    """What people called it here, else what the source calls it."""
    return Coalesce(NullIf(F(given), Value("")), F(source))


def last_runs(app: App) -> list[SyncRun]:
    """The latest run of each source that came to its end, by source."""
    done = SyncRun.objects.filter(connector__app=app, status=SyncRun.Status.DONE).select_related("connector")
    latest: dict[str, SyncRun] = {}
    for source in done.order_by("source").values_list("source", flat=True).distinct():
        run = done.filter(source=source).order_by("-pk").first()
        if run is not None:
            latest[source] = run
    return list(latest.values())
