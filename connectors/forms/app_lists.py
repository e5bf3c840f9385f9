"""A list of apps as it is sent, and as it comes back from its preview."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from connectors.discovery import BadList, Listing
from connectors.discovery.csv_list import CsvList

LARGEST = 1024 * 1024  # bytes: its text goes through the preview and back
MEGABYTES = LARGEST // 1024 // 1024


class AppListForm(forms.Form):
    """A file of apps."""

    file = forms.FileField(
        label="CSV file", error_messages={"required": "Choose a file.", "empty": "This file is empty."}
    )

    def clean_file(self) -> bytes:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError(f"A list has at most {MEGABYTES} MB.")
        content: bytes = file.read()
        try:
            self.listing = CsvList(content).listing()
        except BadList as problem:
            raise forms.ValidationError(str(problem)) from problem
        return content

    listing: Listing
    """What the file lists. Only of a valid form."""

    def text(self) -> str:
        """The file as text, for the way through its preview."""
        content: bytes = self.cleaned_data["file"]
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")


class ApplyListForm(forms.Form):
    """The text that was previewed, and what its preview said."""

    text = forms.CharField(widget=forms.HiddenInput, strip=False)
    seen = forms.CharField(widget=forms.HiddenInput)

    listing: Listing
    """What the text lists. Only of a valid form."""

    def clean_text(self) -> Any:
        text: str = self.cleaned_data["text"]
        try:
            self.listing = CsvList(text.encode()).listing()
        except BadList as problem:
            raise forms.ValidationError(str(problem)) from problem
        return text
