"""The only way to write a letter: into the outbox, inside the transaction of what it tells."""

from typing import Any

from django.conf import settings
from django.template import Context, Engine
from django.template.loader import render_to_string

from core.models import Organisation, OutgoingMail, User
from core.models.keys import one_line
from core.queue import nudge

LINK_MARK = "[[password-link]]"
"""Stands in the outbox for a link that signs in; the job that sends the letter puts in a fresh one."""


def post(letter: str, *, to: User, key: str, reply_to: User | None = None, **context: Any) -> OutgoingMail:
    """Put a letter in the outbox. One key, one letter, however often it is posted.

    `emails/{letter}.txt` begins with the subject line; `emails/{letter}.html` is the same letter
    for programs that show it.
    """
    everything = {
        "to": to,
        "organisation": Organisation.current(),
        "public_url": settings.PUBLIC_URL,
        "password_link": LINK_MARK,
        **context,
    }
    plain = Engine.get_default().get_template(f"emails/{letter}.txt")
    subject, _, text = plain.render(Context(everything, autoescape=False)).partition("\n")
    subject = one_line(subject)
    mail, is_new = OutgoingMail.objects.get_or_create(
        key=f"{letter}:{key}:{to.pk}",
        defaults={
            "letter": letter,
            "recipient": to,
            "to": to.email,
            "reply_to": reply_to.email if reply_to else "",
            "subject": subject,
            "text": text.strip() + "\n",
            "html": render_to_string(f"emails/{letter}.html", {"subject": subject, **everything}),
        },
    )
    if is_new:
        nudge("core.send_mail", mail.pk)
    return mail
