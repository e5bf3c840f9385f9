"""What rules would give: set-wise, so that an app of any size costs a few statements."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from connectors.models import App, Entitlement, TagRule
from core.models.keys import folded

SAMPLE = 10
BY_HAND = Q(tagged_by_rule=Entitlement.BY_PERSON) | (Q(tagged_by_rule="") & (~Q(risk="") | ~Q(frameworks=[])))
"""What a person decided, be it none. It wins over every rule."""


def fitting(rule: TagRule) -> Q:
    """Entitlements that a rule fits, whoever else gives them something."""
    fit = Q(kind=rule.kind) if rule.kind else Q()
    for word in folded(rule.words).split():
        fit &= Q(search_text__contains=word)
    return fit


def rule_rows(app: App) -> QuerySet[TagRule]:
    """The rules of an app in their order."""
    return TagRule.objects.filter(app=app).order_by("rank", "id")


def given_by(rule: TagRule, before: Sequence[TagRule]) -> QuerySet[Entitlement]:
    """What this rule decides on: here, not locked, not set by hand, and that no rule before it fits."""
    rows = Entitlement.objects.here().filter(fitting(rule), app=rule.app_id, is_locked=False)
    rows = rows.exclude(BY_HAND)
    for other in before:
        fit = fitting(other)
        rows = rows.exclude(fit) if fit else rows.none()
    return rows


def rules_before(rule: TagRule) -> Sequence[TagRule]:
    """Those that are on and come first."""
    first = Q(rank__lt=rule.rank) | Q(rank=rule.rank, pk__lt=rule.pk)
    return list(TagRule.objects.filter(first, app=rule.app_id, is_on=True).order_by("rank", "id"))


@dataclass(frozen=True, slots=True)
class Preview:
    """What switching a rule on would do."""

    number: int
    sample: Sequence[Entitlement]
    locked: int
    by_hand: int
    earlier: int
    """Fit, and are given theirs by a rule before it."""


def preview(rule: TagRule) -> Preview:
    """Four counts and a sample, whatever the size of the app."""
    fit = Entitlement.objects.here().filter(fitting(rule), app=rule.app_id)
    given = given_by(rule, rules_before(rule))
    number = given.count()
    locked = fit.filter(is_locked=True).count()
    by_hand = fit.filter(BY_HAND, is_locked=False).count()
    sample = list(given.select_related("resource").order_by("search_text", "pk")[:SAMPLE])
    return Preview(number, sample, locked, by_hand, fit.count() - number - locked - by_hand)
