"""What a population rests on: every source of a scope, how fresh and how complete it is, and the people."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils.timezone import now

from connectors.models import CREDENTIAL, Account, App, Connector, Entitlement, SyncRun
from connectors.queries.files import FileInForce, files_in_force, reads_files
from core.models import PeopleImport, User
from core.models.sign_in import IdentityProvider
from reviews.models import Campaign, PopulationSource, ReviewRules, Scope
from reviews.queries.scope import apps_in

FILE_FRESH = timedelta(days=7)
"""How old a file may be that accounts and access came from, since it was handed in."""
ACCOUNTS = "user"


@dataclass(frozen=True, slots=True)
class Source:
    """One source of the rows of one app."""

    app: App
    name: str
    """As rows name it; empty where nothing was ever set up."""
    connector: Connector | None
    """None where rows are here that nothing reads any more."""
    latest: SyncRun | None
    """The last run that was done: what is here is what it saw."""
    counted: SyncRun | None
    """The last one whose two readings agreed."""
    under_way: SyncRun | None
    """One that is not over: waiting, running, or held for a person."""
    problem: str
    """Why a population should not rest on it now, as a sentence; empty: it may."""
    lasting: str = ""
    """Of that, what another sync would hardly put right: somebody has to look. Empty: nothing."""
    files: Sequence[FileInForce] = ()
    """What people handed in, where it reads files: every line of one is read, so it is complete by itself."""

    @property
    def handed_in_at(self) -> datetime | None:
        """Of its files the oldest."""
        return _oldest(self.files)

    @property
    def is_good(self) -> bool:
        return not self.problem

    @property
    def is_running(self) -> bool:
        return self.under_way is not None and self.under_way.status in SyncRun.UNFINISHED


@dataclass(frozen=True, slots=True)
class People:
    """Where owners, managers and titles come from."""

    file: str
    """The last file that was applied; empty: people are kept by hand."""
    at: datetime | None
    """When it was applied; by hand, when somebody was changed last."""
    problem: str
    sha256: str = ""
    provider: str = ""
    """The identity provider in force."""


def of_scope(scope: Scope) -> list[Source]:
    """Every source of the apps of a scope, by app: those that something reads, and those that left rows."""
    kinds, rules = _kinds(scope), ReviewRules.current()
    found: list[Source] = []
    for app in apps_in(scope).order_by("search_text", "pk"):
        for name, connector in sorted(_readers(app).items()):
            found.append(_source(app, name, connector, kinds, rules))
    return found


def apps_of(campaign: Campaign) -> set[str]:
    """The apps it rests on, by their keys: as frozen, and until then as its scope names them."""
    frozen = set(campaign.sources.values_list("connector__app", flat=True))
    return frozen or set(apps_in(campaign.scope).values_list("pk", flat=True))


def rested_on(*, owned_by: User | None = None) -> set[str]:
    """The apps that campaigns rest on just now, from staging until they are over: of all, or of one owner."""
    at_work = Campaign.objects.exclude(status__in=(Campaign.Status.DRAFT, *Campaign.OVER))
    if owned_by is not None:
        at_work = at_work.filter(ownerships__user=owned_by)
    frozen = PopulationSource.objects.filter(campaign__in=at_work).values_list("connector__app", flat=True)
    thawed = at_work.filter(frozen_at=None).select_related("scope")
    return {*frozen.distinct(), *(app for each in thawed for app in apps_of(each))}


def too_near(connector: Connector, user: User) -> str:
    """Why this person may not take a held run of it for the truth: they own a campaign that rests on it."""
    if connector.is_under_review and connector.app_id in rested_on(owned_by=user):
        return (
            f"You own a campaign that rests on {connector}, so another Connector Administrator or Super"
            " Administrator has to confirm it."
        )
    return ""


def people() -> People:
    """The last file of people that was applied; else by hand, which is never old: when is said."""
    last = PeopleImport.objects.filter(status=PeopleImport.Status.APPLIED).order_by("-ended_at").first()
    in_force = IdentityProvider.objects.filter(status=IdentityProvider.Status.IN_FORCE).first()
    provider = str(in_force) if in_force else ""
    if last is None or last.ended_at is None:
        changed = User.objects.aggregate(at=Max("changed_at"))["at"]
        return People("", changed, "", provider=provider)
    problem = ""
    rules = ReviewRules.current()
    if last.ended_at < now() - rules.people_for:
        days = (now() - last.ended_at).days
        problem = (
            f"The last file of people, {last}, was applied {_days(days)} ago, and may be"
            f" {_days(rules.people_days)} old at most. A Super Administrator can bring in a new one."
        )
    return People(str(last), last.ended_at, problem, last.sha256, provider)


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def runs_by_source(sources: Collection[Source]) -> Mapping[tuple[str, str], int]:
    """By app and source: the number of the run that every line of it names."""
    return {(each.app.pk, each.name): each.latest.pk for each in sources if each.latest is not None}


def _readers(app: App) -> dict[str, Connector | None]:
    """By source: the connector that reads it, or the one that did before it was deleted."""
    readers: dict[str, Connector | None] = dict.fromkeys(_told_of(app))
    for connector in app.connectors.exclude(source="").order_by("deleted_at", "pk"):
        if connector.deleted_at is None:
            present = readers.get(connector.source)
            if present is None or _counted_later(connector, present):
                readers[connector.source] = connector
        elif connector.source in readers and readers[connector.source] is None:
            readers[connector.source] = connector
    if not readers and (idle := app.connectors.here().first()):
        readers[""] = idle
    return readers


def _told_of(app: App) -> Iterator[str]:
    rows = Account.objects.here().filter(app=app).order_by()
    yield from rows.values_list("source", flat=True).distinct()


def _counted_later(one: Connector, other: Connector) -> bool:
    if one.counted_at is None or other.deleted_at is not None:
        return other.deleted_at is not None
    return other.counted_at is None or one.counted_at > other.counted_at


def _kinds(scope: Scope) -> frozenset[str]:
    """The kinds that must be complete; none named: all that was read."""
    if scope.entitlements:
        named = Entitlement.objects.filter(pk__in=scope.entitlements).order_by()
        return frozenset(named.values_list("kind", flat=True).distinct())
    return frozenset(scope.kinds)


def _source(
    app: App, name: str, connector: Connector | None, kinds: Collection[str], rules: ReviewRules
) -> Source:
    if connector is None or not name:
        unread = _unread(app, name, connector)
        return Source(app, name, connector, None, None, None, unread, unread)
    runs = SyncRun.objects.filter(connector__app=app, source=name).select_related("connector")
    done = runs.filter(status=SyncRun.Status.DONE).order_by("-pk")
    latest, counted = done.first(), done.filter(counted_at__isnull=False).first()
    under_way = runs.filter(status__in=SyncRun.OPEN).order_by("-pk").first()
    if reads_files(connector):
        files = files_in_force(connector)
        problem = _file_problem(connector, latest, files, under_way, kinds)
        return Source(app, name, connector, latest, None, under_way, problem, problem, files)
    stopped = _stopped(connector, under_way)
    gaps = _gap(connector, latest, kinds) or _gap(connector, counted, kinds)
    problem = stopped or _unproven(connector, latest, counted, rules) or gaps
    return Source(app, name, connector, latest, counted, under_way, problem, stopped or gaps)


def _unread(app: App, name: str, connector: Connector | None) -> str:
    if connector is not None:
        return f"{connector} is not set up yet, so nothing was read of {app}."
    return f"{app} holds accounts of {name}, which no connector reads any more."


def _stopped(connector: Connector, under_way: SyncRun | None) -> str:
    if connector.deleted_at is not None:
        return f"{connector} was deleted, so what it read is as old as its last sync."
    if under_way is not None and under_way.status == SyncRun.Status.HELD:
        return (
            f"Sync {under_way.pk} of {connector} is held: a Connector Administrator or a Super Administrator"
            " has to confirm or discard it."
        )
    return ""


def _unproven(
    connector: Connector, latest: SyncRun | None, counted: SyncRun | None, rules: ReviewRules
) -> str:
    """What another counted run would put right."""
    if latest is None:
        return f"{connector} was never read."
    if counted is None or counted.counted_at is None:
        return f"{connector} was never read twice by one sync, so nothing proves that it is complete."
    if counted.counted_at < now() - rules.counted_for:
        hours = int((now() - counted.counted_at).total_seconds() // 3600)
        most = rules.counted_hours
        return f"The last counted sync of {connector} is {_hours(hours)} old, and may be {most} at most."
    return ""


def _file_problem(
    connector: Connector,
    latest: SyncRun | None,
    files: Sequence[FileInForce],
    under_way: SyncRun | None,
    kinds: Collection[str],
) -> str:
    """A file is complete by itself: what may be wrong is its age, and what stands in none."""
    if stopped := _stopped(connector, under_way):
        return stopped
    if latest is None:
        return f"{connector} was never read."
    at, newest = _oldest(files), max((each.at for each in files if each.at), default=None)
    names = " and ".join(each.name for each in files)
    if at is None or newest is None:
        return f"When the files of {connector} came in is not known. Whoever looks after it can replace them."
    if (latest.started_at or latest.created_at) < newest:
        return f"{connector} was not read since {names} came in. Start a sync of it."
    if at < now() - FILE_FRESH:
        days = (now() - at).days
        return (
            f"{names} of {connector} came in {days} days ago, and may be {FILE_FRESH.days} days old at most."
            " Whoever looks after it can replace it."
        )
    return _gap(connector, latest, kinds)


def _oldest(files: Sequence[FileInForce]) -> datetime | None:
    """When the oldest came in; None where that is not known of each."""
    known = [each.at for each in files if each.at]
    return min(known) if known and len(known) == len(files) else None


def _hours(number: int) -> str:
    return "1 hour" if number == 1 else f"{number} hours"


def _gap(connector: Connector, run: SyncRun | None, kinds: Collection[str]) -> str:
    if run is None:
        return ""
    needed = {*kinds, ACCOUNTS} - {CREDENTIAL} if kinds else set(run.gaps)
    missing = [run.gaps[kind] for kind in sorted(needed & set(run.gaps))]
    if missing:
        return f"Sync {run.pk} of {connector} is not complete: {' '.join(missing)}"
    return ""
