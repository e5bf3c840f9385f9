"""What is typed about a template of campaigns: what its drafts begin with, and when they are made."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django import forms
from django.db.models import Q

from core.models import User
from reviews.actions.templates import MOST, MOST_DRAFTS, Rhythm, rhythm_of
from reviews.forms.campaigns import (
    CHOOSE,
    INSTRUCTIONS_LIMIT,
    UNKNOWN,
    ControlForm,
    control_of,
    day_field,
    keys_of,
    name_field,
    offer,
    pickable,
    prefers_field,
    text_field,
)
from reviews.models import Policy, Template


def number_field(label: str, most: int, **options: Any) -> forms.IntegerField:
    sentence = f"Enter a number between 1 and {most}."
    said = dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence)
    return forms.IntegerField(label=label, min_value=1, max_value=most, error_messages=said, **options)


class RhythmForm(forms.Form):
    """When drafts are made."""

    next_on = day_field("Next draft on", help_text="Empty: by hand only.")
    every = number_field("Then every", max(MOST.values()), initial=3)
    unit = forms.ChoiceField(
        label="Unit",
        choices=Template.Unit.choices,
        initial=Template.Unit.MONTHS,
        error_messages=CHOOSE,
        help_text="Weeks: on the same weekday. Else on the first working day of the month.",
    )
    ends_on = day_field("No draft after", help_text="Empty: without an end.")
    drafts_left = number_field(
        "Drafts still to make", MOST_DRAFTS, required=False, help_text="Empty: without a number."
    )
    starts_by_itself = forms.BooleanField(
        label="Stage and start by itself two working days later", required=False
    )

    def rhythm(self) -> Rhythm:
        """Only of a valid form."""
        return Rhythm(**{name: self.cleaned_data[name] for name in Rhythm.__dataclass_fields__})


class NewTemplateForm(RhythmForm):
    """A template of a campaign: its name and its rhythm."""

    name = name_field()
    field_order = ("name", "next_on", "every", "unit", "ends_on", "drafts_left", "starts_by_itself")


class TemplateForm(ControlForm, RhythmForm):
    """Everything that a template's drafts begin with, but scope and course."""

    instructions = text_field("What reviewers are told", rows=6, limit=INSTRUCTIONS_LIMIT)
    policy = forms.ModelChoiceField(
        Policy.objects.none(),
        label="Who decides",
        required=False,
        empty_label="Chosen in each draft",
        error_messages={"invalid_choice": "That policy is not in use any more."},
    )
    prefers = prefers_field()
    owners = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label="Owners",
        error_messages={**UNKNOWN, "required": "Name at least one owner."},
    )

    def __init__(self, data: Any = None, *, of: Template, initial: Any = None) -> None:
        super().__init__(data, of=of, initial=dict(initial or template_of(of)))
        for name in ("first", "last"):
            del self.fields[name]  # each draft has the period of its day
        self._owners = pickable(data, "owners", list(of.owners.values_list("pk", flat=True)))
        offer(self, "owners", self._owners)
        field = self.fields["policy"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Policy.objects.filter(Q(retired_at=None) | Q(pk=of.policy_id)).order_by("name")

    def chosen_owners(self) -> Sequence[User]:
        """The owners as they stand in the form now."""
        return list(self._owners.filter(pk__in=keys_of(self["owners"].value())))


def template_of(template: Template) -> dict[str, Any]:
    """What the form begins with."""
    return {
        **control_of(template),
        **asdict(rhythm_of(template)),
        "instructions": template.instructions,
        "policy": template.policy_id,
        "prefers": template.prefers,
        "owners": list(template.owners.values_list("pk", flat=True)),
    }
