"""What is typed where a campaign is corrected, closed, remedied and signed off."""

from typing import Any

from django import forms

from reviews.actions.closing import WORD
from reviews.actions.removing import DEFICIENCY, USED
from reviews.actions.signing_off import CONCLUDE, STATEMENTS
from reviews.models import Campaign, Decision, Policy

REASON_LIMIT = 1000
CONCLUSION_LIMIT = 4000
CHOOSE = {"required": "Choose one.", "invalid_choice": "Choose one."}


class ReasonField(forms.CharField):
    def __init__(self, *, missing: str = "Give a reason: it goes into the evidence.", **options: Any) -> None:
        super().__init__(
            max_length=REASON_LIMIT,
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
            error_messages={"required": missing, "max_length": "A reason has at most 1,000 letters."},
            **options,
        )


class CorrectForm(forms.Form):
    outcome = forms.ChoiceField(choices=Decision.Outcome.choices, error_messages=CHOOSE)
    reason = ReasonField(label="Why the decision is corrected")


class RepairForm(forms.Form):
    """Why lines are asked about anew or cancelled, and by which policy, where that changes."""

    policy = forms.ModelChoiceField(
        Policy.objects.here().order_by("name"),
        label="Who decides from here on",
        empty_label="Choose a policy",
        error_messages={
            "required": "Choose a policy.",
            "invalid_choice": "That policy is not in use any more.",
        },
    )
    reason = ReasonField(label="Why")

    def __init__(self, *args: Any, takes_policy: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not takes_policy:
            del self.fields["policy"]


class ReassignForm(forms.Form):
    reason = forms.CharField(
        label="Why somebody else",
        required=False,
        max_length=REASON_LIMIT,
        help_text="The new reviewer reads it; policies may want one.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ControlOwnerForm(forms.Form):
    reason = ReasonField(label="Why somebody else signs off")


class CloseForm(forms.Form):
    at_end = forms.ChoiceField(
        label="Lines that nobody decided", choices=Campaign.Silence.choices, error_messages=CHOOSE
    )
    typed = forms.CharField(
        label=f"Type {WORD} to have them denied",
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> None:
        denies = self.cleaned_data.get("at_end") == Campaign.Silence.REMOVE
        if denies and self.cleaned_data.get("typed", "").strip() != WORD:
            self.add_error("typed", f"Type {WORD} to have the open lines denied.")


class ExceptForm(forms.Form):
    reason = ReasonField(label="Why the access stays")


class ByHandForm(forms.Form):
    how = ReasonField(
        label="What was done, and where", missing="Say what was done, and where: it goes into the evidence."
    )


class LookBackForm(forms.Form):
    """What somebody found out about access of a grave risk that should not have been there."""

    used = forms.ChoiceField(
        label="Was it used since it was given?", choices=list(USED.items()), error_messages=CHOOSE
    )
    cause = ReasonField(
        label="How it came that it was there", missing="Say how it came that the access was there."
    )
    deficiency = forms.ChoiceField(
        label="Is that a deficiency of the control?",
        choices=list(DEFICIENCY.items()),
        error_messages=CHOOSE,
    )


class LookAgainForm(forms.Form):
    agrees = forms.ChoiceField(
        label="Would you have decided the same?",
        choices=[("yes", "The same"), ("no", "Otherwise")],
        error_messages=CHOOSE,
    )
    note = forms.CharField(
        label="Why otherwise",
        required=False,
        max_length=REASON_LIMIT,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> None:
        if self.cleaned_data.get("agrees") == "no" and not self.cleaned_data.get("note", "").strip():
            self.add_error("note", "Say why you would have decided otherwise.")


class SignOffForm(forms.Form):
    """The four statements, each to be ticked, and what is concluded where a look said otherwise."""

    agreed = forms.MultipleChoiceField(
        choices=list(STATEMENTS.items()),
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "Tick all four statements: each is part of what you sign."
        ),
    )
    conclusion = forms.CharField(
        label="What you conclude from it",
        max_length=CONCLUSION_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": CONCLUDE, "max_length": "A conclusion has at most 4,000 letters."},
    )

    def __init__(self, *args: Any, concludes: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not concludes:
            del self.fields["conclusion"]

    def clean_agreed(self) -> list[str]:
        agreed: list[str] = self.cleaned_data["agreed"]
        if set(agreed) != set(STATEMENTS):
            raise forms.ValidationError("Tick all four statements: each is part of what you sign.")
        return agreed
