"""What runs changed in the graph, and what a held one would take away: as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL

from connectors import registry
from connectors.models import CREDENTIAL, Account, Entitlement, Grant, SyncRun
from connectors.queries.lists import GRANT_COUNT, HOLDER_COUNT, counts
from connectors.sync import sql
from core.models.keys import folded

type Rows = QuerySet[Account] | QuerySet[Entitlement] | QuerySet[Grant]

OFF = (Account.Status.DISABLED, Account.Status.DELETED)
LOSSES: Mapping[str, str] = {
    "accounts": "Accounts that would disappear",
    "disabled": "Accounts that would be disabled",
    "grants": "Grants that would end",
    "entitlements": "Entitlements that would disappear",
}
"""What a held run would take away, by the words of the address."""
CHANGES: Mapping[str, str] = {
    "accounts-new": "New accounts",
    "accounts-changed": "Changed accounts",
    "accounts-disabled": "Changed accounts that are disabled",
    "accounts-gone": "Accounts that are gone",
    "entitlements-new": "New entitlements",
    "entitlements-changed": "Changed entitlements",
    "entitlements-gone": "Entitlements that are gone",
    "grants-started": "Grants that began",
    "grants-ended": "Grants that ended",
}
"""What a run changed, by the words of the address."""


def loss_rows(run: SyncRun, what: str, *, words: str = "") -> Rows:
    """What this held run would take away, if it were applied now. Nothing is, by looking."""
    statements = sql.RunSql(run.pk, run.connector.app_id, run.source)
    complete = sorted(set(run.complete) - set(run.gaps))
    things, has_accounts = [kind for kind in complete if kind != "user"], "user" in complete
    if what == "disabled":
        return _accounts(Account.objects.filter(pk__in=_keys(statements.would_disable())), words)
    if what == "accounts":
        gone = statements.would_retire(sql.ACCOUNT, "seen_accounts", "accounts")
        rows = Account.objects.filter(pk__in=_keys(gone)) if has_accounts else Account.objects.none()
        return _accounts(rows, words)
    if what == "entitlements":
        if not things:
            return Entitlement.objects.none()
        gone = statements.would_retire(sql.ENTITLEMENT, "seen_entitlements", "entitlements", things)
        return _entitlements(Entitlement.objects.filter(pk__in=_keys(gone)), words)
    if not complete:
        return Grant.objects.none()
    ended = statements.would_end(things, accounts=has_accounts)
    return _grants(Grant.objects.filter(pk__in=_keys(ended)), words)


def change_rows(run: SyncRun, what: str, *, words: str = "", kind: str = "") -> Rows:
    """What still bears the mark of this run: what a later one changed again stands with that one."""
    noun, _, deed = what.partition("-")
    if noun == "grants":
        column = "first_run" if deed == "started" else "gone_run"
        grants = Grant.objects.filter(**{column: run.pk})
        if deed == "started" and run.started_at is not None:  # by time there is an index
            grants = grants.filter(since__gte=run.started_at)
        return _grants(grants.filter(entitlement__kind=kind) if kind else grants, words)
    marks = {
        "new": Q(first_run=run.pk),
        "changed": Q(changed_run=run.pk) & ~Q(first_run=run.pk),
        "disabled": Q(changed_run=run.pk, status__in=OFF) & ~Q(first_run=run.pk),
        "gone": Q(gone_run=run.pk),
    }
    mine = {"app": run.connector.app_id, "source": run.source}
    if noun == "accounts":
        return _accounts(Account.objects.filter(marks[deed], **mine), words)
    of_kind = {"kind": kind} if kind else {}
    found = Entitlement.objects.filter(marks[deed], **mine, **of_kind).exclude(kind=CREDENTIAL)
    return _entitlements(found, words)


def numbers(run: SyncRun, *, held: bool) -> list[tuple[str, str, int]]:
    """The filters of a page of differences: words of the address, label, and how many there are."""
    labels = LOSSES if held else CHANGES
    rows = ((what, loss_rows(run, what) if held else change_rows(run, what)) for what in labels)
    return [(what, labels[what], found.order_by().count()) for what, found in rows]


def first_of(found: Sequence[tuple[str, str, int]]) -> str:
    """What is shown where the address does not say: the first of these numbers that is not 0."""
    return next((what for what, _, number in found if number), found[0][0])


@dataclass(frozen=True, slots=True)
class Beside:
    """One kind of a held run beside the data in use."""

    label: str
    in_use: int
    held: int

    @property
    def change(self) -> str:
        """-24.1 %; 0 where nothing changes."""
        if self.held == self.in_use:
            return "0"
        if not self.in_use:
            return f"+{self.held:,}"
        return f"{(self.held - self.in_use) * 100 / self.in_use:+.1f} %"

    @property
    def shrinks(self) -> bool:
        return self.held < self.in_use


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A held run in numbers."""

    headline: str
    rows: Sequence[Beside]
    losses: Sequence[tuple[str, str, int]]
    """What would be lost at all: words of the address, label, number."""


def held_run(run: SyncRun) -> HeldRun:
    """What a held run would do to the data in use."""
    now = counts(run.connector)
    in_use = {**now.by_kind, "grant": now.grants}
    labels = [(each.kind, each.label) for each in registry.spec(run.connector.driver).capabilities]
    rows = [
        Beside("Accounts" if kind == "user" else label, in_use.get(kind, 0), _after(run, in_use, kind))
        for kind, label in (*labels, ("grant", "Grants"))
        if kind in run.changes
    ]
    losses = [each for each in numbers(run, held=True) if each[2]]
    return HeldRun(_headline({what: number for what, _, number in losses}, in_use), rows, losses)


def _after(run: SyncRun, in_use: Mapping[str, int], kind: str) -> int:
    changes = run.changes[kind]
    return int(in_use.get(kind, 0) - changes["gone"] + changes["new"])


def _headline(lost: Mapping[str, int], in_use: Mapping[str, int]) -> str:
    accounts, grants = in_use.get("user", 0), in_use.get("grant", 0)
    gone, off = lost.get("accounts", 0), lost.get("disabled", 0)
    if gone and off:
        return f"{gone + off:,} of {accounts:,} accounts would disappear or be disabled."
    if gone or off:
        return f"{gone or off:,} of {accounts:,} accounts would {'disappear' if gone else 'be disabled'}."
    if lost.get("grants"):
        return f"{lost['grants']:,} of {grants:,} grants would end."
    return "More would be lost than is believed unseen."


def _keys(statement: sql.Statement) -> RawSQL:
    return RawSQL(statement.text, statement.values)  # noqa: S611  # names of our own; values stay values


def _accounts(rows: QuerySet[Account], words: str) -> QuerySet[Account]:
    return rows.search(words).select_related("person").annotate(grant_count=GRANT_COUNT)  # type: ignore[attr-defined,no-any-return]  # its own queryset


def _entitlements(rows: QuerySet[Entitlement], words: str) -> QuerySet[Entitlement]:
    return rows.search(words).annotate(holder_count=HOLDER_COUNT)  # type: ignore[attr-defined,no-any-return]  # its own queryset


def _grants(rows: QuerySet[Grant], words: str) -> QuerySet[Grant]:
    """Access is left out: it begins and ends with its account, which is listed itself."""
    rows = rows.exclude(entitlement__kind=CREDENTIAL)
    for word in folded(words).split():
        rows = rows.filter(
            Q(account__search_text__contains=word) | Q(entitlement__search_text__contains=word)
        )
    return rows.select_related("account", "entitlement").annotate(kind=F("entitlement__kind"))
