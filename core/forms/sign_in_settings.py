"""What is typed about sessions, passwords, second factors and networks."""

from ipaddress import ip_network
from typing import Any

from django import forms

from core.actions.sign_in_settings import Decided
from core.forms.stale import EditForm
from core.models import Organisation
from core.models.keys import one_line

LONGEST = 20 * 60  # minutes
SHORTEST_SESSION, SHORTEST_IDLE = 45, 5  # minutes
MOST_NETWORKS = 200


class NetworksField(forms.CharField):
    """Networks, one a line: `192.0.2.0/24`, or a single address. Cleaned: each as `ipaddress` writes it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}), **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        found, wrong = [], []
        for number, line in enumerate(str(super().clean(value)).splitlines(), 1):
            typed = one_line(line)
            if not typed:
                continue
            try:
                found.append(str(ip_network(typed, strict=False)))
            except ValueError:
                wrong.append(f'Line {number}: "{typed}" is no network. One reads like 192.0.2.0/24.')
        if len(found) > MOST_NETWORKS:
            wrong.append(f"At most {MOST_NETWORKS} networks.")
        if wrong:
            raise forms.ValidationError(wrong[:10])
        return list(dict.fromkeys(found))


class SignInSettingsForm(EditForm):
    session_minutes = forms.IntegerField(
        label="Everybody signs in again after",
        min_value=SHORTEST_SESSION,
        max_value=LONGEST,
        help_text=f"Minutes since the sign-in, {SHORTEST_SESSION} to {LONGEST:,}. 720 are twelve hours.",
    )
    idle_minutes = forms.IntegerField(
        label="Or when they were away for",
        min_value=SHORTEST_IDLE,
        max_value=LONGEST,
        help_text=f"Minutes, {SHORTEST_IDLE} to {LONGEST:,}. An open page that renews itself does not count.",
    )
    administrator_idle_minutes = forms.IntegerField(
        label="Administrators when they were away for",
        min_value=SHORTEST_IDLE,
        max_value=LONGEST,
        help_text="Minutes. For everybody with a role beyond Basic User.",
    )
    passwords_for = forms.ChoiceField(
        label="Who signs in with a password",
        choices=Organisation.Passwords.choices,
        help_text="Super Administrators always can: it is the way back if the identity provider fails. "
        "For the others it can be closed while an identity provider is in force.",
    )
    second_factor_for_administrators = forms.BooleanField(
        label="Administrators need a second factor",
        required=False,
        help_text="Who signs in with a password and has none sets one up before anything else opens. "
        "With the identity provider it is the provider's affair.",
    )
    allowed_networks = NetworksField(
        label="Networks people may come from",
        required=False,
        help_text="One a line, such as 192.0.2.0/24 or 2001:db8::/32. Empty: from everywhere.",
    )

    def clean(self) -> dict[str, Any]:
        """Nobody is away for longer than a session lasts."""
        data = super().clean() or {}
        longest = data.get("session_minutes")
        for name in ("idle_minutes", "administrator_idle_minutes"):
            if longest and data.get(name, 0) > longest:
                self.add_error(name, "This is longer than a session lasts.")
        return data

    def decided(self) -> Decided:
        """What was typed, valid."""
        return Decided(**{name: self.cleaned_data[name] for name in Decided.__slots__})
