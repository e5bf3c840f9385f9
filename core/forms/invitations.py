"""What is typed to invite somebody."""

import re
from typing import Any

from django import forms

from core.actions.invitations import LONGEST_MESSAGE, NOT_OURS, may_invite
from core.forms.fields import EmailField, NameField
from core.models import User
from core.models.keys import one_line


class InviteForm(forms.Form):
    email = EmailField()
    name = NameField()
    message = forms.CharField(
        label="A line to them (optional)",
        max_length=LONGEST_MESSAGE,
        required=False,
        help_text="It stands in the letter in your words, such as what you need them for.",
        error_messages={"max_length": f"A line has at most {LONGEST_MESSAGE} letters."},
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._by = by
        for name in ("email", "name"):
            self.fields[name].widget.attrs["autocomplete"] = "off"

    def clean_email(self) -> str:
        """Outside the organisation's own domains only Super Administrators invite."""
        email: str = self.cleaned_data["email"]
        if not may_invite(self._by, email):
            raise forms.ValidationError(NOT_OURS.format(email.rpartition("@")[2]))
        return email

    def clean_message(self) -> str:
        return one_line(self.cleaned_data["message"])


def likely_name(email: str) -> str:
    """How somebody with this e-mail may be called, to begin with."""
    words = re.split(r"[._\-+]+", email.partition("@")[0])
    return " ".join(word.capitalize() for word in words if word)
