"""What is typed to come in: e-mail, password, name."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from core.forms.fields import EmailField, NameField, PasswordField
from core.models import User


class SignInForm(forms.Form):
    email = EmailField()
    password = PasswordField(label="Password", autocomplete="current-password")


class LinkForm(forms.Form):
    email = EmailField()


class FirstAdministratorForm(forms.Form):
    name = NameField()
    email = EmailField(help_text="Used to sign in and for what waits for you.")
    password = PasswordField(
        label="Password",
        autocomplete="new-password",
        help_text="At least 12 characters; a few words do well.",
    )

    def clean(self) -> dict[str, Any]:
        """The password may not be the person's name or e-mail in disguise."""
        data = super().clean() or {}
        person = User(name=data.get("name", ""), email=data.get("email", ""))
        _check_password(self, "password", person)
        return data


class NewPasswordForm(forms.Form):
    password = PasswordField(
        label="New password",
        autocomplete="new-password",
        help_text="At least 12 characters; a few words do well.",
    )
    again = PasswordField(label="The same again", autocomplete="new-password")

    def __init__(self, person: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._person = person

    def clean(self) -> dict[str, Any]:
        """Both must be the same, and good enough."""
        data = super().clean() or {}
        if "password" in data and "again" in data and data["password"] != data["again"]:
            self.add_error("again", "The two passwords differ.")
        _check_password(self, "password", self._person)
        return data


class ChangePasswordForm(NewPasswordForm):
    present = PasswordField(label="Present password", autocomplete="current-password")

    field_order = ("present", "password", "again")


class AgainForm(forms.Form):
    password = PasswordField(label="Password", autocomplete="current-password")


def _check_password(form: forms.Form, field: str, person: User) -> None:
    if field not in form.cleaned_data:
        return
    try:
        validate_password(form.cleaned_data[field], person)
    except forms.ValidationError as problem:
        form.add_error(field, problem)
