"""What an owner of a campaign adds to a reminder."""

from collections.abc import Mapping
from typing import Any

from django import forms

from reviews.actions.letters import CANNED, LONGEST


class RemindForm(forms.Form):
    text = forms.CharField(
        label="What you want to say",
        required=False,
        max_length=LONGEST,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="It stands in the letter below the sentence that says how many lines wait, and by when.",
        error_messages={"max_length": f"A reminder has at most {LONGEST:,} letters."},
    )
    copies = forms.BooleanField(label="Write to their managers, too", required=False)


def with_phrase(typed: Mapping[str, Any], phrase: str) -> dict[str, Any]:
    """What was typed, and one of the phrases after it; an unknown one adds nothing."""
    text = str(typed.get("text", "")).strip()
    added = CANNED.get(phrase, "")
    if added and added not in text:
        text = f"{text}\n{added}".strip()
    return {"text": text, "copies": "copies" in typed}
