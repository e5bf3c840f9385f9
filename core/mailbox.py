"""The only way to write a letter: into the outbox, inside the transaction of what it tells."""

from typing import Any

from django.conf import settings
from django.template import Context, Engine
from django.template.loader import render_to_string

from core.models import Organisation, OutgoingMail, User
from core.models.keys import one_line
from core.queue import nudge

PASSWORD_LINK, INVITATION_LINK = "[[password-link]]", "[[invitation-link]]"
MARKS = (PASSWORD_LINK, INVITATION_LINK)
"""Stand in the outbox for links that sign in; the job that sends the letter puts in a fresh one."""


def post(letter: str, *, to: User, key: str, reply_to: User | None = None, **context: Any) -> OutgoingMail:
    """Put a letter in the outbox. One key, one letter, however often it is posted.

    While the maintenance switch is on, the letter is noted as dropped and never goes out.

    `emails/{letter}.txt` begins with the subject line; `emails/{letter}.html` is the same letter
    for programs that show it.
    """
    organisation = Organisation.current()
    status = OutgoingMail.Status.DROPPED if organisation.drops_letters else OutgoingMail.Status.QUEUED
    everything = {
        "to": to,
        "organisation": organisation,
        "public_url": settings.PUBLIC_URL,
        "password_link": PASSWORD_LINK,
        "invitation_link": INVITATION_LINK,
        **context,
    }
    plain = Engine.get_default().get_template(f"emails/{letter}.txt")
    subject, _, text = plain.render(Context(everything, autoescape=False)).partition("\n")
    subject = one_line(subject)
    mail, is_new = OutgoingMail.objects.get_or_create(
        key=f"{letter}:{key}:{to.pk}",
        defaults={
            "status": status,
            "letter": letter,
            "recipient": to,
            "to": to.email,
            "reply_to": reply_to.email if reply_to else "",
            "subject": subject,
            "text": text.strip() + "\n",
            "html": render_to_string(f"emails/{letter}.html", {"subject": subject, **everything}),
        },
    )
    if is_new and status == OutgoingMail.Status.QUEUED:
        nudge("core.send_mail", mail.pk)
    return mail


def signs_in(text: str) -> bool:
    """Whether the letter with this text holds a link that signs in."""
    return any(mark in text for mark in MARKS)


def blacked_out(text: str) -> str:
    """The text as it may be shown: links that sign in stand only in the letter that went out."""
    for mark in MARKS:
        text = text.replace(mark, "(the link stands only in the letter that went out)")
    return text
