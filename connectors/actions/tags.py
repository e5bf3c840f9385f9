"""The values that entitlements may bear: risk levels and frameworks. Super Administrators decide on them."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now

from connectors.actions.permission import must_be_super
from connectors.models import App, Entitlement, Tag, TagRule
from connectors.queries.tags import bearing_framework
from core.errors import NotPossible
from core.models import User
from core.states import must_be_unchanged
from core.trail import record


@transaction.atomic
def add(kind: str, name: str, *, is_grave: bool, by: User) -> Tag:
    """One more value; a risk level is the gravest in order. Raises Denied, NotPossible if it is there."""
    must_be_super(by)
    _must_be_free(kind, name)
    last = Tag.objects.filter(kind=kind).aggregate(last=Max("rank"))["last"] or 0
    grave = is_grave and kind == Tag.Kind.RISK
    tag = Tag.objects.create(kind=kind, name=name, rank=last + 1, is_grave=grave)
    record("tags.added", tag, by=by, kind=tag.get_kind_display(), grave=grave)
    return tag


@transaction.atomic
def change(tag: Tag, *, name: str, is_grave: bool, by: User, seen: datetime | None) -> int:
    """Rename it, on every entitlement and rule that bears it, too. Answers how many entitlements bear it.

    Raises Denied, StaleState, NotPossible if another has the name.
    """
    must_be_super(by)
    tag = Tag.objects.select_for_update().get(pk=tag.pk)
    must_be_unchanged(tag.changed_at, seen=seen)
    grave = is_grave and tag.kind == Tag.Kind.RISK
    if (name, grave) == (tag.name, tag.is_grave):
        return 0
    if name != tag.name:
        _must_be_free(tag.kind, name)
    before = {"name": tag.name, "grave": tag.is_grave}
    renamed = _rename(tag, name) if name != tag.name else 0
    tag.name, tag.is_grave, tag.changed_at = name, grave, now()
    tag.save(update_fields=["name", "is_grave", "changed_at"])
    after = {"name": name, "grave": grave}
    record("tags.changed", tag, by=by, before=before, after=after, entitlements=renamed)
    return renamed


@transaction.atomic
def move(tag: Tag, *, up: bool, by: User) -> None:
    """One place up or down among its kind; nothing where there is no further."""
    must_be_super(by)
    rows = list(Tag.objects.select_for_update().filter(kind=tag.kind).order_by("rank", "name"))
    here = [row.pk for row in rows].index(tag.pk)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(rows):
        return
    rows[here], rows[there] = rows[there], rows[here]
    for rank, row in enumerate(rows, 1):
        if row.rank != rank:
            row.rank, row.changed_at = rank, now()
            row.save(update_fields=["rank", "changed_at"])
    record("tags.changed", tag, by=by, order=[row.name for row in rows])


@transaction.atomic
def remove(tag: Tag, *, by: User) -> None:
    """Take it from the list. Entitlements that bear it keep the word."""
    must_be_super(by)
    record("tags.removed", tag, by=by, kind=tag.get_kind_display(), grave=tag.is_grave)
    tag.delete()


def _must_be_free(kind: str, name: str) -> None:
    if Tag.objects.filter(kind=kind, name=name).exists():
        raise NotPossible(f'"{name}" is in the list already.')


def _rename(tag: Tag, name: str) -> int:
    # As runs that are applied do, and in the order of keys: none of them loses what is written here.
    list(App.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    if tag.kind == Tag.Kind.RISK:
        TagRule.objects.filter(risk=tag.name).update(risk=name)
        return Entitlement.objects.filter(risk=tag.name).update(risk=name)
    entitlements, rules = bearing_framework(tag.name)
    for rule in rules:
        rule.frameworks = _with(rule.frameworks, tag.name, name)
        rule.save(update_fields=["frameworks"])
    rows = list(entitlements)
    for row in rows:
        row.frameworks = _with(row.frameworks, tag.name, name)
    Entitlement.objects.bulk_update(rows, ["frameworks"], batch_size=500)
    return len(rows)


def _with(frameworks: list[str], old: str, new: str) -> list[str]:
    return sorted({new if each == old else each for each in frameworks})
