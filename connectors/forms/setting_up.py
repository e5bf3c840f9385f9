"""The wizard: which app, whose help, which settings; and a reason where one is wanted."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from connectors.actions.connectors import AppChoice
from connectors.actions.settings import Upload
from connectors.contract import BadSettings, Setting, Spec
from connectors.models import App, Connector, SettingsCandidate
from core.models import User
from core.models.keys import one_line

NAME_LIMIT = 200  # letters, as wide as the column
MOST_MEGABYTES = 50  # of a file; drivers may allow less


class AppForm(forms.Form):
    """Step 1 of the wizard: which app a connector is for."""

    FOUND, MANAGED, NEW = "found", "managed", "new"

    how = forms.ChoiceField(
        choices=((FOUND, FOUND), (MANAGED, MANAGED), (NEW, NEW)),
        error_messages={
            "required": "Choose one of the three ways.",
            "invalid_choice": "Choose one of the three ways.",
        },
    )
    found = forms.ModelChoiceField(App.objects.none(), required=False)
    managed = forms.ModelChoiceField(App.objects.none(), required=False)
    name = forms.CharField(
        max_length=NAME_LIMIT,
        required=False,
        error_messages={"max_length": f"A name has at most {NAME_LIMIT} letters."},
    )
    is_another = forms.BooleanField(required=False)

    def __init__(self, data: Mapping[str, str] | None = None, *, user: User) -> None:
        super().__init__(data)
        for name, apps, word in (
            (self.FOUND, App.objects.visible_to(user).unmanaged(), "found and not managed"),
            (self.MANAGED, App.objects.visible_to(user).managed(), "managed"),
        ):
            field = self.fields[name]
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = apps
            field.error_messages["invalid_choice"] = f"That app is no longer {word}; choose again."

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean(self) -> None:
        how: str = self.cleaned_data.get("how", "")
        wanted = {
            self.FOUND: "Choose one of the apps that were found.",
            self.MANAGED: "Choose one of the managed apps.",
            self.NEW: "Give the new app a name.",
        }
        part = "name" if how == self.NEW else how
        if part and part not in self.errors and not self.cleaned_data.get(part):
            self.add_error(part, wanted[how])

    def choice(self) -> AppChoice:
        """What was chosen. Only of a valid form."""
        if self.cleaned_data["how"] == self.NEW:
            typed = self.cleaned_data
            return AppChoice(new_name=typed["name"], is_another=typed["is_another"])
        return AppChoice(app=self.cleaned_data[self.cleaned_data["how"]])


class OwnersForm(forms.Form):
    """Step 2: who looks after the connector."""

    owners = forms.ModelMultipleChoiceField(
        User.objects.active(),
        error_messages={
            "required": "Name at least one owner.",
            "invalid_choice": "One of the people chosen is deactivated or unknown: choose again.",
            "invalid_pk_value": "One of the people chosen is not known here.",
        },
    )


class SettingsForm(forms.Form):
    """Step 3: the fields a driver asks for. What is right, the driver says when they are saved."""

    def __init__(
        self, spec: Spec, connector: Connector, data: Mapping[str, str] | None = None, files: Any = None
    ) -> None:
        super().__init__(data, files, initial=settings_shown(spec, connector))
        for setting in spec.settings:
            self.fields[setting.name] = _field(setting)
        self._optional = {each.name: each.label for each in spec.settings if each.accepts and each.optional}

    def typed(self) -> dict[str, str]:
        """Everything as it was typed; files are not."""
        typed = (name for name, field in self.fields.items() if not isinstance(field, forms.FileField))
        return {name: str(self.data.get(name, "")) for name in typed}

    def handed_in(self) -> dict[str, Upload]:
        """The files that were chosen. Raises BadSettings for one that is too large to be looked at."""
        found = {}
        for name, file in self.files.items():
            is_wanted = isinstance(self.fields.get(name), forms.FileField)
            if not is_wanted or not isinstance(file, UploadedFile):
                continue
            if (file.size or 0) > MOST_MEGABYTES * 1024 * 1024:
                raise BadSettings(name, f"A file has at most {MOST_MEGABYTES} MB.")
            found[name] = Upload(str(file.name), file.read())
        return found

    def taken_away(self) -> list[str]:
        """The files that are to be there no more. Raises BadSettings where another was chosen as well."""
        found = [name for name in self._optional if self.data.get(f"{name}_none")]
        for name in found:
            if name in self.files:
                raise BadSettings(name, "Choose a file, or take the present one away: not both.")
        return found

    def refuse(self, field: str, sentence: str) -> None:
        """Say what is wrong with one field, or with the whole where no field is known by that name."""
        self.full_clean()
        self.add_error(field if field in self.fields else None, sentence)


class ReasonForm(forms.Form):
    """Why a held run was confirmed or discarded."""

    reason = forms.CharField(
        max_length=1000,
        error_messages={
            "required": "Say why; the reason stays with the run.",
            "max_length": "A reason has at most 1,000 letters.",
        },
    )


def settings_shown(spec: Spec, connector: Connector) -> dict[str, str]:
    """What the form begins with: what was typed last if not in force, else what is. Never a secret."""
    candidate: SettingsCandidate | None = getattr(connector, "candidate", None)
    is_open = candidate is not None and candidate.status != SettingsCandidate.Status.PROMOTED
    known = candidate.typed if candidate is not None and is_open else connector.settings
    plain = [setting for setting in spec.settings if not setting.secret and not setting.accepts]
    return {setting.name: known.get(setting.name) or setting.default for setting in plain}


def _field(setting: Setting) -> forms.Field:
    if setting.choices:
        choices = [(value, label) for value, label, _ in setting.choices]
        return forms.ChoiceField(
            label=setting.label,
            choices=choices,
            required=False,
            help_text=setting.help,
            error_messages={"invalid_choice": f"{setting.label}: choose one of the offered."},
        )
    if setting.accepts:
        chooser = forms.FileInput(attrs={"accept": ",".join(setting.accepts)})
        return forms.FileField(
            label=setting.label,
            required=False,
            allow_empty_file=True,
            help_text=setting.help,
            widget=chooser,
        )
    widget = forms.PasswordInput(render_value=False) if setting.secret else forms.TextInput()
    widget.attrs["autocomplete"] = "new-password" if setting.secret else "off"
    widget.attrs["spellcheck"] = "false"
    return forms.CharField(
        label=setting.label, required=False, strip=False, help_text=setting.help, widget=widget
    )
