"""The file that is attached to a role."""

from django import forms
from django.core.files.uploadedfile import UploadedFile

from reviews.actions.role_files import MEGABYTES
from reviews.evidence.attached import LARGEST


class RoleFileForm(forms.Form):
    file = forms.FileField(
        label="File",
        error_messages={"required": "Choose a file.", "empty": "This file is empty."},
    )

    def clean_file(self) -> "UploadedFile[bytes]":
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError(f"A file has at most {MEGABYTES} MB.")
        return file
