"""What is typed about the organisation: its name, time, domains, days off, and how long things are kept."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms

from core.forms.stale import EditForm
from core.models import Organisation
from core.models.keys import one_line

_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")
_NOT_ZONES = ("posix/", "right/", "localtime", "posixrules", "Factory")
MOST_DOMAINS, MOST_HOLIDAYS = 200, 1_000
LONGEST_KEPT = 36_500  # days, a hundred years: the column would hold more, a calendar not


@cache
def time_zones() -> Sequence[str]:
    """Every zone of the tz database, by name."""
    return sorted(zone for zone in available_timezones() if not zone.startswith(_NOT_ZONES))


def _lines(text: str) -> list[tuple[int, str]]:
    """What stands on each line, with its number; empty lines say nothing."""
    numbered = ((number, one_line(line)) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in numbered if line]


class TimeZoneField(forms.CharField):
    """A name of the tz database. Typed into a field that offers all of them."""

    def __init__(self, *, options_id: str, **options: Any) -> None:
        widget = forms.TextInput(attrs={"list": options_id, "autocomplete": "off", "spellcheck": "false"})
        super().__init__(max_length=64, widget=widget, **options)

    def clean(self, value: Any) -> str:
        typed = str(super().clean(value))
        found = {zone.casefold(): zone for zone in time_zones()}.get(typed.casefold().replace(" ", "_"))
        if found is None:
            raise forms.ValidationError(
                f'"{typed}" is no time zone. They read like Europe/Stockholm or America/New_York.'
            )
        return found


class DomainsField(forms.CharField):
    """Domains, one a line; a leading @ is passed over. Cleaned: lower case, sorted, each once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}), **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        found = {line.removeprefix("@").lower(): number for number, line in _lines(str(super().clean(value)))}
        wrong = [
            f'Line {number}: "{domain}" is no domain. One reads like example.com.'
            for domain, number in found.items()
            if not _DOMAIN.fullmatch(domain)
        ]
        if len(found) > MOST_DOMAINS:
            wrong.append(f"At most {MOST_DOMAINS} domains.")
        if wrong:
            raise forms.ValidationError(wrong[:10])
        return sorted(found)


class HolidaysField(forms.CharField):
    """Days, one a line: `2027-01-01 New Year`. Cleaned as Organisation.holidays keeps them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}), **options)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(f"{each['on']} {each['name']}".strip() for each in value)
        return value

    def clean(self, value: Any) -> list[dict[str, str]]:
        found: dict[str, str] = {}
        wrong = []
        for number, line in _lines(str(super().clean(value))):
            day, _, name = line.partition(" ")
            if not _is_day(day):
                wrong.append(f'Line {number}: "{line}" does not begin with a day such as 2027-01-01.')
            elif day in found:
                wrong.append(f"Line {number}: {day} stands here twice.")
            elif len(name) > 100:
                wrong.append(f"Line {number}: the name is longer than 100 letters.")
            else:
                found[day] = name
        if len(found) > MOST_HOLIDAYS:
            wrong.append(f"At most {MOST_HOLIDAYS} days.")
        if wrong:
            raise forms.ValidationError(wrong[:10])
        return [{"on": day, "name": found[day]} for day in sorted(found)]


def _is_day(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


class OrganisationForm(EditForm):
    name = forms.CharField(
        label="Name",
        max_length=200,
        help_text="Stands in letters, in the rail and on the sign-in page.",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    time_zone = TimeZoneField(
        label="Time zone",
        options_id="zones",
        help_text="Times are shown in it, due dates end at 23:59 there. Type to search.",
    )
    trusted_domains = DomainsField(
        label="Trusted domains",
        required=False,
        help_text="Domains of your e-mail addresses, one a line. From elsewhere only a Super Administrator "
        "can invite somebody. Empty: every domain is trusted.",
    )
    holidays = HolidaysField(
        label="Holidays",
        required=False,
        help_text="One a line: the day, then its name, such as 2027-01-01 New Year.",
    )

    def clean_name(self) -> str:
        """On one line, and not only blanks."""
        name = one_line(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError("Enter a name.")
        return name


class RetentionForm(EditForm):
    keep_letters_days = forms.IntegerField(label="Text of letters", max_value=LONGEST_KEPT)
    keep_log_days = forms.IntegerField(label="Log lines of syncs", max_value=LONGEST_KEPT)
    keep_downloads_days = forms.IntegerField(label="Downloads", max_value=LONGEST_KEPT)

    def __init__(self, *args: Any, present: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._present = present
        for name, field in self.fields.items():
            if name != "changed_at":
                days = getattr(present, name)
                field.help_text = f"Days. Now {days:,}; may be lengthened, never shortened."
                field.widget.attrs["min"] = days

    def _same_kind(self) -> Mapping[str, Any]:
        return {"present": self._present}
