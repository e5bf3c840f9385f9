"""What a new console needs before people can rely on it. Other rooms add their steps in slot `checklist`."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils.timezone import now

from core.models import IdentityProvider, Organisation, PeopleImport, Reporting, TrailEvent, User
from core.queries.imports import last_applied
from core.queries.letters import has_mail
from core.queries.mail_server import leads_nowhere


class State(StrEnum):
    DONE = "done"
    OPEN = "open"
    LATER = "later"
    """Cannot be done yet, and is not waited for."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the checklist. `page` is the name of the address where it is done."""

    title: str
    state: State
    sentence: str
    page: str
    label: str
    icon: str


def steps(organisation: Organisation) -> Sequence[Step]:
    """The ground floor's own, in the order in which they are best taken."""
    return (_address(), _organisation(organisation), _mail(), _sign_in(), _people())


def _state(is_done: bool) -> State:  # noqa: FBT001  # it is the whole question
    return State.DONE if is_done else State.OPEN


def _address() -> Step:
    url = settings.PUBLIC_URL
    if leads_nowhere():
        sentence = f"{url} leads to this machine only: set PUBLIC_URL, or links in letters open nowhere else."
    else:
        sentence = f"Links in letters lead to {url}."
    return Step("Address", _state(not leads_nowhere()), sentence, "core:system", "Look", "world")


def _organisation(organisation: Organisation) -> Step:
    days = len(organisation.holidays)
    sentence = f"{organisation.name}, time zone {organisation.time_zone}, {_count(days, 'holiday')}."
    is_done = organisation.looked_over_at is not None
    return Step(
        "Organisation and working days",
        _state(is_done),
        sentence,
        "core:organisation",
        "Look over",
        "calendar",
    )


def _mail() -> Step:
    is_done = has_mail()
    sentence = "A mail server is set." if is_done else "No mail server is set: letters wait in the outbox."
    return Step("Mail", _state(is_done), sentence, "core:mail_server", "Set up", "mail")


def _sign_in() -> Step:
    provider = IdentityProvider.objects.filter(status=IdentityProvider.Status.IN_FORCE).first()
    is_chosen = TrailEvent.objects.filter(action="core.sign_in_settings_changed").exists()
    if provider:
        sentence = f"People sign in with {provider.label}."
    elif is_chosen:
        sentence = "People sign in with passwords, by the rules you chose."
    else:
        sentence = "People sign in with passwords. Connect your identity provider, or look over the rules."
    page = "core:sign_in_settings" if is_chosen else "core:identity_provider"
    return Step("Sign-in", _state(bool(provider) or is_chosen), sentence, page, "Choose", "login")


def _people() -> Step:
    """Done as soon as there is somebody beside the first administrator."""
    active = User.objects.active()
    count = active.count()
    alone = active.exclude(Exists(Reporting.objects.filter(person=OuterRef("pk")))).count()
    sentence = f"{count:,} {'person' if count == 1 else 'people'}, {alone:,} without a manager."
    last = last_applied()
    if last is not None:
        sentence += f" Last import: {last.name}, {_days_ago(last)}."
    return Step("People", _state(count > 1), sentence, "core:people", "See people", "users")


def _days_ago(applied: PeopleImport) -> str:
    days = (now() - (applied.ended_at or applied.created_at)).days
    return f"{_count(days, 'day')} ago" if days else "within a day"


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
