"""The count bridge: from what a source said to what became of each line, and whether the numbers tie."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max

from reviews.models import Campaign, Removal, ReviewTask
from reviews.queries.applying import applying
from reviews.queries.scope import Reason

RECEIVED = "Coupa and most apps give no total of their own: what was received is counted, twice."
KEPT = "here from earlier syncs, as this one was told nothing about them"
UNREAD = "here from earlier syncs, of types that this one did not read whole"


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
        told = read.get("grant", 0)
        yield Row(f"Grants here {of_it}", kept["grants"], [(by_it, told), *_kept(kept, told)])


def _kept(kept: Mapping[str, Any], told: int) -> Sequence[tuple[str, int]]:
    """What stayed without being told of, as the run counted it when it was applied. A run from before that
    was counted has no such number: there it is what is left over."""
    if not (counted := kept.get("kept")):
        return [(KEPT, max(0, kept["grants"] - told))]
    return [(KEPT, counted["silent"]), *([(UNREAD, counted["unread"])] if counted["unread"] else [])]


def _reasons(left_out: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(Reason(reason).label, number) for reason, number in left_out.items()]


def _lines(campaign: Campaign) -> Row:
    counted = campaign.tasks.order_by().values_list("status").annotate(number=Count("pk"))
    numbers = dict(counted)
    parts = [(status.label, numbers.get(status.value, 0)) for status in ReviewTask.Status]
    return Row("Lines", campaign.lines, parts)


def _denied(campaign: Campaign) -> Row | None:
    """Denied lines whose policy has access taken away, by what became of them; None where none does."""
    found = applying(campaign)
    removing = [applied for applied in found.all() if found.text_of(applied).removes]
    is_all = len(removing) == len(found.all())
    if not removing and not is_all:
        return None
    denied = campaign.tasks.filter(status=ReviewTask.Status.DENIED)
    if not is_all:
        denied = denied.filter(found.lines_under([each.version.pk for each in removing]))
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
    return Row(
        "Denied" if is_all else "Denied, where the policy has access taken away", denied.count(), parts
    )
