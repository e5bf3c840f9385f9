"""What is typed about a campaign: what it is about, how it is run, who runs it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.timezone import make_aware

from core.forms.stale import EditForm
from core.models import Organisation, User
from core.models.keys import one_line
from reviews.actions.facts import MOST_DAYS, NOT_BY_ITSELF, Course, Facts, Period, denies_by_itself
from reviews.models import Campaign, Control, Policy, Template
from reviews.queries.visible import offered

NAME_LIMIT = 200  # letters, as wide as the column
TEXT_LIMIT = 4_000
INSTRUCTIONS_LIMIT = 20_000
UNKNOWN = {
    "invalid_choice": "One of the people chosen is deactivated or unknown: choose again.",
    "invalid_pk_value": "One of the people chosen is not known here.",
}
CHOOSE = {"required": "Choose one.", "invalid_choice": "Choose one of those offered."}
NO_DAY = {"invalid": "Write the day as 2027-01-31."}


class LineField(forms.CharField):
    """Text on one line."""

    def to_python(self, value: Any) -> str:
        return one_line(super().to_python(value) or "")


def name_field() -> LineField:
    sentences = {"required": "Give it a name.", "max_length": f"A name has at most {NAME_LIMIT} letters."}
    return LineField(
        label="Name",
        max_length=NAME_LIMIT,
        error_messages=sentences,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def text_field(label: str, *, rows: int, limit: int = TEXT_LIMIT, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=limit,
        required=False,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"max_length": f"At most {limit:,} letters fit here."},
        **options,
    )


def day_field(label: str, **options: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages=NO_DAY,
        **options,
    )


class NewCampaignForm(forms.Form):
    """A new draft: its name, who runs it, who decides."""

    name = name_field()
    description = text_field("Description (optional)", rows=2)
    owners = forms.ModelMultipleChoiceField(
        User.objects.active(), error_messages={**UNKNOWN, "required": "Name at least one owner."}
    )
    policy = forms.ModelChoiceField(
        Policy.objects.here().order_by("name"),
        label="Who decides",
        required=False,
        empty_label="Choose later",
        error_messages={"invalid_choice": "That policy is not in use any more."},
    )


class DuplicateForm(forms.Form):
    """The name of the copy and its policy."""

    name = name_field()
    policy = forms.ModelChoiceField(
        Policy.objects.here().order_by("name"),
        label="Who decides",
        required=False,
        empty_label="Choose later",
        error_messages={"invalid_choice": "That policy is not in use any more."},
    )


class ControlForm(EditForm):
    """The control data: what an auditor asks of a control."""

    name = name_field()
    description = text_field(
        "Description", rows=2, help_text="For reviewers and owners, in a sentence or two."
    )
    control_id = LineField(
        label="Control ID", max_length=100, required=False, help_text="As your control matrix has it: P2P-07."
    )
    narrative = text_field(
        "Control narrative", rows=4, help_text="What the control is to prevent, and how this review does it."
    )
    frequency = forms.ChoiceField(label="Frequency", choices=Control.Frequency.choices, error_messages=CHOOSE)
    first = day_field("Period, first day")
    last = day_field("Period, last day")
    control_owner = forms.ModelMultipleChoiceField(
        User.objects.none(), label="Control owner", required=False, error_messages=UNKNOWN
    )
    sample_percent = forms.IntegerField(
        label="Quality sample, percent of the lines",
        min_value=0,
        max_value=100,
        help_text="The control owner looks at these again: at least 5 lines, at most 60.",
        error_messages={
            "required": "Enter a number between 0 and 100.",
            "invalid": "Enter a number between 0 and 100.",
            "min_value": "Enter a number between 0 and 100.",
            "max_value": "Enter a number between 0 and 100.",
        },
    )

    def __init__(self, data: Any = None, *, of: Campaign | Template, initial: Any = None) -> None:
        super().__init__(data, initial=dict(initial or control_of(of)))
        self._of = of
        self._pickable = pickable(data, "control_owner", [of.control_owner_id] if of.control_owner_id else [])
        offer(self, "control_owner", self._pickable)

    def clean_control_owner(self) -> User | None:
        """One person, though the picker lets one choose several."""
        people = list(self.cleaned_data["control_owner"])
        if len(people) > 1:
            raise forms.ValidationError("One person signs off: choose one.")
        return people[0] if people else None

    def clean(self) -> None:
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if not self.errors and bool(first) != bool(last):
            self.add_error("last" if first else "first", "A period has a first and a last day, or neither.")
        elif first and last and last < first:
            self.add_error("last", "The period ends before it begins.")

    def chosen(self) -> Sequence[User]:
        """The control owner as it stands in the form now."""
        return list(self._pickable.filter(pk__in=keys_of(self["control_owner"].value())))

    def facts(self) -> Facts:
        """Only of a valid form."""
        typed = self.cleaned_data
        names = ("name", "description", "control_id", "narrative", "frequency")
        return Facts(
            **{name: typed[name] for name in names},
            control_owner=typed["control_owner"],
            sample_percent=typed["sample_percent"],
        )

    def period(self) -> Period:
        return Period(self.cleaned_data["first"], self.cleaned_data["last"])

    def _same_kind(self) -> Mapping[str, Any]:
        return {"of": self._of}


class CourseForm(EditForm):
    """How it is run: time, letters, the desk, what becomes of denied and of undecided lines."""

    days_to_decide = forms.IntegerField(
        label="Days to decide",
        min_value=1,
        max_value=MOST_DAYS,
        help_text="From the day it starts; the last day ends at 23:59 of the organisation's clock.",
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), f"Enter a number between 1 and {MOST_DAYS}."
        ),
    )
    desk = forms.ChoiceField(
        label="How reviewers first see their lines",
        choices=Control.Desk.choices,
        help_text="Each of them may switch.",
        error_messages=CHOOSE,
    )
    shown_attributes = forms.MultipleChoiceField(
        label="What reviewers also see of accounts",
        required=False,
        error_messages={"invalid_choice": "One of the attributes is not known here: choose again."},
    )
    when_removed = forms.ChoiceField(
        label="Denied access is removed", choices=Control.Removals.choices, error_messages=CHOOSE
    )
    at_end = forms.ChoiceField(
        label="Lines that nobody decides",
        choices=Control.Silence.choices,
        help_text="To deny them somebody has to close it and type a word. By itself it makes exceptions.",
        error_messages=CHOOSE,
    )
    ends_by_itself = forms.BooleanField(label="Close by itself after the last day to decide", required=False)
    writes_at_start = forms.BooleanField(label="Write to every reviewer at the start", required=False)
    writes_at_end = forms.BooleanField(label="Write to reviewers and owners at the end", required=False)

    def __init__(self, data: Any = None, *, of: Campaign | Template, initial: Any = None) -> None:
        super().__init__(data, initial=dict(initial or course_of(of)))
        self._of = of
        field = self.fields["shown_attributes"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = list(offered(of.scope, of.shown_attributes))

    def clean(self) -> None:
        at_end, by_itself = self.cleaned_data.get("at_end", ""), self.cleaned_data["ends_by_itself"]
        if denies_by_itself(at_end, ends_by_itself=by_itself):
            self.add_error("at_end", NOT_BY_ITSELF)

    def course(self) -> Course:
        """Only of a valid form."""
        return Course(**{name: self.cleaned_data[name] for name in Course.__dataclass_fields__})

    def _same_kind(self) -> Mapping[str, Any]:
        return {"of": self._of}


class TimetableForm(CourseForm):
    """The same of one campaign, which may also start by itself."""

    starts_at = forms.DateTimeField(
        label="Stage and start by itself at",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="By the organisation's clock; empty: by hand. Each source is read first. Where one is still"
        " not fresh and complete, it waits and writes to its owners: it never starts all the same.",
        error_messages={"invalid": "Write day and time as 2027-01-31 09:00."},
    )

    def clean_starts_at(self) -> datetime | None:
        """What was typed, on the organisation's clock, whatever the server's."""
        typed: datetime | None = self.cleaned_data["starts_at"]
        return make_aware(typed.replace(tzinfo=None), Organisation.current().zone) if typed else None


def prefers_field() -> forms.BooleanField:
    return forms.BooleanField(
        label="Use preferred review policies",
        required=False,
        help_text="Where an entitlement, or else its app, prefers a policy, that one decides instead."
        " Looked up when the campaign is staged; what the scope says of an entitlement goes before it.",
    )


class PolicyChoiceForm(EditForm):
    """Who decides: one policy of those in use, or the one it has."""

    policy = forms.ModelChoiceField(
        Policy.objects.none(),
        label="Policy",
        error_messages={
            "required": "Choose who decides.",
            "invalid_choice": "That policy is not in use any more: choose another.",
        },
    )
    prefers = prefers_field()

    def __init__(self, data: Any = None, *, of: Campaign, initial: Any = None) -> None:
        super().__init__(data, initial=dict(initial or policy_of(of)))
        self._of = of
        field = self.fields["policy"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Policy.objects.filter(Q(retired_at=None) | Q(pk=of.policy_id)).order_by("name")

    def _same_kind(self) -> Mapping[str, Any]:
        return {"of": self._of}


class OwnersForm(EditForm):
    """Who runs it."""

    owners = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label="Owners",
        error_messages={**UNKNOWN, "required": "Name at least one owner."},
    )

    def __init__(self, data: Any = None, *, of: Campaign, initial: Any = None) -> None:
        super().__init__(data, initial=dict(initial or owners_of(of)))
        self._of = of
        self._pickable = pickable(data, "owners", list(of.owners.values_list("pk", flat=True)))
        offer(self, "owners", self._pickable)

    def chosen(self) -> Sequence[User]:
        return list(self._pickable.filter(pk__in=keys_of(self["owners"].value())))

    def _same_kind(self) -> Mapping[str, Any]:
        return {"of": self._of}


class InstructionsForm(forms.Form):
    text = text_field(
        "What reviewers are told",
        rows=10,
        limit=INSTRUCTIONS_LIMIT,
        help_text="It stands above their lines. Each decision keeps which wording it was made by.",
    )


class CancelForm(forms.Form):
    """Why it is cancelled."""

    reason = forms.CharField(
        label="Reason",
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It stays with the campaign and in the trail.",
        error_messages={"required": "Say why it is cancelled: the reason stays with it."},
    )


def pickable(data: Any, name: str, present: Sequence[str]) -> Any:
    """Active people whose keys were sent, and those who are it already."""
    keys = [key for key in data.getlist(name) if key.isalnum()] if data is not None else []
    chosen = Q(pk__in=keys, status=User.Status.ACTIVE) | Q(pk__in=list(present))
    return User.objects.filter(chosen).order_by("search_text", "pk")


def offer(form: forms.Form, name: str, rows: Any) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ModelMultipleChoiceField):
        field.queryset = rows


def keys_of(value: Any) -> list[str]:
    keys = [each.pk if isinstance(each, User) else str(each) for each in value or []]
    return [key for key in keys if key.isalnum()]


def control_of(row: Campaign | Template) -> dict[str, Any]:
    """What the form about control data begins with."""
    names = ("name", "description", "control_id", "narrative", "frequency", "sample_percent", "changed_at")
    owner = [row.control_owner_id] if row.control_owner_id else []
    found = {name: getattr(row, name) for name in names} | {"control_owner": owner}
    if isinstance(row, Campaign):
        found |= {"first": row.period_starts_on, "last": row.period_ends_on}
    return found


def course_of(row: Campaign | Template) -> dict[str, Any]:
    """What the form about its course begins with."""
    found = {name: getattr(row, name) for name in (*Course.__dataclass_fields__, "changed_at")}
    if isinstance(row, Campaign) and row.starts_at is not None:
        found["starts_at"] = row.starts_at.astimezone(Organisation.current().zone).replace(tzinfo=None)
    return found


def owners_of(campaign: Campaign) -> dict[str, Any]:
    return {
        "owners": list(campaign.owners.values_list("pk", flat=True)),
        "changed_at": campaign.changed_at,
    }


def policy_of(campaign: Campaign) -> dict[str, Any]:
    return {
        "policy": campaign.policy_id,
        "prefers": campaign.prefers,
        "changed_at": campaign.changed_at,
    }
