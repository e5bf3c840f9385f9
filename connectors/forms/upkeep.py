"""What is typed while looking after a connector: its name, its times, what it reads and keeps."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import forms

from connectors.actions.upkeep import Times
from connectors.contract import Capability
from connectors.forms.setting_up import NAME_LIMIT
from connectors.models import Connector, timing
from core.forms.stale import EditForm
from core.models.keys import one_line

PRESETS = {30: "Every 30 minutes", 60: "Every hour", 360: "Every 6 hours", 1440: "Every day at 02:00"}
OTHER = "other"
UNITS = {"minutes": 1, "hours": 60, "days": 1440}


class RenameForm(EditForm):
    name = forms.CharField(
        label="Name",
        max_length=NAME_LIMIT,
        help_text="The app keeps its own name.",
        error_messages={
            "required": "Enter a name.",
            "max_length": f"A name has at most {NAME_LIMIT} letters.",
        },
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_name(self) -> str:
        name = one_line(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError("Enter a name.")
        return name


class ScheduleForm(EditForm):
    """An interval, one of a few or another; or a cron line. At least `least` lies between two runs."""

    schedule = forms.ChoiceField(
        label="Reads",
        choices=Connector.Schedule.choices,
        error_messages={"required": "Choose one.", "invalid_choice": "Choose one."},
    )
    preset = forms.ChoiceField(
        label="How often",
        required=False,
    )
    number = forms.IntegerField(
        label="Every", required=False, min_value=1, widget=forms.NumberInput(attrs={"min": 1})
    )
    unit = forms.ChoiceField(label="Unit", required=False, choices=[(unit, unit) for unit in UNITS])
    cron = forms.CharField(
        label="Cron line",
        required=False,
        max_length=100,
        help_text="Minute, hour, day of the month, month, day of the week: 0 6 * * 1-5 is 06:00 from Monday"
        " to Friday.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    zone = forms.CharField(
        label="Time zone",
        required=False,
        max_length=64,
        help_text="Empty: the organisation's.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, least: timedelta, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.least = least
        presets = ((str(each), label) for each, label in PRESETS.items() if each >= self.least_minutes)
        field = self.fields["preset"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [*presets, (OTHER, "Another interval")]

    @property
    def least_minutes(self) -> int:
        return timing.minutes(self.least)

    def clean_zone(self) -> str:
        typed = one_line(self.cleaned_data["zone"])
        if not typed:
            return ""
        found = {name.casefold(): name for name in timing.zone_names()}.get(
            typed.casefold().replace(" ", "_")
        )
        if found is None:
            raise forms.ValidationError(
                f'"{typed}" is no time zone. They read like Europe/Stockholm or America/New_York.'
            )
        return found

    def clean(self) -> None:
        if self.errors:
            return
        if self.cleaned_data["schedule"] == Connector.Schedule.CRON:
            self._look_at_cron(self.cleaned_data["cron"])
        elif self.cleaned_data["preset"] == OTHER and not self.cleaned_data["number"]:
            self.add_error("number", "Enter a number.")
        elif not self.cleaned_data["preset"]:
            self.add_error("preset", "Choose how often.")
        else:
            self._look_at_interval(self.times().every)

    def times(self) -> Times:
        """What was chosen. Only of a valid form."""
        typed = self.cleaned_data
        if typed["schedule"] == Connector.Schedule.CRON:
            return Times(cron=typed["cron"], zone_name=typed["zone"])
        if typed["preset"] == OTHER:
            minutes = min(typed["number"], 100_000) * UNITS[typed["unit"] or "minutes"]
        else:
            minutes = int(typed["preset"])
        return Times(every=timedelta(minutes=minutes), zone_name=typed["zone"])

    def _look_at_cron(self, line: str) -> None:
        try:
            timing.must_be_cron(line, self.least)
        except timing.BadCron as problem:
            self.add_error("cron", str(problem))

    def _look_at_interval(self, every: timedelta) -> None:
        if every < self.least:
            self.add_error("number", f"At least {self.least_minutes} minutes must lie between two runs.")
        elif every > timing.LONGEST:
            self.add_error("number", f"At most {timing.LONGEST.days} days may lie between two runs.")

    def _same_kind(self) -> Mapping[str, Any]:
        return {"least": self.least}


class KindsForm(EditForm):
    """Which kinds of resource are read, of `capabilities` that can be. That some are left, the verb says."""

    kinds = forms.MultipleChoiceField(
        label="Resource types",
        required=False,
        error_messages={"invalid_choice": "One of the types is not known to the driver: choose again."},
    )

    def __init__(self, *args: Any, capabilities: Sequence[Capability], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._capabilities = capabilities
        field = self.fields["kinds"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(each.kind, each.label) for each in capabilities]

    def _same_kind(self) -> Mapping[str, Any]:
        return {"capabilities": self._capabilities}


class AttributesForm(EditForm):
    """Which attributes of accounts are kept."""

    mode = forms.ChoiceField(
        label="Attributes",
        choices=Connector.Filter.choices,
        error_messages={
            "required": "Choose one of the three ways.",
            "invalid_choice": "Choose one of the three ways.",
        },
    )
    names = forms.CharField(
        label="Names of attributes",
        required=False,
        max_length=20_000,
        help_text="One a line, as the app calls them.",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    seen = forms.MultipleChoiceField(label="Seen so far", required=False)

    def __init__(self, *args: Any, suggestions: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._suggestions = suggestions
        field = self.fields["seen"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(name, name) for name in suggestions]

    def wanted(self) -> list[str]:
        """Every name that was ticked or typed. Only of a valid form."""
        typed = [one_line(name) for name in re.split(r"[\n,;]", self.cleaned_data["names"])]
        return [*self.cleaned_data["seen"], *(name for name in typed if name)]

    def _same_kind(self) -> Mapping[str, Any]:
        return {"suggestions": self._suggestions}


class DeleteForm(forms.Form):
    """The name of the connector or DELETE, typed so that nobody deletes it by a slip."""

    typed = forms.CharField(
        label="Type the connector's name, or DELETE",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._name = name

    def clean_typed(self) -> str:
        typed = one_line(self.cleaned_data["typed"])
        if typed not in ("DELETE", one_line(self._name)):
            raise forms.ValidationError(f"Type “{self._name}” or DELETE. Nothing is deleted yet.")
        return typed


def schedule_of(connector: Connector) -> dict[str, Any]:
    """What the form begins with, or what is saved by now."""
    minutes = int(connector.every.total_seconds() // 60)
    unit = next(unit for unit in ("days", "hours", "minutes") if minutes % UNITS[unit] == 0)
    return {
        "schedule": connector.schedule,
        "preset": str(minutes) if minutes in PRESETS else OTHER,
        "number": "" if minutes in PRESETS else minutes // UNITS[unit],
        "unit": unit,
        "cron": connector.cron,
        "zone": connector.zone_name,
        "changed_at": connector.changed_at,
    }


def attributes_of(connector: Connector, suggestions: Sequence[str]) -> dict[str, Any]:
    """What the form begins with: names that were seen are ticks, others are lines."""
    names = connector.filter_names
    return {
        "mode": connector.filter_mode,
        "seen": [name for name in names if name in suggestions],
        "names": "\n".join(name for name in names if name not in suggestions),
        "changed_at": connector.changed_at,
    }
