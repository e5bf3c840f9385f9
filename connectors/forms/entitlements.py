"""What is typed about entitlements and resources: their own words, attributes, owners."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from connectors.actions.entitlements import Attributes, EntitlementFacts
from connectors.actions.ownership import NEVER, Owned, Owners
from connectors.models import CREDENTIAL, App, Entitlement, Resource, Tag
from connectors.queries.entitlements import tag_names
from core.forms.stale import EditForm
from core.models import User
from core.models.keys import one_line

UNKNOWN = {
    "invalid_choice": "One of those chosen is deactivated or unknown: choose again.",
    "invalid_pk_value": "One of those chosen is not known here.",
}


class LineField(forms.CharField):
    """Text on one line."""

    def to_python(self, value: Any) -> str:
        return one_line(super().to_python(value) or "")


class OwnedForm(EditForm):
    """What the forms about things with owners share: who answers for one."""

    owners = forms.ModelMultipleChoiceField(User.objects.none(), required=False, error_messages=UNKNOWN)
    holders = forms.ModelMultipleChoiceField(
        Entitlement.objects.none(), label="Holders of", required=False, error_messages=UNKNOWN
    )

    def __init__(self, thing: Owned, data: Any = None, *, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial=dict(initial or facts_of(thing)))
        self._thing = thing
        present = [each.user_id for each in thing.ownerships.all() if each.user_id]
        active = Q(status=User.Status.ACTIVE, pk__in=_keys(data, "owners"))
        self._people = User.objects.filter(active | Q(pk__in=present)).order_by("search_text", "pk")
        held = [each.entitlement_id for each in thing.ownerships.all() if each.entitlement_id]
        here = Q(app=thing.app_id, gone_at=None, pk__in=_keys(data, "holders"))
        self._entitlements = Entitlement.objects.filter(here | Q(pk__in=held)).order_by("search_text", "pk")
        _offer(self.fields["owners"], self._people)
        _offer(self.fields["holders"], self._entitlements)

    def asked_owners(self) -> Owners:
        """Only of a valid form."""
        return Owners(list(self.cleaned_data["owners"]), list(self.cleaned_data["holders"]))

    def chosen_people(self) -> Sequence[User]:
        """As the picker stands now."""
        return list(self._people.filter(pk__in=_plain(self["owners"].value())))

    def chosen_holders(self) -> Sequence[Entitlement]:
        return list(self._entitlements.filter(pk__in=_plain(self["holders"].value())))

    def _same_kind(self) -> Mapping[str, Any]:
        return {"thing": self._thing}


class EntitlementForm(OwnedForm):
    """The settings of one entitlement."""

    own_slug = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        label="Slug",
        max_length=64,
        required=False,
        error_messages={"invalid": "A slug has letters, digits, dots, dashes and underscores only."},
    )
    own_description = forms.CharField(
        label="Description",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Shown to whoever reviews it. Empty: as the app has it.",
    )
    alias = LineField(
        label="Alias",
        max_length=200,
        required=False,
        help_text="A short name of your own, once in this app. The search finds it.",
    )
    risk = forms.ChoiceField(label="Risk", required=False)
    frameworks = forms.MultipleChoiceField(label="Frameworks", required=False)
    is_locked = forms.BooleanField(
        label="Locked", required=False, help_text="Rules and changes of many at once pass it over."
    )

    def __init__(
        self, thing: Entitlement, data: Any = None, *, initial: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(thing, data, initial=initial)
        risks = _with(tag_names(Tag.Kind.RISK), [thing.risk])
        self.fields["risk"] = _choose(self.fields["risk"], [("", "None"), *risks])
        frameworks = _with(tag_names(Tag.Kind.FRAMEWORK), thing.frameworks)
        self.fields["frameworks"] = _choose(self.fields["frameworks"], frameworks)
        self.fields["own_slug"].help_text = f'Empty: as the app has it ("{thing.slug}").'
        if thing.kind == CREDENTIAL:
            del self.fields["own_slug"]

    def facts(self) -> EntitlementFacts:
        """Only of a valid form."""
        typed = self.cleaned_data
        return EntitlementFacts(
            own_slug=typed.get("own_slug", ""),
            own_description=typed["own_description"].replace("\r\n", "\n"),
            alias=typed["alias"],
            risk=typed["risk"],
            frameworks=sorted(typed["frameworks"]),
            is_locked=typed["is_locked"],
        )


class ResourceForm(OwnedForm):
    """Name, description and owners of one resource."""

    own_name = LineField(
        label="Name here",
        max_length=300,
        required=False,
        help_text="Stays over every sync, and is never written back. Empty: as the app has it.",
    )
    own_description = forms.CharField(
        label="Description",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Shown to whoever reviews access to it. Empty: as the app has it.",
    )


class EntitlementAttributesForm(forms.Form):
    """What many entitlements get at once; whatever is not ticked stays as it is on each."""

    set_risk = forms.BooleanField(label="Set the risk", required=False)
    risk = forms.ChoiceField(label="Risk", required=False)
    set_frameworks = forms.BooleanField(label="Set the frameworks", required=False)
    frameworks = forms.MultipleChoiceField(label="Frameworks", required=False)
    set_owners = forms.BooleanField(label="Set the owners", required=False)
    owners = forms.ModelMultipleChoiceField(User.objects.active(), required=False, error_messages=UNKNOWN)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        risks = [("", "None"), *_with(tag_names(Tag.Kind.RISK), ())]
        self.fields["risk"] = _choose(self.fields["risk"], risks)
        names = _with(tag_names(Tag.Kind.FRAMEWORK), ())
        self.fields["frameworks"] = _choose(self.fields["frameworks"], names)

    def clean(self) -> None:
        typed = self.cleaned_data
        if not (typed.get("set_risk") or typed.get("set_frameworks") or typed.get("set_owners")):
            raise forms.ValidationError("Tick at least one thing to set.")

    def attributes(self) -> Attributes:
        """Only of a valid form."""
        typed = self.cleaned_data
        return Attributes(
            risk=typed["risk"] if typed["set_risk"] else None,
            frameworks=sorted(typed["frameworks"]) if typed["set_frameworks"] else None,
            owners=list(typed["owners"]) if typed["set_owners"] else None,
        )


def facts_of(thing: Owned) -> dict[str, Any]:
    """What a form about it begins with."""
    rows = list(thing.ownerships.all())
    shared = {
        "own_description": thing.own_description,
        "changed_at": thing.settings_changed_at or NEVER,
        "owners": [each.user_id for each in rows if each.user_id],
        "holders": [each.entitlement_id for each in rows if each.entitlement_id],
    }
    if isinstance(thing, Resource):
        return {**shared, "own_name": thing.own_name}
    names = ("own_slug", "alias", "risk", "frameworks", "is_locked")
    return {**shared, **{name: getattr(thing, name) for name in names}}


def matching_entitlements(app: App, words: str, without: Iterable[str]) -> QuerySet[Entitlement]:
    """At most twenty whose holders may be made owners."""
    rows = Entitlement.objects.here().filter(app=app).exclude(pk__in=without)
    return rows.search(words).order_by("search_text", "pk")[:20] if words.strip() else rows.none()


def _with(names: Sequence[str], held: Iterable[str]) -> list[tuple[str, str]]:
    """What can be chosen: the values of Settings, and what it bears though the list has it no more."""
    gone = [each for each in held if each and each not in names]
    return [(name, name) for name in names] + [(name, f"{name} (no longer in the list)") for name in gone]


def _choose(field: forms.Field, choices: Sequence[tuple[str, str]]) -> forms.Field:
    if isinstance(field, forms.ChoiceField):
        field.choices = choices
    return field


def _offer(field: forms.Field, rows: QuerySet[Any]) -> None:
    if isinstance(field, forms.ModelMultipleChoiceField):
        field.queryset = rows


def _keys(data: Any, name: str) -> list[str]:
    return [key for key in data.getlist(name) if key.isalnum() and key.isascii()] if data is not None else []


def _plain(values: Any) -> list[str]:
    keys = [str(getattr(each, "pk", each)) for each in values or ()]
    return [key for key in keys if key.isalnum() and key.isascii()]
