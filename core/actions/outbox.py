"""What an administrator does with letters."""

from django.db import transaction
from django.utils.timezone import now

from core.errors import Denied, StaleState
from core.models import OutgoingMail, User
from core.queue import nudge
from core.trail import record


@transaction.atomic
def try_again(mail: OutgoingMail, *, by: User) -> None:
    """Send a failed letter once more, as if it were new."""
    if not by.is_super:
        raise Denied("Only a Super Administrator can send a letter again.")
    failed = OutgoingMail.objects.filter(pk=mail.pk, status=OutgoingMail.Status.FAILED)
    if not failed.update(status=OutgoingMail.Status.QUEUED, problem="", attempts=0, due_at=now()):
        raise StaleState("This letter has not failed, or somebody else sent it again already.")
    record("core.letter_tried_again", mail, by=by)
    nudge("core.send_mail", mail.pk)
