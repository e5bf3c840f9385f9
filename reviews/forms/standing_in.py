"""Who stands in for a reviewer, as they name them on the desk."""

from collections.abc import Sequence

from django import forms

from core.models import User
from reviews.forms.campaigns import UNKNOWN


def _day(label: str, help_text: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=help_text,
        error_messages={"required": "Choose a day.", "invalid": "Write the day as 2027-01-31."},
    )


class StandInForm(forms.Form):
    """One person, from when to when, and whether what is open goes to them too."""

    delegate = forms.ModelMultipleChoiceField(
        User.objects.active(), error_messages={**UNKNOWN, "required": "Choose who stands in."}
    )
    first = _day("First day", "Today or later.")
    last = _day("Last day", "At most 30 days, the first and the last counted.")
    also_open = forms.BooleanField(required=False, initial=True)

    def clean_delegate(self) -> User:
        """One person, though the picker lets one choose several."""
        people: Sequence[User] = self.cleaned_data["delegate"]
        if len(people) > 1:
            raise forms.ValidationError("Only one person can stand in at a time.")
        return people[0]
