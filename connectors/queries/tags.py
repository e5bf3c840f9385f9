"""Values of tags, and what bears them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from connectors.models import Entitlement, Tag, TagRule
from connectors.queries.entitlements import bears, with_frameworks


@dataclass(frozen=True, slots=True)
class TagUse:
    """One value, and how many entitlements that are still there bear it."""

    tag: Tag
    number: int


def tag_uses(kind: str) -> Sequence[TagUse]:
    """The values of one kind in their order: two reads, whatever their number."""
    numbers: dict[str, int] = {}
    if kind == Tag.Kind.RISK:
        for name in Entitlement.objects.here().exclude(risk="").values_list("risk", flat=True).iterator():
            numbers[name] = numbers.get(name, 0) + 1
    else:
        for names in Entitlement.objects.here().exclude(frameworks=[]).values_list("frameworks", flat=True):
            for name in names:
                numbers[name] = numbers.get(name, 0) + 1
    rows = Tag.objects.filter(kind=kind).order_by("rank", "name")
    return [TagUse(tag, numbers.get(tag.name, 0)) for tag in rows]


def bearing_framework(name: str) -> tuple[QuerySet[Entitlement], QuerySet[TagRule]]:
    """Entitlements and rules that bear a framework."""
    return (
        with_frameworks(Entitlement.objects.all()).filter(bears(name)),
        TagRule.objects.filter(pk__in=[rule.pk for rule in TagRule.objects.all() if name in rule.frameworks]),
    )
