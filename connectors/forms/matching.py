"""How the accounts of an app are matched: one of our strategies, or pairs of one's own."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.forms import BoundField

from connectors.models import App
from connectors.sync.matching import ACCOUNT_FIELDS, MOST_PAIRS, PERSON_FIELDS, PROFILE, Strategy
from core.forms.stale import EditForm


class MatchingForm(EditForm):
    """A strategy; for pairs of one's own `account_N` and `person_N`, the first that matches wins."""

    matching = forms.ChoiceField(
        label="Accounts belong to whoever has the same",
        choices=[each for each in App.Matching.choices if each[0] != App.Matching.KEY],
        widget=forms.RadioSelect(attrs={"class": "r-check"}),
        error_messages={"required": "Choose how accounts are matched."},
    )
    drops_plus = forms.BooleanField(
        label="Read name+word@example.com as name@example.com",
        required=False,
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        attributes: Sequence[str],
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        self._attributes = attributes
        profile = [(f"{PROFILE}{name}", name) for name in attributes]
        account = [("", "None"), *ACCOUNT_FIELDS.items(), *([("Profile", profile)] if profile else [])]
        for number in range(MOST_PAIRS):
            self.fields[f"account_{number}"] = forms.ChoiceField(
                label=f"Pair {number + 1}: of the account", choices=account, required=False
            )
            self.fields[f"person_{number}"] = forms.ChoiceField(
                label=f"Pair {number + 1}: of the person",
                choices=[("", "None"), *PERSON_FIELDS.items()],
                required=False,
            )

    @property
    def pairs(self) -> list[tuple[BoundField, BoundField]]:
        """The two fields of each pair."""
        return [(self[f"account_{number}"], self[f"person_{number}"]) for number in range(MOST_PAIRS)]

    def strategy(self) -> Strategy:
        typed = self.cleaned_data
        both = [(typed[f"account_{each}"], typed[f"person_{each}"]) for each in range(MOST_PAIRS)]
        pairs = tuple(pair for pair in both if pair[0] and pair[1])
        return Strategy(typed["matching"], pairs, typed["drops_plus"])

    def clean(self) -> None:
        typed = self.cleaned_data
        for number in range(MOST_PAIRS):
            names = f"account_{number}", f"person_{number}"
            if names[0] in typed and names[1] in typed and bool(typed[names[0]]) != bool(typed[names[1]]):
                lacking = names[1] if typed[names[0]] else names[0]
                self.add_error(lacking, "A pair needs both halves.")
        if self.errors or typed.get("matching") != App.Matching.CUSTOM:
            return
        if not self.strategy().pairs:
            self.add_error(None, "Name at least one pair, or choose another way to match.")

    def _same_kind(self) -> Mapping[str, Any]:
        return {"attributes": self._attributes}


def matching_of(app: App) -> dict[str, Any]:
    """What the form begins with."""
    state = {"matching": app.matching, "drops_plus": app.drops_plus, "changed_at": app.changed_at}
    for number, (account, person) in enumerate(app.pairs[:MOST_PAIRS]):
        state |= {f"account_{number}": account, f"person_{number}": person}
    return state
