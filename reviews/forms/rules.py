"""What is typed about all reviews."""

from typing import Any

from django import forms

from core.forms.stale import EditForm
from reviews.models import ReviewRules
from reviews.models.rules import NAMES


def whole(
    label: str, least: int, most: int, unit: str, help_text: str, too_much: str = ""
) -> forms.IntegerField:
    """A whole number in these bounds, and one sentence for whatever is not; another one for too much."""
    said = f"Enter a number of {unit} between {least} and {most}."
    names = ("required", "invalid", "min_value")
    return forms.IntegerField(
        label=label,
        min_value=least,
        max_value=most,
        help_text=help_text,
        error_messages={**dict.fromkeys(names, said), "max_value": too_much or said},
    )


def stricter(label: str, most: int, unit: str, help_text: str) -> forms.IntegerField:
    too_much = f"At most {most} {unit}: this may be made stricter, never looser."
    return whole(label, 1, most, unit, help_text, too_much)


class RulesForm(EditForm):
    counted_hours = stricter(
        "Oldest counted sync",
        ReviewRules.MOST_COUNTED_HOURS,
        "hours",
        "Hours. At staging, every source was read twice, and both counts agreed, no longer ago.",
    )
    people_days = stricter(
        "Oldest file of people",
        ReviewRules.MOST_PEOPLE_DAYS,
        "days",
        "Days. At staging, the file that people came from was applied no longer ago.",
    )
    grave_removal_days = whole(
        "Removals, High and Critical",
        1,
        ReviewRules.MOST_REMOVAL_DAYS,
        "days",
        "Working days from the denial until the access is to be gone.",
    )
    removal_days = whole(
        "Removals, other risks",
        1,
        ReviewRules.MOST_REMOVAL_DAYS,
        "days",
        "Working days from the denial until the access is to be gone.",
    )
    sample_percent = whole(
        "Quality sample",
        0,
        100,
        "percent",
        "Percent of the lines that the control owner looks at again; new drafts begin with it.",
    )
    days_to_decide = whole(
        "Days to decide", 1, ReviewRules.MOST_DAYS, "days", "What reviewers have in a new draft."
    )

    def clean(self) -> None:
        grave, others = self.cleaned_data.get("grave_removal_days"), self.cleaned_data.get("removal_days")
        if grave is not None and others is not None and grave > others:
            self.add_error(
                "grave_removal_days", "Access of High or Critical risk goes no later than any other."
            )

    def values(self) -> dict[str, int]:
        """Only of a valid form."""
        return {name: self.cleaned_data[name] for name in NAMES}


def state_of(rules: ReviewRules) -> dict[str, Any]:
    """What the form begins with."""
    return {**rules.values(), "changed_at": rules.changed_at}
