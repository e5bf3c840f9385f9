"""The entitlements of an app, narrowed down; who holds one, and who did."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, TextField
from django.db.models.functions import Cast

from connectors.models import Account, App, Entitlement, EntitlementOwner, Grant, Tag
from connectors.queries.lists import entitlement_rows
from core.models import Organisation

NO_OWNER, NOBODY_HOLDS = "no-owner", "nobody-holds"
ONLY = {NO_OWNER: "No owner", NOBODY_HOLDS: "Nobody holds it"}


@dataclass(frozen=True, slots=True)
class WantedEntitlements:
    """What the list is narrowed down to: OR inside kinds, risks and frameworks, AND across them."""

    words: str = ""
    kinds: Collection[str] = ()
    risks: Collection[str] = ()
    frameworks: Collection[str] = ()
    only: str = ""
    since: date | None = None

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "WantedEntitlements":
        """From the query of the page's address, several values joined by commas."""
        only = asked.get("only", "")
        return cls(
            words=asked.get("q", "")[:200].strip(),
            kinds=_several(asked.get("kind", "")),
            risks=_several(asked.get("risk", "")),
            frameworks=_several(asked.get("framework", "")),
            only=only if only in ONLY else "",
            since=day(asked.get("since", "")),
        )

    @property
    def asked(self) -> dict[str, str]:
        """As it stands in an address, several values joined by commas."""
        named = {
            "q": self.words,
            "kind": ",".join(self.kinds),
            "risk": ",".join(self.risks),
            "framework": ",".join(self.frameworks),
            "only": self.only,
            "since": self.since.isoformat() if self.since else "",
        }
        return {name: value for name, value in named.items() if value}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.kinds or self.risks or self.frameworks or self.only or self.since)


def narrowed_entitlements(app: App, wanted: WantedEntitlements) -> QuerySet[Entitlement]:
    """The entitlements that are still there and fit, with owners and number of holders at hand."""
    rows = entitlement_rows(app, words=wanted.words)
    if wanted.kinds:
        rows = rows.filter(kind__in=wanted.kinds)
    if wanted.risks:
        rows = rows.filter(risk__in=wanted.risks)
    if wanted.frameworks:
        rows = with_frameworks(rows).filter(reduce(or_, (bears(name) for name in wanted.frameworks)))
    if wanted.since:
        begin = datetime.combine(wanted.since, time(), Organisation.current().zone)
        rows = rows.filter(first_seen_at__gte=begin)
    if wanted.only == NO_OWNER:
        rows = rows.filter(~Exists(EntitlementOwner.objects.filter(thing=OuterRef("pk"))))
    elif wanted.only == NOBODY_HOLDS:
        rows = rows.filter(~Exists(Grant.objects.here().filter(entitlement=OuterRef("pk"))))
    return rows.prefetch_related(Prefetch("ownerships", queryset=entitlement_owners()))


def entitlement_owners() -> QuerySet[EntitlementOwner]:
    """People by name first."""
    rows = EntitlementOwner.objects.select_related("user", "entitlement")
    return rows.order_by("user__search_text", "pk")


def tag_names(kind: Tag.Kind) -> list[str]:
    """The values of a kind as Settings have them, in their order."""
    return list(Tag.objects.filter(kind=kind).order_by("rank", "name").values_list("name", flat=True))


def holdings(
    entitlement: Entitlement, *, past: bool = False, words: str = "", status: str = "", type: str = ""
) -> QuerySet[Grant]:
    """Who holds an entitlement, or once did. Filters are of the account."""
    rows = Grant.objects.filter(entitlement=entitlement)
    rows = rows.gone() if past else rows.here()
    accounts = Account.objects.filter(app=entitlement.app_id).search(words)
    if status in Account.Status:
        accounts = accounts.filter(status=status)
    if type in Account.Type:
        accounts = accounts.filter(type=type)
    if words or status or type:
        rows = rows.filter(account__in=accounts)
    return rows.select_related("account__person")


def with_frameworks(rows: QuerySet[Entitlement]) -> QuerySet[Entitlement]:
    """Rows that `bears` can be asked of."""
    return rows.annotate(frameworks_text=Cast("frameworks", TextField()))


def bears(name: str) -> Q:
    """One database keeps letters beyond ASCII as they are, the other as JSON escapes them."""
    return Q(frameworks_text__contains=json.dumps(name)) | Q(
        frameworks_text__contains=json.dumps(name, ensure_ascii=False)
    )


def day(text: str) -> date | None:
    """A day as addresses write it; None for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _several(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in text[:1000].split(",") if each))
