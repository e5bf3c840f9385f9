"""What is asked for when a file of the evidence is to be made."""

from django import forms

from reviews.evidence.lines import MORE


class ReportForm(forms.Form):
    """The kind is judged by the verb; columns count for files of lines alone."""

    kind = forms.CharField(required=False)
    columns = forms.MultipleChoiceField(
        label="Further columns of the lines",
        choices=list(MORE.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "There is no such column."},
    )
