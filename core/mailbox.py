"""The only way to write a letter: into the outbox, inside the transaction of what it tells."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
BATCH = 200  # letters an INSERT: each is long


@dataclass(frozen=True, slots=True)
class Written:
    """A letter as it reads: text, and the same for programs that show HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter to one of many people, as `post_many` takes it."""

    letter: str
    to: User
    key: str
    reply_to: User | None = None
    context: Mapping[str, Any] = field(default_factory=dict)


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
        key=_key(letter, key, to, address),
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


def post_many(drafts: Iterable[Draft]) -> Sequence[OutgoingMail]:
    """Post many letters by a few statements, each to its reader's e-mail. Answers those that are new.

    What `post` promises of keys and of the maintenance switch holds here too.
    """
    organisation, seal = Organisation.current(), _newest_seal()
    status = OutgoingMail.Status.DROPPED if organisation.drops_letters else OutgoingMail.Status.QUEUED
    mails = []
    for draft in drafts:
        written = _write(draft.letter, draft.to, draft.context, organisation, seal)
        mails.append(
            OutgoingMail(
                key=_key(draft.letter, draft.key, draft.to, draft.to.email),
                status=status,
                letter=draft.letter,
                recipient=draft.to,
                to=draft.to.email,
                reply_to=draft.reply_to.email if draft.reply_to else "",
                subject=written.subject,
                text=written.text,
                html=written.html,
            )
        )
    OutgoingMail.objects.bulk_create(mails, batch_size=BATCH, ignore_conflicts=True)
    keys = [mail.pk for mail in mails]
    came: set[str] = set()
    for start in range(0, len(keys), BATCH):
        some = OutgoingMail.objects.filter(pk__in=keys[start : start + BATCH])
        came.update(some.values_list("pk", flat=True))
    new = [mail for mail in mails if mail.pk in came]
    if not organisation.drops_letters:
        for mail in new:
            nudge("core.send_mail", mail.pk)
    return new


def write(letter: str, *, to: User, **context: Any) -> Written:
    """Write a letter without posting it.

    `emails/{letter}.txt` begins with the subject line; `emails/{letter}.html` is the same letter
    for programs that show it. Both end with the newest seal of the trail: who keeps the letter can tell
    later whether the trail was made anew.
    """
    return _write(letter, to, context, Organisation.current(), _newest_seal())


def _write(
    letter: str, to: User, context: Mapping[str, Any], organisation: Organisation, seal: TrailSeal | None
) -> Written:
    everything = {
        "to": to,
        "organisation": organisation,
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


def _newest_seal() -> TrailSeal | None:
    return TrailSeal.objects.order_by("-number").defer("events").first()


def _key(letter: str, key: str, to: User, address: str) -> str:
    return f"{letter}:{key}:{to.pk}:{_short(address)}"


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
