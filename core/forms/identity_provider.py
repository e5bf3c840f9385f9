"""What is typed about the identity provider."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django import forms

from core.actions.identity_provider import NEVER, Typed
from core.forms.stale import EditForm
from core.models import IdentityProvider, Role
from core.models.keys import one_line
from core.queries.mail_server import is_this_machine

PRINTABLE = re.compile("[\x20-\x7e]*")
"""What client IDs and secrets consist of (RFC 6749, A.1 and A.2)."""
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
MOST_ROLES = 200


class RoleMapField(forms.CharField):
    """One a line, `value = role`. Cleaned as IdentityProvider.role_map keeps it."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 5, "spellcheck": "false"})
        super().__init__(widget=widget, max_length=20_000, **options)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return "\n".join(f"{told} = {Role(role).label}" for told, role in value.items())
        return value

    def clean(self, value: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        wrong = []
        for number, line in enumerate(str(super().clean(value)).splitlines(), 1):
            told, is_pair, name = (one_line(part) for part in line.rpartition("="))
            role = _ROLES.get(name.casefold())
            if not one_line(line):
                continue
            if not is_pair or not told:
                wrong.append(f"Line {number}: write a value of the claim, an equals sign, a role.")
            elif role is None:
                wrong.append(f'Line {number}: "{name}" is no role.')
            elif told in found:
                wrong.append(f'Line {number}: "{told}" stands here twice.')
            else:
                found[told] = role
        if len(found) > MOST_ROLES:
            wrong.append(f"At most {MOST_ROLES} lines.")
        if wrong:
            raise forms.ValidationError(wrong[:10])
        return found


_ROLES: Mapping[str, str] = {
    name.casefold(): role.value for role in Role for name in (role.value, role.label)
}


class ProviderForm(EditForm):
    """Issuer, client, scopes, and what its people become here."""

    label = forms.CharField(
        label="Name", max_length=100, help_text='Stands on the button: "Sign in with ...".'
    )
    issuer = forms.CharField(
        label="Issuer",
        max_length=500,
        help_text="The address by which the provider calls itself, such as https://login.example.com/tenant.",
    )
    client_id = forms.CharField(label="Client ID", max_length=300)
    client_secret = forms.CharField(
        label="Client secret",
        max_length=1000,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    scopes = forms.CharField(
        label="Scopes", max_length=300, help_text="At least openid and email, with blanks between."
    )
    creates_people = forms.BooleanField(
        label="Let people of the trusted domains in unasked",
        required=False,
        help_text="Their first sign-in makes them a Basic User. Else only who is known here comes in.",
    )
    role_claim = forms.CharField(
        label="Role claim",
        max_length=100,
        required=False,
        help_text="The claim that names groups or roles, such as groups or realm_access.roles. Empty: none.",
    )
    role_map = RoleMapField(
        label="Roles",
        required=False,
        help_text="One a line, such as reeve-admins = Super Administrator. Worked out anew at each sign-in.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("issuer", "client_id", "scopes", "role_claim"):
            self.fields[name].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def clean_label(self) -> str:
        label = one_line(self.cleaned_data["label"])
        if not label:
            raise forms.ValidationError("Enter a name.")
        return label

    def clean_issuer(self) -> str:
        issuer = str(self.cleaned_data["issuer"])
        sentence = "Enter an address that begins with https, without a question mark."
        try:
            parts = urlsplit(issuer)
            is_good = bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError as problem:
            raise forms.ValidationError(sentence) from problem
        is_safe = parts.scheme == "https" or (
            parts.scheme == "http" and is_this_machine(parts.hostname or "")
        )
        is_plain = "@" not in parts.netloc and not {"?", "#"} & set(issuer) and PRINTABLE.fullmatch(issuer)
        if not (is_good and is_safe and is_plain) or " " in issuer:
            raise forms.ValidationError(sentence)
        return issuer.removesuffix("/.well-known/openid-configuration")

    def clean_client_id(self) -> str:
        return _printable(str(self.cleaned_data["client_id"]))

    def clean_client_secret(self) -> str:
        return _printable(str(self.cleaned_data["client_secret"]))

    def clean_scopes(self) -> str:
        scopes = str(self.cleaned_data["scopes"]).split()
        if not {"openid", "email"} <= set(scopes):
            raise forms.ValidationError("openid and email must be among them.")
        if not all(SCOPE.fullmatch(scope) for scope in scopes):
            raise forms.ValidationError("Scopes consist of letters, digits and signs of ASCII.")
        return " ".join(dict.fromkeys(scopes))

    def clean(self) -> dict[str, Any]:
        """A map without a claim would never be asked, and a claim without a map gives nothing."""
        data = super().clean() or {}
        if data.get("role_map") and not data.get("role_claim") and "role_claim" not in self.errors:
            self.add_error("role_claim", "Name the claim whose values are mapped below.")
        if data.get("role_claim") and not data.get("role_map") and "role_map" not in self.errors:
            self.add_error("role_map", "Say which roles the values of the claim give.")
        return data

    def typed(self) -> Typed:
        """Only of a valid form."""
        return Typed(**{name: self.cleaned_data[name] for name in self.fields if name != "changed_at"})


def present(row: IdentityProvider | None) -> Mapping[str, Any]:
    """What the form begins with: never the secret."""
    if row is None:
        return {"scopes": "openid email profile", "changed_at": NEVER}
    names = ("label", "issuer", "client_id", "scopes", "creates_people", "role_claim", "role_map")
    return {**{name: getattr(row, name) for name in names}, "changed_at": row.saved_at}


def _printable(text: str) -> str:
    if not PRINTABLE.fullmatch(text):
        raise forms.ValidationError("Only letters, digits and signs of ASCII: no provider takes others.")
    return text
