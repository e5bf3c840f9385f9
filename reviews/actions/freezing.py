"""The population of a campaign: frozen in one statement, from one state, with the counts that tie."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, Case, F, TextField, Value, When, Window
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Collate, NullIf, RowNumber
from django.utils.timezone import now

from connectors.actions import bodies
from connectors.models import Account, App, Entitlement, Grant, Tag
from core.trail import record
from reviews.actions.keeping import keep_population
from reviews.models import (
    AppliedPolicy,
    Campaign,
    PeopleSource,
    PopulationSource,
    Progress,
    ReviewRules,
    ReviewTask,
    Turn,
)
from reviews.queries import scope as scopes
from reviews.queries import sources
from reviews.queries.applying import to_freeze
from reviews.queries.sources import Source

MOST_ON_SQLITE = 250_000
"""Lines that one statement may write there: it holds everybody's writing off meanwhile."""
AT_ONCE = 50_000
"""Lines that one transaction takes away."""


@contextmanager
def one_state() -> Iterator[None]:
    """A transaction that sees the database as it stood at one moment, however many statements it has."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def too_many(campaign: Campaign) -> str:
    """Why this database cannot freeze so much at once; empty if it can."""
    if connection.vendor == "postgresql":
        return ""
    number = scopes.grants_in(campaign.scope).order_by()[: MOST_ON_SQLITE + 1].count()
    if number <= MOST_ON_SQLITE:
        return ""
    return (
        f"More than {MOST_ON_SQLITE:,} lines are in scope, which is the most on SQLite. Whoever runs this"
        " console can move it to PostgreSQL; or narrow the scope."
    )


def freeze(campaign: Campaign, *, overridden: Sequence[str]) -> None:
    """Write the lines, the sources they rest on and the counts that tie, together. Raises LeaseLost.

    `overridden`: what was not right with the sources and was accepted with a reason.
    """
    with one_state():
        campaign.renew()
        apps = scopes.apps_in(campaign.scope).order_by("pk")
        # As `runs.finish` does: no run is applied into these apps until this is over.
        list(App.objects.select_for_update(no_key=True).filter(pk__in=apps.values("pk")).order_by("pk"))
        found = sources.of_scope(campaign.scope)
        lines = _insert(campaign, found)
        bridge = {**_counts(campaign, found), "lines": lines, "overridden": list(overridden)}
        bridge["groups"] = list(scopes.groups_left_out(campaign.scope))
        _keep_sources(campaign, found)
        rules = ReviewRules.current().values()
        AppliedPolicy.objects.bulk_create(to_freeze(campaign))
        keep_population(campaign)
        campaign.renew(
            rules=rules,
            frozen_at=now(),
            lines=lines,
            routed_to=0,
            hashed_to=0,
            digest="",
            bridge=bridge,
            grave_risks=sorted(Tag.objects.grave_names()),
            attempts=0,  # it got further
        )
        overrides = list(overridden)
        record("campaigns.frozen", campaign, by=None, lines=lines, overridden=overrides, rules=rules)


def thaw(campaign: Campaign) -> None:
    """Take away whatever an earlier staging left, by pieces. Killed in it, do it again. Raises LeaseLost."""
    campaign.renew(frozen_at=None, lines=0, routed_to=0, hashed_to=0, digest="", bridge={})
    campaign.renew(rules={}, grave_risks=None)
    while (last := campaign.tasks.order_by("-line_no").first()) is not None:
        lines = campaign.tasks.filter(line_no__gt=last.line_no - AT_ONCE)
        with transaction.atomic():
            campaign.renew()
            # As they are: nothing hangs on them yet, and `delete` would read them all to make sure of it.
            Turn.objects.filter(task__in=lines.values("pk"))._raw_delete(lines.db)  # noqa: SLF001
            lines._raw_delete(lines.db)  # noqa: SLF001
    with transaction.atomic():
        campaign.renew()
        Progress.objects.filter(campaign=campaign).delete()
        campaign.sources.all().delete()
        campaign.applied.all().delete()
        campaign.people_then.all().delete()
        campaign.console_then.all().delete()
        PeopleSource.objects.filter(campaign=campaign).delete()


def _insert(campaign: Campaign, found: Sequence[Source]) -> int:
    """One INSERT ... SELECT; numbered in canonical order, bytewise on both databases."""
    columns = _columns(campaign, found)
    order = [
        _bytewise("account__source"),
        _bytewise("entitlement__kind"),
        F("entitlement__external_id"),
        F("account__external_id"),
        F("account__app"),
        F("pk"),
    ]
    numbered = scopes.grants_in(campaign.scope).annotate(
        place=Window(RowNumber(), order_by=[each.asc() for each in order])
    )
    rows = numbered.order_by("place").values_list("place", *columns.values())
    text, values = rows.query.sql_with_params()
    names = ", ".join(f'"{name}"' for name in ("line_no", *columns))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {ReviewTask._meta.db_table} ({names}) {text}", values)
        return int(cursor.rowcount)


def _columns(campaign: Campaign, found: Sequence[Source]) -> Mapping[str, Combinable]:
    """What each column of a line is frozen from."""
    runs = sources.runs_by_source(found)
    seen = [
        When(account__app=app, account__source=source, then=Value(run)) for (app, source), run in runs.items()
    ]
    return {
        "campaign_id": Value(campaign.pk),
        "status": Value(ReviewTask.Status.OPEN.value),
        "status_reason": Value(""),
        "grant": F("pk"),
        "app_id": F("account__app"),
        "account_id": F("account"),
        "entitlement_id": F("entitlement"),
        "person_id": F("account__person"),
        "run": Case(*seen, default=F("first_run"), output_field=BigIntegerField()),
        "since": F("since"),
        "source": F("account__source"),
        "kind": F("entitlement__kind"),
        "app_name": F("account__app__name"),
        "account_id_there": F("account__external_id"),
        "account_name": F("account__name"),
        "account_login": F("account__login"),
        "account_email": F("account__email"),
        "account_status": F("account__status"),
        "account_type": F("account__type"),
        "account_marks": F("account__marks"),
        "account_last_sign_in": Coalesce(
            KeyTextTransform("last_login", "account__profile"), Value(""), output_field=TextField()
        ),
        "person_name": Coalesce(F("account__person__name"), Value("")),
        "person_title": Coalesce(F("account__person__title"), Value("")),
        "entitlement_id_there": F("entitlement__external_id"),
        "entitlement_name": F("entitlement__name"),
        "entitlement_slug": _own("entitlement__own_slug", "entitlement__slug"),
        "entitlement_description": _own("entitlement__own_description", "entitlement__description"),
        "resource_name": _own("entitlement__resource__own_name", "entitlement__resource__name"),
        "risk": F("entitlement__risk"),
        "frameworks": F("entitlement__frameworks"),
    }


def _own(given: str, source: str) -> Coalesce:
    """What people called it here, else what the source calls it."""
    text = TextField()
    return Coalesce(NullIf(F(given), Value(""), output_field=text), F(source), output_field=text)


def _bytewise(column: str) -> F | Collate:
    """Columns of keys are compared so anyway; these in whatever language PostgreSQL was set up with."""
    return Collate(F(column), "C") if connection.vendor == "postgresql" else F(column)


def _keep_sources(campaign: Campaign, found: Sequence[Source]) -> None:
    known = [(each, each.connector, each.latest) for each in found]
    rows = [
        PopulationSource(
            campaign=campaign,
            connector=connector,
            source=each.name,
            app_name=each.app.name,
            run=latest,
            counted_run=each.counted,
            counted_at=each.counted.counted_at if each.counted else None,
            received=each.counted.read if each.counted else latest.read,
            second=each.counted.second if each.counted else {},
            gaps=latest.gaps,
            files=[
                {"name": file.name, "sha256": file.sha256, "at": file.at.isoformat() if file.at else ""}
                for file in each.files
            ],
        )
        for each, connector, latest in known
        if connector is not None and latest is not None
    ]
    PopulationSource.objects.bulk_create(rows)
    bodies.keep([run for each in found for run in (each.latest, each.counted) if run is not None])


def _counts(campaign: Campaign, found: Sequence[Source]) -> dict[str, Any]:
    """Numbers as they stand in the state that is frozen. Totals are counted apart from their parts."""
    told = scopes.left_out(campaign.scope)
    apps = scopes.apps_in(campaign.scope)
    return {
        "accounts": {
            "total": Account.objects.here().filter(app__in=apps).count(),
            "in": told.accounts_in,
            "left_out": dict(told.accounts),
        },
        "grants": {
            "total": Grant.objects.here().filter(account__app__in=apps).count(),
            "in": told.grants_in,
            "left_out": dict(told.grants),
        },
        "sources": [_held(each) for each in found],
    }


def _held(source: Source) -> dict[str, Any]:
    """What is here of one source, beside what its runs said that there is."""
    of_source = {"app": source.app, "source": source.name}
    return {
        "app": source.app.name,
        "source": source.name,
        "connector": source.connector.name if source.connector else "",
        "run": source.latest.pk if source.latest else None,
        "counted_run": source.counted.pk if source.counted else None,
        "read": source.latest.read if source.latest else {},
        "kept": source.latest.kept if source.latest else {},
        "gaps": source.latest.gaps if source.latest else {},
        "received": source.counted.read if source.counted else {},
        "counted_gaps": source.counted.gaps if source.counted else {},
        "second": source.counted.second if source.counted else {},
        "problem": source.problem,
        "accounts": Account.objects.here().filter(**of_source).count(),
        "entitlements": Entitlement.objects.here().filter(**of_source).count(),
        "grants": Grant.objects.here().of_source(source.app, source.name).count(),
    }
