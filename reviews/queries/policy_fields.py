"""What conditions of a policy may ask about, with values from the data, and how each is said."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from connectors.models import Account, App, Entitlement, Resource, ResourceType, Tag
from core.models import User
from core.models.keys import folded
from reviews.routing import FIELDS, IS_WORDS, Is

MOST_OFFERED = 500
"""Values that a field of the builder suggests; any other can be typed."""
MARKS = {"api": "API", "supplier": "Supplier", "support": "Support"}

type Choices = Sequence[tuple[str, str]]
"""Values and their labels."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How a field is said within a sentence, and what may stand there."""

    phrase: str
    choices: Callable[[], Choices] | None = None
    """All there is: tick boxes."""
    column: Callable[[], QuerySet[Any, str]] | None = None
    """What there is, each once: suggestions for typing."""
    may_miss: bool = True


def _column[M: models.Model](rows: QuerySet[M], name: str) -> Callable[[], QuerySet[M, str]]:
    return lambda: rows.exclude(**{name: ""}).order_by(name).values_list(name, flat=True).distinct()


def _apps() -> Choices:
    names = set(App.objects.managed().values_list("name", flat=True))
    return [(name, name) for name in sorted(names, key=folded)]


def _kinds() -> Choices:
    rows = ResourceType.objects.order_by("name").values_list("kind", "name").distinct()
    return sorted(dict(rows).items(), key=lambda each: folded(each[1]))


def _tags(kind: str) -> Callable[[], Choices]:
    return lambda: [(name, name) for name in Tag.objects.filter(kind=kind).values_list("name", flat=True)]


RESOURCES = Resource.objects.here().annotate(shown=Coalesce(NullIf("own_name", Value("")), "name"))
PERMISSIONS = Entitlement.objects.here().annotate(shown=Coalesce(NullIf("own_slug", Value("")), "slug"))
WORDINGS: Mapping[str, Wording] = {
    "entitlement.app": Wording("the app", choices=_apps, may_miss=False),
    "entitlement.kind": Wording("the resource type", choices=_kinds, may_miss=False),
    "entitlement.resource": Wording("the resource", column=_column(RESOURCES, "shown"), may_miss=False),
    "entitlement.name": Wording(
        "the entitlement", column=_column(Entitlement.objects.here(), "name"), may_miss=False
    ),
    "entitlement.slug": Wording("the permission", column=_column(PERMISSIONS, "shown"), may_miss=False),
    "entitlement.risk": Wording("the risk", choices=_tags(Tag.Kind.RISK)),
    "entitlement.grave": Wording(
        "asking for more care", choices=lambda: [("yes", "Yes"), ("no", "No")], may_miss=False
    ),
    "entitlement.frameworks": Wording("the framework", choices=_tags(Tag.Kind.FRAMEWORK)),
    "account.type": Wording("the account type", choices=lambda: Account.Type.choices, may_miss=False),
    "account.status": Wording("the account status", choices=lambda: Account.Status.choices, may_miss=False),
    "account.marks": Wording("the mark of the account", choices=lambda: list(MARKS.items())),
    "account.name": Wording("the name of the account"),
    "account.login": Wording("the login"),
    "account.email": Wording("the e-mail of the account"),
    "account.owner": Wording("the owner of the account", column=_column(User.objects.active(), "name")),
    "person.title": Wording("the owner's title", column=_column(User.objects.active(), "title")),
    "person.department": Wording(
        "the owner's department", column=_column(User.objects.active(), "department")
    ),
}
"""One for each field of `routing.FIELDS`."""
FEW = 15
"""Choices that are ticked; where there are more, they are suggested."""


@dataclass(frozen=True, slots=True)
class FieldOffer:
    """A field as the builder offers it: values to tick, or to type with some suggested."""

    code: str
    label: str
    about: str
    choices: Choices
    suggestions: Sequence[str]
    may_miss: bool

    @property
    def is_ticked(self) -> bool:
        return bool(self.choices)

    @property
    def ways(self) -> Sequence[tuple[str, str]]:
        """What can be asked of it."""
        left_out = {Is.CONTAINS} if self.choices else set()
        left_out |= set() if self.may_miss else {Is.MISSING}
        return [(way.value, words) for way, words in IS_WORDS.items() if way not in left_out]

    def labelled(self, held: Iterable[str]) -> list[tuple[str, str]]:
        """The choices, and behind them what a condition names that is no longer there."""
        if not self.choices:
            return [(value, value) for value in held]
        known = {value for value, _ in self.choices}
        return [*self.choices, *((value, f"{value} (not there now)") for value in held if value not in known)]


def offers(codes: Iterable[str]) -> Mapping[str, FieldOffer]:
    """The fields that some conditions ask about, each read once."""
    return {code: _offer(code) for code in dict.fromkeys(codes) if code in FIELDS}


def _offer(code: str) -> FieldOffer:
    wording, known = WORDINGS[code], FIELDS[code]
    choices = list(wording.choices()) if wording.choices else []
    suggestions = list(wording.column()[:MOST_OFFERED]) if wording.column else []
    if len(choices) > FEW:
        choices, suggestions = [], [value for value, _ in choices]
    return FieldOffer(code, known.label, known.about, choices, suggestions, wording.may_miss)


def labels_of(code: str) -> Mapping[str, str]:
    """Values of a field that are not said as they are kept."""
    if code == "entitlement.kind":
        return dict(_kinds())
    fixed: Mapping[str, Mapping[str, str]] = {
        "account.type": {str(value): str(label) for value, label in Account.Type.choices},
        "account.status": {str(value): str(label) for value, label in Account.Status.choices},
        "account.marks": MARKS,
    }
    return fixed.get(code, {})


def unknown_values(code: str, values: Iterable[str]) -> list[str]:
    """Those of some values that nothing has now; none of a field where anything can be typed."""
    wording = WORDINGS[code]
    if wording.choices:
        known = {value.casefold() for value, _ in wording.choices()}
        return [value for value in values if value.casefold() not in known]
    if wording.column is None:
        return []
    wanted = {value.casefold(): value for value in values}
    for name in wording.column().iterator():
        wanted.pop(name.casefold(), None)
        if not wanted:
            break
    return list(wanted.values())
