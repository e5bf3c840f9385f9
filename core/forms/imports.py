"""What is sent to bring people: a file, and the word to apply it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from core.people_file import LARGEST

MEGABYTES = LARGEST // 1024 // 1024


class FileForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        error_messages={
            "required": "Choose a file.",
            "empty": "This file is empty.",
        },
    )

    def clean_file(self) -> "UploadedFile[bytes]":
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError(f"A file has at most {MEGABYTES} MB.")
        return file


class ApplyForm(forms.Form):
    """What is agreed to. The boxes are labelled by the page, with their numbers."""

    leave_out = forms.BooleanField(required=False)
    deactivate = forms.BooleanField(required=False)

    def __init__(self, report: Mapping[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["leave_out"].required = bool(report.get("counts", {}).get("wrong"))
        self.fields["leave_out"].error_messages["required"] = (
            "Tick that the lines with mistakes are left out, or correct the file and bring it again."
        )
