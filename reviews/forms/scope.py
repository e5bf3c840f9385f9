"""What is typed about the scope of a campaign or a template."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from connectors.models import Entitlement
from core.forms.stale import EditForm
from core.models import User
from reviews.actions.facts import Covered
from reviews.forms.campaigns import NO_DAY, UNKNOWN, keys_of, offer
from reviews.models import Campaign, Policy, Scope, Template
from reviews.queries.offers import Offers

MOST_PEOPLE = 200
KINDS, SINGLY = "kinds", "singly"
WHAT = ((KINDS, "Whole resource types"), (SINGLY, "Single entitlements"))
LISTS = (
    *("apps", "kinds", "risks", "frameworks", "departments", "titles", "owner_statuses"),
    *("without_groups", "account_types", "account_statuses"),
)
MOST_DAYS_BACK = 3_650


def ticks(label: str) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        required=False,
        error_messages={"invalid_choice": "One of those ticked is not there any more: look again."},
    )


class ScopeForm(EditForm):
    """Which grants are reviewed. Where nothing is ticked nothing is left out."""

    apps = ticks("App")
    what = forms.ChoiceField(
        choices=WHAT, required=False, error_messages={"invalid_choice": "Choose one of the two."}
    )
    kinds = ticks("Resource type")
    entitlements = forms.ModelMultipleChoiceField(
        Entitlement.objects.none(),
        label="Entitlements",
        required=False,
        error_messages={"invalid_choice": "One of the entitlements is not known here."},
    )
    risks = ticks("Risk")
    frameworks = ticks("Framework")
    people = forms.ModelMultipleChoiceField(
        User.objects.none(), label="People", required=False, error_messages=UNKNOWN
    )
    managers = forms.ModelMultipleChoiceField(
        User.objects.none(), label="Managers", required=False, error_messages=UNKNOWN
    )
    departments = ticks("Department")
    titles = ticks("Title")
    owner_statuses = ticks("Status of the owner")
    without_groups = ticks("Group")
    account_types = ticks("Account type")
    account_statuses = ticks("Account status")
    domains = forms.ChoiceField(
        label="E-mail of the account",
        choices=Scope.Domains.choices,
        required=False,
        error_messages={"invalid_choice": "Choose one of those offered."},
    )
    only_without_owner = forms.BooleanField(label="Only accounts without an owner", required=False)
    grants = forms.ChoiceField(
        choices=Scope.Grants.choices,
        required=False,
        error_messages={"invalid_choice": "Choose one of those offered."},
    )
    granted_after = forms.DateField(
        label="Began after",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages=NO_DAY,
    )
    granted_until = forms.DateField(
        label="And not after",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages=NO_DAY,
    )
    granted_days = forms.IntegerField(
        label="Days",
        required=False,
        min_value=1,
        max_value=MOST_DAYS_BACK,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"), f"Enter a number between 1 and {MOST_DAYS_BACK:,}."
        ),
    )

    def __init__(
        self, data: Any = None, *, of: Campaign | Template, offers: Offers, initial: Any = None
    ) -> None:
        super().__init__(data, initial=dict(initial or scope_of(of)))
        self._made_of: Mapping[str, Any] = {"of": of, "offers": offers}
        for name in LISTS:
            field = self.fields[name]
            if isinstance(field, forms.MultipleChoiceField):
                field.choices = list(getattr(offers, name))
        rows = Entitlement.objects.filter(pk__in=self._keys("entitlements"))
        offer(self, "entitlements", rows.order_by("search_text", "pk"))
        for name in ("people", "managers"):
            offer(self, name, User.objects.filter(pk__in=self._keys(name)).order_by("search_text", "pk"))

    def clean_people(self) -> Sequence[User]:
        people: Sequence[User] = self.cleaned_data["people"]
        if len(people) > MOST_PEOPLE:
            raise forms.ValidationError(f"At most {MOST_PEOPLE} people can be named singly.")
        return people

    def clean(self) -> None:
        typed = self.cleaned_data
        if (
            typed.get("what") == SINGLY
            and not typed.get("entitlements")
            and "entitlements" not in self.errors
        ):
            self.add_error("entitlements", "Choose at least one entitlement, or whole resource types.")
        named = any(
            typed.get(name) for name in ("people", "managers", "departments", "titles", "owner_statuses")
        )
        if typed.get("only_without_owner") and named:
            self.add_error(
                "only_without_owner",
                "An account without an owner belongs to nobody: take people, managers, departments, titles"
                " and statuses of owners away.",
            )
        self._clean_times(typed)

    def _clean_times(self, typed: Mapping[str, Any]) -> None:
        chosen = typed.get("grants")
        after, until = typed.get("granted_after"), typed.get("granted_until")
        if chosen == Scope.Grants.SINCE and not after and "granted_after" not in self.errors:
            self.add_error("granted_after", "Say after which day.")
        if chosen == Scope.Grants.SINCE and after and until and until <= after:
            self.add_error("granted_until", "This day lies before the first.")
        if (
            chosen == Scope.Grants.LAST_DAYS
            and not typed.get("granted_days")
            and "granted_days" not in self.errors
        ):
            self.add_error("granted_days", "Say how many days.")

    def covered(self) -> Covered:
        """What was chosen. Only of a valid form."""
        typed = self.cleaned_data
        singly = typed["what"] == SINGLY
        grants = typed["grants"] or Scope.Grants.ALL
        lists = {name: list(typed[name]) for name in LISTS if name != "kinds"}
        return Covered(
            **lists,
            kinds=[] if singly else list(typed["kinds"]),
            entitlements=[each.pk for each in typed["entitlements"]] if singly else [],
            people=[each.pk for each in typed["people"]],
            managers=[each.pk for each in typed["managers"]],
            domains=typed["domains"],
            only_without_owner=typed["only_without_owner"],
            grants=grants,
            granted_after=typed["granted_after"] if grants == Scope.Grants.SINCE else None,
            granted_until=typed["granted_until"] if grants == Scope.Grants.SINCE else None,
            granted_days=typed["granted_days"] if grants == Scope.Grants.LAST_DAYS else None,
        )

    def chosen(self, name: str) -> list[str]:
        """The keys that stand in a field now."""
        return self._keys(name)

    def _keys(self, name: str) -> list[str]:
        value = self.data.getlist(name) if self.is_bound else self.initial.get(name)  # type: ignore[attr-defined]  # a QueryDict
        return keys_of(value)

    def _same_kind(self) -> Mapping[str, Any]:
        return self._made_of


class EntitlementPolicyForm(forms.Form):
    """Who decides on one entitlement; nothing: whoever would without."""

    policy = forms.ModelChoiceField(
        Policy.objects.none(),
        required=False,
        error_messages={"invalid_choice": "That policy is not in use any more: choose another."},
    )

    def __init__(self, data: Any = None, *, present: Policy | None) -> None:
        super().__init__(data, initial={"policy": present.pk if present else ""})
        field = self.fields["policy"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Policy.objects.here().order_by("built_in", "name")


def scope_of(row: Campaign | Template) -> dict[str, Any]:
    """What the form begins with."""
    found = {name: getattr(row.scope, name) for name in Covered.__dataclass_fields__}
    return {
        **found,
        "what": SINGLY if row.scope.entitlements else KINDS,
        "changed_at": row.changed_at,
    }
