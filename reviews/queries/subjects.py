"""Whose access a line is about (decision 54)."""

from connectors.models import Account
from core.models import User
from reviews.models import ReviewTask


def concerns(task: ReviewTask, user: User) -> bool:
    """Whether this person is the subject: as the owner of the account, when frozen or now; as the same human
    under another entry; or, where the account has no owner, by its e-mail, login or employee number."""
    account = Account.objects.filter(pk=task.account_id).select_related("person").first()
    owners = [each for each in (task.person, account.person if account else None) if each]
    if any(_is_one_human(owner, user) for owner in owners):
        return True
    if owners:
        return False
    names = {task.account_email, task.account_login}
    numbers: set[str] = set()
    if account is not None:
        names |= {account.email, account.login}
        numbers.add(account.employee_id)
    return _same(user.email, names) or _same(user.employee_id, numbers)


def _is_one_human(one: User, other: User) -> bool:
    return (
        one.pk == other.pk or _same(one.employee_id, {other.employee_id}) or _same(one.email, {other.email})
    )


def _same(value: str, others: set[str]) -> bool:
    wanted = value.strip().casefold()
    return bool(wanted) and wanted in {each.strip().casefold() for each in others}
