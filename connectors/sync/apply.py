"""Brings what a run laid aside into the graph: new, changed, gone; then whose account is whose.

For one transaction of the caller's, who looks at the numbers and may roll back.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

from django.db.models import Count
from django.utils.timezone import now

from connectors.contract import EVERY_OTHER_KIND, DriverError
from connectors.models import (
    CREDENTIAL,
    Account,
    Entitlement,
    Grant,
    Resource,
    ResourceType,
    SyncPage,
    SyncRun,
)
from connectors.sync import access, bulk, holdings, sql
from connectors.sync.guard import Shrink
from connectors.sync.matching import Match
from connectors.sync.rematch import directory, is_by_people, rematch_unchanged, strategy_of
from connectors.sync.rows import Laid, Row, Rows
from connectors.sync.store import CHUNK
from core.models import Organisation

ALWAYS = ("digest", "changed_run", "changed_at", "gone_at", "gone_run")
UPDATED: Mapping[type[Resource | Entitlement | Account], Sequence[str]] = {
    Resource: (*ALWAYS, "name", "description", "profile", "search_text"),
    Entitlement: (*ALWAYS, "resource_id", "slug", "name", "description", "search_text"),
    Account: (
        *(*ALWAYS, "login", "email", "name", "employee_id", "status", "status_word", "marks", "profile"),
        *("person_id", "matched_by", "match_hint", "is_external", "search_text"),
    ),
}
"""What an upsert writes where the row is here already."""
ASKED: Mapping[type[Resource | Entitlement | Account], Sequence[str]] = {
    Resource: ("own_name",),
    Entitlement: ("alias", "own_slug", "resource__own_name"),
    Account: ("status", "matched_by", "person_id", "match_hint"),
}
"""What is looked up of rows that are here: names that people gave are searched for
too, owners that people set stay."""


@dataclass(slots=True)
class Outcome:
    """What applying a run did, by kind; `user` are accounts."""

    before: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)
    silenced: set[str] = field(default_factory=set)
    """The vendor's ids of accounts that were enabled and no longer are."""
    kept: Mapping[str, int] = field(default_factory=dict)
    """Grants that stayed though it was not told of them, as `SyncRun.kept` has them."""

    def changes(self) -> dict[str, dict[str, int]]:
        kinds = sorted(self.before.keys() | self.new.keys())
        return {
            kind: {"new": self.new[kind], "changed": self.changed[kind], "gone": self.gone[kind]}
            for kind in kinds
        }

    def shrinks(self, names: Mapping[str, str]) -> list[Shrink]:
        """What the guard looks at, accounts first; `names` are those of the kinds."""
        ours = {"user": "Accounts", "grant": "Grants"}
        return [
            Shrink(
                ours.get(kind, "kind").lower(),
                ours.get(kind) or names.get(kind, kind),
                before=before,
                gone=self.gone[kind],
                left=before - self.gone[kind] + self.new[kind],
                disabled=len(self.silenced) if kind == "user" else 0,
            )
            for kind, before in self.before.items()
        ]


def apply(run: SyncRun) -> Outcome:
    """Make the graph what the run saw. Rows that did not change are not written.

    Raises DriverError if a grant names what nothing else named.
    """
    work = _Difference(run)
    for page in run.pages.order_by("seq").iterator(chunk_size=1):
        work.take_kinds(json.loads(page.kinds))
        work.take_resources(page)
        work.take_entitlements(page)
        work.take_accounts(page)
        work.laid += len(page.grants)
    work.take_grants()
    whole = sorted(_complete(run) - set(run.gaps))
    work.retire(whole)
    work.count_kept(whole)
    work.rematch()
    return work.outcome


def _complete(run: SyncRun) -> set[str]:
    """The kinds of which everything was named; `*` speaks for all that this source ever had."""
    complete = set(run.complete)
    if EVERY_OTHER_KIND in complete:
        types = ResourceType.objects.filter(app=run.connector.app_id, source=run.source)
        complete.remove(EVERY_OTHER_KIND)
        complete.update(types.exclude(kind__in=[*run.kinds, CREDENTIAL]).values_list("kind", flat=True))
    return complete


class _Difference:
    """One run on its way into the graph."""

    def __init__(self, run: SyncRun) -> None:
        self._run = run
        self._mine = {"app": run.connector.app_id, "source": run.source}
        self._sql = sql.RunSql(run.pk, run.connector.app_id, run.source)
        self._rows = Rows(run, now())
        self._directory = directory(strategy_of(run.connector.app))
        self._organisation = Organisation.current()
        self.outcome = Outcome(before=self._count())
        self._is_first = not holdings.holds_any(run)
        self._written: dict[type[Resource | Entitlement | Account], set[str]] = {
            table: set() for table in UPDATED if not table._default_manager.filter(**self._mine).exists()
        }
        """Of tables that held nothing of the source: what can be found there is what this run wrote."""
        self.laid = 0
        """How long the grants are that were laid aside."""

    def take_kinds(self, kinds: Iterable[Mapping[str, str]]) -> None:
        known = dict(ResourceType.objects.filter(**self._mine).values_list("kind", "name"))
        for record in kinds:
            if known.get(record["kind"]) != record["name"]:
                ResourceType.objects.update_or_create(
                    app=self._run.connector.app,
                    source=self._run.source,
                    kind=record["kind"],
                    defaults={"name": record["name"]},
                )

    def take_resources(self, page: SyncPage) -> None:
        laid = {_key(record): record for record in json.loads(page.resources)}
        known = self._known(Resource, page, "seen_resources", laid)
        self._tally(laid, known, kind=None)
        self._upsert(
            Resource,
            laid,
            lambda record: self._rows.resource(record, _own(known.get(_key(record)), Resource)),
        )

    def take_entitlements(self, page: SyncPage) -> None:
        laid = {record["id"]: record for record in json.loads(page.entitlements)}
        of = {key: f"{record['kind']}:{record['resource_id']}" for key, record in laid.items()}
        found = self._existing(Resource, sorted(set(of.values())))
        here = {key for key, row in found.items() if row["gone_at"] is None}
        lost = [key for key, resource in of.items() if resource not in here]
        if lost:
            raise DriverError(f"The app named {lost[0]} but not the {of[lost[0]]} that it is about.")

        known = self._known(Entitlement, page, "seen_entitlements", laid)
        self._upsert(
            Entitlement,
            laid,
            lambda record: self._rows.entitlement(
                record, found[of[record["id"]]]["pk"], _own(known.get(record["id"]), Entitlement)
            ),
        )

    def take_accounts(self, page: SyncPage) -> None:
        laid = {record["id"]: record for record in json.loads(page.accounts)}
        known = self._known(Account, page, "seen_accounts", laid)
        self._tally(laid, known, kind="user")
        gone_quiet = (Account.Status.DISABLED, Account.Status.DELETED)
        for key, row in known.items():
            was_enabled = row["gone_at"] is None and row["status"] == Account.Status.ENABLED
            if laid[key]["status"] not in gone_quiet:
                self.outcome.silenced.discard(key)  # it came twice, and the later one says that it works
            elif was_enabled:
                self.outcome.silenced.add(key)
        self._upsert(Account, laid, lambda record: self._account(record, known.get(record["id"])))

    def take_grants(self) -> None:
        self.outcome.new["grant"] = holdings.begin(
            self._run, self._rows.at, self.laid, are_first=self._is_first
        )

    def retire(self, kinds: Sequence[str]) -> None:
        """End what a complete run no longer saw. Of other kinds nothing is taken away."""
        at = self._rows.at
        if "user" in kinds:
            self.outcome.gone["user"] = sql.execute(self._sql.retire(sql.ACCOUNT, "seen_accounts", at))
        things = [kind for kind in kinds if kind not in ("user", CREDENTIAL)]
        ended = 0
        if things:
            if sql.execute(self._sql.retire(sql.RESOURCE, "seen_resources", at, things)):
                self.outcome.gone.update(self._gone_resources())
            sql.execute(self._sql.retire(sql.ENTITLEMENT, "seen_entitlements", at, things))
            if self.outcome.before["grant"]:  # else there is nothing that could end
                ended += sql.execute(self._sql.retire_grants(at, things))
        access.settle(self._run, at)  # before the grants of accounts that went: its own are not counted
        for table, column in ((sql.ACCOUNT, "account_id"), (sql.ENTITLEMENT, "entitlement_id")):
            ended += sql.execute(self._sql.end_grants_of_the_gone(table, column, at))
        self.outcome.gone["grant"] = ended

    def count_kept(self, kinds: Sequence[str]) -> None:
        """What stayed although this run did not see it; looked for only where there can be some."""
        things = [kind for kind in kinds if kind not in ("user", CREDENTIAL)]
        is_silent = self._run.pages.exclude(silent_grants="[]").exists()
        known = [*things, CREDENTIAL]
        unread = Entitlement.objects.filter(**self._mine).exclude(kind__in=known).exists()
        silent = sql.number(self._sql.kept_by_silence(things)) if is_silent and things else 0
        self.outcome.kept = {
            "silent": silent,
            "unread": sql.number(self._sql.kept_unread(known)) if unread else 0,
        }

    def rematch(self) -> None:
        """Match the accounts that stayed as they were: the people may have changed."""
        rematch_unchanged(self._run, self._directory)

    def _account(self, record: Laid, known: Mapping[str, Any] | None) -> Row:
        if known and is_by_people(known["matched_by"]):
            match = Match(known["person_id"] or "", known["matched_by"], known["match_hint"])
        else:
            names = ("employee_id", "email", "login", "name", "profile")
            match = self._directory.match(**{name: record[name] for name in names}, key=record["id"])
        return self._rows.account(record, match, is_external=self._organisation.is_stranger(record["email"]))

    def _known(
        self,
        table: type[Resource | Entitlement | Account],
        page: SyncPage,
        column: str,
        laid: dict[str, Laid],
    ) -> dict[str, dict[str, Any]]:
        """Rows that what is laid aside would change. What a later page saw unchanged is taken out of
        `laid`: of a record that came twice the later one wins."""
        known = self._existing(table, sorted(laid))
        if known:
            again = {row[0] for row in sql.rows(self._sql.seen_again(column, page.seq))}
            for key in [key for key, row in known.items() if row["pk"] in again]:
                del laid[key], known[key]
        return known

    def _existing(
        self, table: type[Resource | Entitlement | Account], ids: Collection[str]
    ) -> dict[str, dict[str, Any]]:
        written = self._written.get(table)
        wanted = ids if written is None else [key for key in ids if key in written]
        columns = ["external_id", "pk", "digest", "gone_at", "changed_run", *ASKED[table]]
        found: dict[str, dict[str, Any]] = {}
        for chunk in batched(wanted, CHUNK):
            rows = table._default_manager.filter(**self._mine, external_id__in=chunk).values(*columns)
            found |= {row["external_id"]: row for row in rows}
        return found

    def _tally(
        self, laid: Mapping[str, Laid], known: Mapping[str, Mapping[str, Any]], *, kind: str | None
    ) -> None:
        for key, record in laid.items():
            row = known.get(key)
            counted = kind or record["kind"]
            if row is None or row["gone_at"] is not None:
                self.outcome.new[counted] += 1
            elif row["changed_run"] != self._run.pk and row["digest"] != record["digest"]:
                self.outcome.changed[counted] += 1

    def _upsert(
        self,
        table: type[Resource | Entitlement | Account],
        laid: Mapping[str, Laid],
        make: Callable[[Laid], Row],
    ) -> None:
        """All in the order of their ids: two writers of one order never wait for each other."""
        bulk.upsert(table, [make(laid[key]) for key in sorted(laid)], UPDATED[table])
        if table in self._written:
            self._written[table].update(laid)

    def _count(self) -> Counter[str]:
        """What is here before anything is applied."""
        app, source = self._mine["app"], self._mine["source"]
        grants = Grant.objects.here().of_source(app, source)
        counts = Counter(user=Account.objects.here().filter(**self._mine).count(), grant=grants.count())
        resources = Resource.objects.here().filter(**self._mine).exclude(kind=CREDENTIAL)
        by_kind = resources.values("kind").annotate(n=Count("pk"))
        counts.update({row["kind"]: row["n"] for row in by_kind.order_by("kind")})
        return counts

    def _gone_resources(self) -> dict[str, int]:
        gone = Resource.objects.filter(**self._mine, gone_run=self._run.pk).values("kind")
        return {row["kind"]: row["n"] for row in gone.annotate(n=Count("pk")).order_by("kind")}


def _key(resource: Laid) -> str:
    """The external id of a resource."""
    return f"{resource['kind']}:{resource['id']}"


def _own(row: Mapping[str, Any] | None, table: type[Resource | Entitlement]) -> Sequence[str]:
    """The names that people gave it here."""
    return [row[column] for column in ASKED[table]] if row else []
