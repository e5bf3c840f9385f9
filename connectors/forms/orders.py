"""What people say when they settle an order."""

from django import forms


class OrderReasonForm(forms.Form):
    """Why an order was dropped or left to people, or what was done by hand."""

    reason = forms.CharField(
        max_length=1000,
        error_messages={
            "required": "Say what was done, or why; it stays with the order.",
            "max_length": "It has at most 1,000 letters.",
        },
    )
