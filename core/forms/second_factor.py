"""What is typed of a second factor."""

from typing import Any

from django import forms

LONGEST_CODE = 40  # a recovery code with its dashes, and room for blanks


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=LONGEST_CODE,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        ),
    )


class AnyCodeForm(CodeForm):
    """At sign-in: of the app, or a recovery code, which has letters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.pop("inputmode")
