"""What a scope takes in, entitlement by entitlement: its lines, its policy, whether it was left out."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from connectors.models import Entitlement
from reviews.models import Campaign, Scope, Template
from reviews.queries.applying import Applied, applying, would_apply
from reviews.queries.scope import fitting, grants_in

OWN, OUT = "own", "out"
ONLY: Mapping[str, str] = {OWN: "With a policy of their own", OUT: "Left out"}


@dataclass(frozen=True, slots=True)
class Row:
    entitlement: Entitlement
    lines: int
    """How many there would be; of what is left out, how many there are not."""
    is_left_out: bool
    applied: Applied | None


def entitlements_of(scope: Scope, *, words: str = "", only: str = "") -> QuerySet[Entitlement]:
    """In scope, or left out of it singly; in no order yet."""
    rows = fitting(scope).search(words)
    if only == OUT:
        rows = rows.filter(pk__in=scope.left_out)
    elif only == OWN:
        rows = rows.filter(pk__in=scope.policies.values("entitlement"))
    return rows.select_related("app", "resource")


def entitlement_rows(of: Campaign | Template, entitlements: Sequence[Entitlement]) -> Sequence[Row]:
    """A few reads, however many there are."""
    whole = copy.copy(of.scope)
    whole.left_out = []
    held = grants_in(whole).filter(entitlement__in=entitlements).order_by()
    lines = dict(held.values_list("entitlement").annotate(number=Count("pk")))
    found = applying(of) if isinstance(of, Campaign) else would_apply(of)
    out = set(of.scope.left_out)
    return [
        Row(each, lines.get(each.pk, 0), each.pk in out, found.to(each.app_id, each.pk))
        for each in entitlements
    ]


def known_to(scope: Scope) -> QuerySet[Entitlement]:
    """Whatever one may decide about singly: what fits, and what was decided about before."""
    fits = Q(pk__in=fitting(scope).values("pk"))
    decided = Q(pk__in=scope.left_out) | Q(pk__in=scope.policies.values("entitlement"))
    return Entitlement.objects.filter(fits | decided).select_related("app", "resource")
