"""The file that is attached to a role."""

from django import forms
from django.core.files.uploadedfile import UploadedFile

from reviews.actions.role_files import MEGABYTES, NO_FILE
from reviews.evidence.attached import LARGEST, suffix_of


class RoleFileForm(forms.Form):
    file = forms.FileField(
        label="File",
        error_messages={"required": "Choose a file.", "empty": "This file is empty."},
    )

    def clean_file(self) -> "UploadedFile[bytes]":
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError(f"A file has at most {MEGABYTES} MB.")
        is_known = bool(suffix_of(file.read()))
        file.seek(0)
        if not is_known:
            raise forms.ValidationError(NO_FILE)
        return file
