"""What an administrator does with letters."""

from django.db import transaction
from django.utils.timezone import now

from core.errors import Denied, NotPossible, StaleState
from core.models import Organisation, OutgoingMail, User
from core.queries.letters import bounce_of
from core.queue import nudge
from core.trail import record


@transaction.atomic
def try_again(mail: OutgoingMail, *, by: User) -> None:
    """Send a failed letter once more, as if it were new. One that was dropped never goes out.

    Raises NotPossible while letters are dropped: none is kept for later then.
    """
    _must_be_super(by)
    _send_again(mail)
    record("core.letter_tried_again", mail, by=by)


@transaction.atomic
def try_address_again(email: str, *, by: User) -> OutgoingMail:
    """Take the mark from an address that was refused, and send the last such letter again, if kept.

    Raises NotPossible while letters are dropped.
    """
    _must_be_super(by)
    mail = bounce_of(email)
    if mail is None:
        raise StaleState(f"{email} is not marked as refused, or no longer.")
    if mail.html:
        _send_again(mail)
    OutgoingMail.objects.filter(to=email, bounced=True).update(bounced=False)
    record("core.address_tried_again", mail, by=by, address=email)
    return mail


def _send_again(mail: OutgoingMail) -> None:
    if Organisation.current().drops_letters:
        raise NotPossible("Letters are dropped now (maintenance). Switch them on first, then try again.")
    if not mail.html:
        raise NotPossible("Its text is no longer kept, so it cannot be sent again.")
    failed = OutgoingMail.objects.filter(pk=mail.pk, status=OutgoingMail.Status.FAILED)
    again = {"problem": "", "attempts": 0, "due_at": now(), "failed_at": None, "bounced": False}
    if not failed.update(status=OutgoingMail.Status.QUEUED, **again):
        raise StaleState("This letter has not failed, or somebody else sent it again already.")
    nudge("core.send_mail", mail.pk)


def _must_be_super(person: User) -> None:
    if not person.is_super:
        raise Denied("Only a Super Administrator can send a letter again.")
