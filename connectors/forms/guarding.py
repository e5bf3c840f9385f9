"""The guard of one connector, and the switch over all of them."""

from collections.abc import Mapping
from typing import Any

from django import forms

from connectors.sync import guard
from core.forms.stale import EditForm

LIMITS = (
    ("accounts", "Accounts that disappear or are disabled", "Percent of the accounts seen so far."),
    ("grants", "Grants that end", "Percent of all open grants."),
    ("kind", "Things of one kind", "Percent of the roles, of the groups, and so on, each by itself."),
    ("owners", "Accounts that lose their owner", "Percent of the accounts that have one."),
)
NO_REASON = "Say why the guard lets more through; it goes into the trail."


class ReasonField(forms.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=1000,
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
            error_messages={
                "required": "Say why; it goes into the trail.",
                "max_length": "A reason has at most 1,000 letters.",
            },
            **options,
        )


class GuardForm(EditForm):
    """What one run of a connector may take away."""

    ON, OFF = "on", "off"

    guard = forms.ChoiceField(
        label="Guard",
        choices=((ON, "On: a run that takes away more is held"), (OFF, "Off: every run is applied")),
        error_messages={"required": "Choose on or off.", "invalid_choice": "Choose on or off."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label, help_text in LIMITS:
            self.fields[name] = forms.IntegerField(
                label=label,
                min_value=guard.LOWEST,
                max_value=guard.HIGHEST,
                help_text=f"{help_text} Usually {guard.MOST[name]}.",
                error_messages=dict.fromkeys(
                    ("required", "invalid", "min_value", "max_value"),
                    f"Enter a whole number from {guard.LOWEST} to {guard.HIGHEST}.",
                ),
            )
        self.fields["reason"] = ReasonField(
            label="Reason", required=False, help_text="Needed to let more through; it stands in the trail."
        )

    def clean(self) -> None:
        was_on = self.initial.get("guard") == self.ON
        turns_off = was_on and self.cleaned_data.get("guard") == self.OFF
        raises = any(self.cleaned_data.get(name, 0) > self.initial.get(name, 0) for name, _, _ in LIMITS)
        is_looser = turns_off or raises
        if is_looser and "reason" not in self.errors and not self.cleaned_data.get("reason"):
            self.add_error("reason", NO_REASON)

    def limits(self) -> Mapping[str, int]:
        """Percent by what is guarded. Only of a valid form."""
        return {name: self.cleaned_data[name] for name, _, _ in LIMITS}


class GuardsForm(forms.Form):
    """The switch over all guards."""

    guards = forms.ChoiceField(
        choices=(("on", "on"), ("off", "off")),
        error_messages={"required": "Say on or off.", "invalid_choice": "Say on or off."},
    )
    reason = ReasonField(label="Reason")
