"""The count bridge: from what a source said to what became of each line, and whether the numbers tie."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, QuerySet

from reviews.models import Campaign, Removal, ReviewTask
from reviews.queries.line_policies import policies_of
from reviews.queries.scope import Reason

RECEIVED = "Coupa and most apps give no total of their own: what was received is counted, twice."
KEPT = "here from earlier syncs, as this one was told nothing about them"


@dataclass(frozen=True, slots=True)
class Row:
    """One number, and the parts that it must be the sum of."""

    name: str
    total: int
    parts: Sequence[tuple[str, int]]
    note: str = ""

    @property
    def said(self) -> str:
        parts = " + ".join(f"{number:,} {name}" for name, number in self.parts)
        return f"{self.name}: {self.total:,}, but {parts}"

    @property
    def ties(self) -> bool:
        return self.total == sum(number for _, number in self.parts)


@dataclass(frozen=True, slots=True)
class Bridge:
    rows: Sequence[Row]

    @property
    def ties(self) -> bool:
        return all(row.ties for row in self.rows)

    @property
    def breaks(self) -> Sequence[Row]:
        """The rows that do not."""
        return [row for row in self.rows if not row.ties]


def of(campaign: Campaign) -> Bridge:
    """As frozen, and as its lines and removals stand now. Without rows before it is frozen."""
    if campaign.frozen_at is None:
        return Bridge(())
    rows = [*frozen(campaign.bridge), _lines(campaign)]
    denied = _denied(campaign)
    return Bridge([*rows, denied] if denied else rows)


def frozen(kept: Mapping[str, Any]) -> list[Row]:
    """What was counted when the population was frozen."""
    rows = [row for source in kept.get("sources", ()) for row in _source(source)]
    for what, name in (("accounts", "Accounts here"), ("grants", "Grants here")):
        if counts := kept.get(what):
            into = ("in scope", counts["in"]) if what == "accounts" else ("lines", kept["lines"])
            rows.append(Row(name, counts["total"], [into, *_reasons(counts["left_out"])]))
    return rows


def _source(kept: Mapping[str, Any]) -> Iterator[Row]:
    of_it = f"from {kept['source']}"
    received, second = kept["received"], kept["second"]
    if second:
        twice = f"second count of sync {kept['counted_run']}"
        rows = [("Accounts", "user")] if kept["counted_gaps"] else [("Accounts", "user"), ("Grants", "grant")]
        for word, kind in rows:
            parts = [(twice, second.get(kind, 0))]
            yield Row(f"{word} received {of_it}", received.get(kind, 0), parts, RECEIVED)
    if (read := kept["read"]) and not kept["gaps"]:
        by_it = f"received by sync {kept['run']}"
        yield Row(f"Accounts here {of_it}", kept["accounts"], [(by_it, read.get("user", 0))])
        silent = max(0, kept["grants"] - read.get("grant", 0))
        yield Row(f"Grants here {of_it}", kept["grants"], [(by_it, read.get("grant", 0)), (KEPT, silent)])


def _reasons(left_out: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(Reason(reason).label, number) for reason, number in left_out.items()]


def _lines(campaign: Campaign) -> Row:
    counted = campaign.tasks.order_by().values_list("status").annotate(number=Count("pk"))
    numbers = dict(counted)
    parts = [(status.label, numbers.get(status.value, 0)) for status in ReviewTask.Status]
    return Row("Lines", campaign.lines, parts)


def _denied(campaign: Campaign) -> Row | None:
    """Denied lines by what became of them; None where the policy removes nothing."""
    version = campaign.policy_version
    if version is not None and not version.content.get("removes", True):
        return None
    denied = campaign.tasks.filter(status=ReviewTask.Status.DENIED)
    last = Removal.objects.filter(task__in=denied).order_by().values("task").annotate(last=Max("number"))
    counted = (
        Removal.objects.filter(number__in=last.values("last"))
        .order_by()
        .values_list("status")
        .annotate(number_of=Count("number"))
    )
    numbers = dict(counted)
    proven = numbers.pop(Removal.Status.PROVEN, 0)
    excepted = numbers.pop(Removal.Status.EXCEPTED, 0)
    dropped = numbers.pop(Removal.Status.DROPPED, 0)
    parts = [
        (Removal.Status.PROVEN.label, proven),
        (Removal.Status.EXCEPTED.label, excepted),
        (Removal.Status.DROPPED.label, dropped),
        ("Open", sum(numbers.values())),
    ]
    if kept := _left_by_policy(campaign, denied):
        parts.append(("Left as it is by its own policy", kept))
    return Row("Denied", denied.count(), parts)


def _left_by_policy(campaign: Campaign, denied: QuerySet[ReviewTask]) -> int:
    """Lines under another policy than the rest, which takes nothing away."""
    policies = policies_of(campaign)
    keys = [task for task in policies.own if not policies.of(task, "").removes]
    removals = Removal.objects.filter(task=OuterRef("pk"))
    return denied.filter(~Exists(removals), pk__in=keys).count() if keys else 0
