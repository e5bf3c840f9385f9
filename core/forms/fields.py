"""Fields that several forms have."""

from typing import Any

from django import forms

from core.models.keys import one_line
from core.people_file import LONGEST

LONGEST_PASSWORD = 1000


class PasswordField(forms.CharField):
    """A password as typed: blanks count."""

    def __init__(self, *, autocomplete: str, **options: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
        super().__init__(strip=False, max_length=LONGEST_PASSWORD, widget=widget, **options)


class EmailField(forms.EmailField):
    """An e-mail address, in lower case as ours are kept."""

    def __init__(self, **options: Any) -> None:
        widget = forms.EmailInput(attrs={"autocomplete": "username"})
        super().__init__(label="E-mail", max_length=LONGEST["email"], widget=widget, **options)

    def clean(self, value: Any) -> str:
        return str(super().clean(value)).lower()


class NameField(forms.CharField):
    """A person's name, on one line."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "name"})
        super().__init__(label="Name", max_length=LONGEST["name"], widget=widget, **options)

    def to_python(self, value: Any) -> str:
        return one_line(super().to_python(value) or "")
