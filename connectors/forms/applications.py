"""What is typed about apps: a new one, who answers for it, what is told about it, that it goes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Q

from connectors.actions.applications import ICONS, Facts, TooMuch, must_fit
from connectors.models import App, AppOwner, Entitlement
from core.forms.stale import EditForm
from core.models import User
from core.models.keys import one_line

NAME_LIMIT = 200  # letters, as wide as the column
DESCRIPTION_LIMIT = 2000
KEY_LIMIT = 64
NAMELESS = {"required": "Give it a name.", "max_length": f"A name has at most {NAME_LIMIT} letters."}
KEY = re.compile(rf"[A-Za-z0-9._-]{{1,{KEY_LIMIT}}}")
UNKNOWN = {
    "invalid_choice": "One of the people chosen is deactivated or unknown: choose again.",
    "invalid_pk_value": "One of the people chosen is not known here.",
}


class NewAppForm(forms.Form):
    """A managed app, and where its data will come from."""

    name = forms.CharField(
        label="Name", max_length=NAME_LIMIT, error_messages={"required": "Give it a name."}
    )
    is_another = forms.BooleanField(required=False)
    description = forms.CharField(
        label="Description (optional)",
        max_length=DESCRIPTION_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What it is for, in words for whoever reviews or asks for access.",
    )
    owners = forms.ModelMultipleChoiceField(
        User.objects.active(), error_messages={**UNKNOWN, "required": "Name at least one owner."}
    )
    source = forms.ChoiceField(
        error_messages={
            "required": "Choose where its data comes from.",
            "invalid_choice": "Choose where its data comes from.",
        },
    )

    def __init__(self, data: Any = None, *, sources: Sequence[tuple[str, str]]) -> None:
        super().__init__(data)
        field = self.fields["source"]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(sources)

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def facts(self) -> Facts:
        """Only of a valid form."""
        return Facts(self.cleaned_data["name"], self.cleaned_data["description"])


class ManageForm(forms.Form):
    """Found apps, and who answers for them from now on."""

    app = forms.ModelMultipleChoiceField(
        App.objects.here(),
        error_messages={
            "required": "Choose at least one app.",
            "invalid_choice": "One of the apps is no longer there.",
            "invalid_pk_value": "One of the apps is not known here.",
        },
    )
    owners = forms.ModelMultipleChoiceField(
        User.objects.active(), error_messages={**UNKNOWN, "required": "Name at least one owner."}
    )


class AppOwnersForm(EditForm):
    """Who answers for one app: people, and whoever holds an entitlement. Both may be empty."""

    owners = forms.ModelMultipleChoiceField(
        User.objects.none(), label="People", required=False, error_messages=UNKNOWN
    )
    holders = forms.ModelMultipleChoiceField(
        Entitlement.objects.none(),
        label="Holders of",
        required=False,
        error_messages={"invalid_choice": "One of the entitlements is gone, or not for you to see."},
    )

    def __init__(self, data: Any = None, *, app: App, by: User, initial: Any = None) -> None:
        super().__init__(data, initial=dict(initial or owners_of(app)))
        self._made_of = {"app": app, "by": by}
        present = AppOwner.objects.filter(app=app)
        people = Q(pk__in=sent(data, "owners"), status=User.Status.ACTIVE)
        kept = Q(pk__in=present.exclude(user=None).values("user"))
        self.people = User.objects.filter(people | kept).order_by("search_text", "pk")
        seen = Entitlement.objects.here().visible_to(by).filter(pk__in=sent(data, "holders")).values("pk")
        held = Q(pk__in=present.exclude(entitlement=None).values("entitlement"))
        self.entitlements = Entitlement.objects.filter(Q(pk__in=seen) | held).order_by("search_text", "pk")
        self._offer("owners", self.people)
        self._offer("holders", self.entitlements)

    def chosen(self) -> Sequence[User]:
        """The people as they stand in the form now."""
        return list(self.people.filter(pk__in=_keys(self["owners"].value())))

    def chosen_entitlements(self) -> Sequence[Entitlement]:
        """The entitlements as they stand in the form now."""
        rows = self.entitlements.select_related("app", "resource")
        return list(rows.filter(pk__in=_keys(self["holders"].value())))

    def _offer(self, name: str, rows: Any) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ModelMultipleChoiceField):
            field.queryset = rows

    def _same_kind(self) -> Mapping[str, Any]:
        return self._made_of


class AppSettingsForm(EditForm):
    """What is told about one app."""

    name = forms.CharField(
        label="Name", max_length=NAME_LIMIT, error_messages={"required": "Give it a name."}
    )
    is_another = forms.BooleanField(label="Another app of that name", required=False)
    description = forms.CharField(
        label="Description",
        max_length=DESCRIPTION_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What it is for, in words for whoever reviews or asks for access.",
    )
    icon = forms.ChoiceField(
        label="Icon",
        choices=[("", "Two letters"), *ICONS.items()],
        required=False,
        error_messages={"invalid_choice": "Choose one of the icons."},
    )
    annotations = forms.CharField(
        label="Annotations",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text="For scripts of your own: one a line, as key: value. At most 16, and 4 KB together.",
    )

    when_asked = forms.ChoiceField(
        label="When somebody asks that access be removed",
        choices=App.WhenAsked.choices,
        required=False,
        help_text=(
            "For what a manager, an owner of the entitlement, the helpdesk or the holder asks. What an owner"
            " of the app or a Super Administrator asks for is removed at once."
        ),
    )

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean_annotations(self) -> dict[str, str]:
        notes: dict[str, str] = {}
        for line in filter(str.strip, self.cleaned_data["annotations"].splitlines()):
            key, colon, value = (part.strip() for part in line.partition(":"))
            if not colon or not KEY.fullmatch(key):
                raise forms.ValidationError(
                    f'"{line.strip()[:60]}" is not key: value. A key has letters, digits, dots, hyphens or'
                    f" underscores, at most {KEY_LIMIT}."
                )
            if key in notes:
                raise forms.ValidationError(f"The key {key} stands there twice.")
            notes[key] = value
        try:
            must_fit(notes)
        except TooMuch as problem:
            raise forms.ValidationError(str(problem)) from problem
        return notes

    def facts(self) -> Facts:
        """Only of a valid form."""
        typed = self.cleaned_data
        told = (typed["name"], typed["description"], typed["icon"], typed["annotations"])
        return Facts(*told, typed["when_asked"])


class DeleteAppForm(forms.Form):
    """The name of the app, typed by whoever deletes it."""

    typed = forms.CharField(label="Name of the app", max_length=NAME_LIMIT, required=False)


class ForgetForm(forms.Form):
    """How many apps go, typed by whoever forgets them."""

    number = forms.IntegerField(
        label="Number of apps", min_value=0, error_messages={"required": "Type the number of apps that go."}
    )


def owners_of(app: App) -> dict[str, Any]:
    """What the form about owners begins with."""
    rows = AppOwner.objects.filter(app=app)
    return {
        "owners": list(rows.exclude(user=None).values_list("user", flat=True)),
        "holders": list(rows.exclude(entitlement=None).values_list("entitlement", flat=True)),
        "changed_at": app.changed_at,
    }


def told_of(app: App) -> dict[str, Any]:
    """What the form about settings begins with."""
    notes = "\n".join(f"{key}: {value}" for key, value in app.annotations.items())
    facts = {"name": app.name, "description": app.description, "icon": app.icon, "annotations": notes}
    facts["when_asked"] = app.when_asked
    return {**facts, "changed_at": app.changed_at}


def sent(data: Any, name: str) -> list[str]:
    """Keys that were sent; what can be no key is passed over."""
    return _keys(data.getlist(name)) if data is not None else []


def _keys(values: Any) -> list[str]:
    return [key for key in map(str, values or ()) if key.isascii() and key.isalnum()]
