"""What is typed about the mail server."""

import re
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

from django import forms
from django.conf import settings

from core.actions.mail_server import NEVER, Typed
from core.forms.fields import PasswordField
from core.forms.stale import EditForm
from core.models import MailServer
from core.queries.mail_server import PORTS, leads_nowhere

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[?[0-9A-Fa-f:.]+\]?", re.ASCII)
ASCII = "Only letters, digits and signs of ASCII: mail servers take no others here."


class MailServerForm(EditForm):
    """Host, port, security, user, password, sender."""

    host = forms.CharField(label="Host", max_length=255, help_text="Such as smtp.example.com")
    security = forms.ChoiceField(
        label="Security",
        choices=(
            (MailServer.Security.STARTTLS, "STARTTLS, usually port 587"),
            (MailServer.Security.TLS, "TLS from the start, usually port 465"),
            (MailServer.Security.NONE, "None, for a server without sign-in, usually port 25"),
        ),
    )
    port = forms.IntegerField(
        label="Port",
        min_value=1,
        max_value=65535,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    username = forms.CharField(
        label="User", max_length=255, required=False, help_text="Leave empty if the server wants no sign-in."
    )
    password = PasswordField(label="Password", autocomplete="new-password", required=False)
    sender = forms.CharField(
        label="Sender", max_length=320, help_text="Name <name@host>, or the address alone."
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("host", "username", "sender"):
            self.fields[name].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def clean_host(self) -> str:
        host = str(self.cleaned_data["host"])
        if not HOST.fullmatch(host):
            raise forms.ValidationError("Enter the host alone, such as smtp.example.com.")
        return host.strip("[]")

    def clean_username(self) -> str:
        return _ascii(str(self.cleaned_data["username"]))

    def clean_password(self) -> str:
        return _ascii(str(self.cleaned_data["password"]))

    def clean_sender(self) -> str:
        sender = str(self.cleaned_data["sender"])
        before, _, host = parseaddr(sender)[1].partition("@")
        if not (before and host and sender.isprintable()):
            raise forms.ValidationError("Enter it as Name <name@host>.")
        if not (before + host).isascii():
            raise forms.ValidationError("The address must be in ASCII.")
        return sender

    def typed(self) -> Typed:
        """Only of a valid form."""
        names = ("host", "port", "security", "username", "sender", "password")
        return Typed(**{name: self.cleaned_data[name] for name in names})


def present(row: MailServer | None) -> Mapping[str, Any]:
    """What the form begins with: never the password."""
    if row is None:
        security = MailServer.Security.STARTTLS
        return {
            "security": security,
            "port": PORTS[security],
            "sender": "" if leads_nowhere() else settings.MAIL_FROM,
            "changed_at": NEVER,
        }
    names = ("host", "port", "security", "username", "sender")
    return {**{name: getattr(row, name) for name in names}, "changed_at": row.saved_at}


def _ascii(text: str) -> str:
    if not text.isascii():
        raise forms.ValidationError(ASCII)
    return text
