"""The only way to write a letter: into the outbox, inside the transaction of what it tells."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template import Context, Engine
from django.template.loader import render_to_string

from core.models import Organisation, OutgoingMail, TrailSeal, User
from core.models.keys import one_line
from core.queue import nudge

PASSWORD_LINK, INVITATION_LINK = "[[password-link]]", "[[invitation-link]]"
NAMES = {PASSWORD_LINK: "password_link", INVITATION_LINK: "invitation_link"}
MARKS = tuple(NAMES)
"""Stand in the outbox for links that sign in; the job that sends the letter puts in a fresh one.
Templates know them by these names."""


@dataclass(frozen=True, slots=True)
class Written:
    """A letter as it reads: text, and the same for programs that show HTML."""

    subject: str
    text: str
    html: str


def post(
    letter: str, *, to: User, key: str, address: str = "", reply_to: User | None = None, **context: Any
) -> OutgoingMail:
    """Put a letter in the outbox. One key, one letter to one address, however often it is posted.

    `address` is for a letter that must reach an address they had before; else it goes to their e-mail.
    While the maintenance switch is on, the letter is noted as dropped and never goes out.
    """
    is_dropped = Organisation.current().drops_letters
    written = write(letter, to=to, **context)
    address = address or to.email
    mail, is_new = OutgoingMail.objects.get_or_create(
        key=f"{letter}:{key}:{to.pk}:{_short(address)}",
        defaults={
            "status": OutgoingMail.Status.DROPPED if is_dropped else OutgoingMail.Status.QUEUED,
            "letter": letter,
            "recipient": to,
            "to": address,
            "reply_to": reply_to.email if reply_to else "",
            "subject": written.subject,
            "text": written.text,
            "html": written.html,
        },
    )
    if is_new and not is_dropped:
        nudge("core.send_mail", mail.pk)
    return mail


def write(letter: str, *, to: User, **context: Any) -> Written:
    """Write a letter without posting it.

    `emails/{letter}.txt` begins with the subject line; `emails/{letter}.html` is the same letter
    for programs that show it. Both end with the newest seal of the trail: who keeps the letter can tell
    later whether the trail was made anew.
    """
    seal = TrailSeal.objects.order_by("-number").defer("events").first()
    everything = {
        "to": to,
        "organisation": Organisation.current(),
        "public_url": settings.PUBLIC_URL,
        "seal": seal,
        **context,
    }
    stand_ins = {mark: secrets.token_hex(16) for mark in MARKS}
    everything |= {NAMES[mark]: stand_in for mark, stand_in in stand_ins.items()}
    plain = Engine.get_default().get_template(f"emails/{letter}.txt")
    subject, _, text = plain.render(Context(everything, autoescape=False)).partition("\n")
    subject = _marked(one_line(subject), stand_ins)
    html = render_to_string(f"emails/{letter}.html", {"subject": subject, **everything})
    text = text.strip() + (f"\n\nTrail: seal {seal.number}:{seal.hash}" if seal else "") + "\n"
    return Written(subject, _marked(text, stand_ins), _marked(html, stand_ins))


def _short(address: str) -> str:
    """Stands for an address where it may be too long: in a key."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]


def _marked(text: str, stand_ins: Mapping[str, str]) -> str:
    """Marks stand only where the template put them: a name or a message that reads like one is broken up."""
    for mark in stand_ins:
        text = text.replace(mark, mark.strip("[]"))
    for mark, stand_in in stand_ins.items():
        text = text.replace(stand_in, mark)
    return text


def signs_in(text: str) -> bool:
    """Whether the letter with this text holds a link that signs in."""
    return any(mark in text for mark in MARKS)


def blacked_out(text: str) -> str:
    """The text as it may be shown: links that sign in stand only in the letter that went out."""
    for mark in MARKS:
        text = text.replace(mark, "(the link stands only in the letter that went out)")
    return text
