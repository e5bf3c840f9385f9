"""What is typed about people: facts, managers, roles, who stands in, groups."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.db.models import Q

from core.actions.people import Facts
from core.forms.fields import EmailField, NameField
from core.forms.stale import EditForm
from core.models import PeopleGroup, Role, RoleHolding, User
from core.models.keys import one_line
from core.people_file import LONGEST

UNKNOWN = {
    "invalid_choice": "One of the people chosen is deactivated or unknown: choose again.",
    "invalid_pk_value": "One of the people chosen is not known here.",
}
ROLES: Mapping[Role, str] = {
    Role.SUPER: "May do everything here, and alone changes people, roles and settings.",
    Role.CONNECTOR: "Adds connectors, and sees and changes every connector and every app.",
    Role.APPLICATION: "Looks after connectors that have no owner, of the apps they own.",
    Role.CAMPAIGN: "Starts and leads access reviews, and looks after groups of people.",
    Role.REQUEST: "Says what can be asked for, by whom, and who is asked.",
    Role.READ_ONLY: "Sees every fact. Whoever holds it answers no task and asks for no access.",
    Role.HELPDESK: "Asks for access on behalf of others, and sees how far their requests are.",
    Role.BASIC: "Answers what waits for them and asks for access. Everybody has it but who only reads.",
}
"""What each role allows, in a sentence."""


class LineField(forms.CharField):
    """Text on one line."""

    def to_python(self, value: Any) -> str:
        return one_line(super().to_python(value) or "")


class PersonForm(EditForm):
    """The facts of a person and their managers."""

    name = NameField()
    email = EmailField()
    title = LineField(label="Title", max_length=LONGEST["title"], required=False)
    department = LineField(label="Department", max_length=LONGEST["department"], required=False)
    employee_id = LineField(label="Employee ID", max_length=LONGEST["employee_id"], required=False)
    managers = forms.ModelMultipleChoiceField(User.objects.none(), required=False, error_messages=UNKNOWN)

    def __init__(self, data: Any = None, *, person: User, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial=dict(initial or facts_of(person)))
        self._person = person
        sent = [key for key in data.getlist("managers") if key.isalnum()] if data is not None else []
        present = [manager.pk for manager in self.initial["managers"]]
        active = Q(pk__in=sent, status=User.Status.ACTIVE)
        self._pickable = User.objects.filter(active | Q(pk__in=present)).order_by("search_text", "pk")
        field = self.fields["managers"]
        if isinstance(field, forms.ModelMultipleChoiceField):
            field.queryset = self._pickable

    def facts(self) -> Facts:
        """What was typed. Only of a valid form."""
        typed = self.cleaned_data
        return Facts(typed["name"], typed["email"], typed["title"], typed["department"], typed["employee_id"])

    def chosen(self) -> Sequence[User]:
        """The managers as they stand in the form now."""
        keys = [str(each.pk) if isinstance(each, User) else str(each) for each in self["managers"].value()]
        return list(self._pickable.filter(pk__in=[key for key in keys if key.isalnum()]))

    def _same_kind(self) -> Mapping[str, Any]:
        return {"person": self._person}


class RolesForm(EditForm):
    """Which roles are given by hand: to one person, or, without `changed_at`, to many."""

    roles = forms.MultipleChoiceField(
        label="Roles",
        choices=Role.choices,
        required=False,
        error_messages={"invalid_choice": "Choose roles of the list only."},
    )

    def chosen(self) -> Collection[Role]:
        """Only of a valid form."""
        return [Role(each) for each in self.cleaned_data["roles"]]


class LeavingForm(forms.Form):
    """Why somebody is deactivated."""

    reason = LineField(
        label="Reason (optional)",
        max_length=500,
        required=False,
        help_text="It stays in the trail.",
        error_messages={"max_length": "A reason has at most 500 letters."},
    )


class DelegationForm(forms.Form):
    """Who stands in, from when to when."""

    delegate = forms.ModelMultipleChoiceField(
        User.objects.active(),
        error_messages={**UNKNOWN, "required": "Choose who stands in."},
    )
    first = forms.DateField(
        label="First day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Today or later.",
        error_messages={"invalid": "Write the day as 2027-01-31."},
    )
    last = forms.DateField(
        label="Last day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="At most 30 days, the first and the last counted.",
        error_messages={"invalid": "Write the day as 2027-01-31."},
    )

    def clean_delegate(self) -> User:
        """One person, though the picker lets one choose several."""
        people: Sequence[User] = self.cleaned_data["delegate"]
        if len(people) > 1:
            raise forms.ValidationError("Only one person can stand in at a time.")
        return people[0]


class TimeZoneForm(forms.Form):
    """The zone in which times are shown to oneself."""

    time_zone = forms.ChoiceField(
        label="Time zone",
        required=False,
        help_text="For what you see. Due dates end by the organisation's day.",
        error_messages={"invalid_choice": "That time zone is not known here."},
    )

    def __init__(self, data: Any = None, *, person: User, ours: str) -> None:
        super().__init__(data, initial={"time_zone": person.time_zone})
        field = self.fields["time_zone"]
        if isinstance(field, forms.ChoiceField):
            zones = sorted(available_timezones())
            field.choices = [("", f"The organisation's ({ours})"), *((zone, zone) for zone in zones)]


class GroupForm(EditForm):
    """Name and description of a group of people."""

    name = LineField(label="Name", max_length=200)
    description = LineField(
        label="Description (optional)", max_length=500, required=False, help_text="What it is for."
    )


class MembersForm(forms.Form):
    """Who joins a group."""

    people = forms.ModelMultipleChoiceField(
        User.objects.active(), error_messages={**UNKNOWN, "required": "Choose at least one person."}
    )


def facts_of(person: User) -> dict[str, Any]:
    """What the form about a person begins with."""
    names = ("name", "email", "title", "department", "employee_id", "changed_at")
    return {name: getattr(person, name) for name in names} | {"managers": list(person.managers.all())}


def roles_of(person: User) -> dict[str, Any]:
    """What the form about a person's roles begins with: those given by hand."""
    by_hand = person.holdings.filter(source=RoleHolding.Source.HAND)
    return {"roles": list(by_hand.values_list("role", flat=True)), "changed_at": person.changed_at}


def facts_of_group(group: PeopleGroup) -> dict[str, Any]:
    """What the form about a group begins with."""
    return {"name": group.name, "description": group.description, "changed_at": group.changed_at}
