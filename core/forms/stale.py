"""Edit forms that notice when somebody else was faster (they show both values, and nothing typed is lost)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.forms import BoundField


class SeenField(forms.CharField):
    """When the row was last changed, as the form knew it. None where that cannot be read: stale, then."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=64, widget=forms.HiddenInput)

    def prepare_value(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else value

    def clean(self, value: Any) -> Any:
        try:
            seen = datetime.fromisoformat(str(value))
        except ValueError:
            return None
        return seen if seen.tzinfo else None


@dataclass(frozen=True, slots=True)
class Difference:
    """One field where what was typed is not what is saved by now, both as a person reads them."""

    label: str
    typed: str
    saved: str


class EditForm(forms.Form):
    """A form about one row that has `changed_at`. Its template draws it and components/stale.html.

    The verb is given `seen=form.cleaned_data["changed_at"]` and calls core.states.must_be_unchanged. Where
    that raises StaleState, the view calls `compare` and answers 409 with the form.
    """

    changed_at = SeenField()

    is_stale = False
    differences: Sequence[Difference] = ()

    def compare(self, present: Mapping[str, Any]) -> None:
        """Keep what was typed, say beside it what is saved now, and know the present state from here on.

        `present` is what `initial` would be for a form drawn now, with `changed_at`. Secrets are left out.
        """
        now_saved = type(self)(**self._same_kind(), initial=dict(present))
        self.is_stale = True
        shown = [
            name
            for name, field in self.fields.items()
            if name != "changed_at" and not isinstance(field.widget, forms.PasswordInput)
        ]
        pairs = [(self[name], now_saved[name]) for name in shown]
        self.differences = [
            Difference(str(typed.label), _said(typed), _said(saved))
            for typed, saved in pairs
            if _said(typed) != _said(saved)
        ]
        data = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict or dict, both copy
        data[self.add_prefix("changed_at")] = present["changed_at"].isoformat()
        self.data = data

    def _same_kind(self) -> Mapping[str, Any]:
        """What a second form of this class is made with; for forms whose `__init__` wants more."""
        return {}


def _said(field: BoundField) -> str:
    """The value as a person reads it: the labels of what is chosen, yes or no, else the text."""
    value = field.value()
    if isinstance(field.field, forms.BooleanField):
        return "yes" if field.field.to_python(value) else "no"
    if isinstance(field.field, forms.ChoiceField):
        wanted = {str(each) for each in (value if isinstance(value, list | tuple | set) else [value])}
        return ", ".join(str(label) for key, label in _flat(field.field.widget.choices) if str(key) in wanted)
    return "\n".join(str(value if value is not None else "").split("\r\n")).strip()


def _flat(choices: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    for key, label in choices:
        found += _flat(label) if isinstance(label, list | tuple) else [(key, label)]
    return found
