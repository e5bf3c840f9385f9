"""Accounts that are here and that a walk did not see: each is asked for singly before it is taken for gone.

A list may lose a row between two pages, or a gateway one on its way.
"""

from itertools import batched

from connectors.contract import Batch, Driver, Note
from connectors.models import Account, SyncRun
from connectors.sync import sql, store

MOST = 100
"""More that are missing are no slip of a page: that is for the guard to judge."""
TOGETHER = 25
"""Accounts whose answers are laid aside at once."""


def ask_for_missing(run: SyncRun, driver: Driver) -> None:
    """Lay aside those that the app has after all. Harmless to do again."""
    if "user" not in run.complete or "user" in run.gaps:
        return
    statements = sql.RunSql(run.pk, run.connector.app_id, run.source)
    keys = [row[0] for row in sql.rows(statements.would_retire(sql.ACCOUNT, "seen_accounts", "accounts"))]
    if not keys or len(keys) > MOST:
        return
    ids = Account.objects.filter(pk__in=keys).order_by("external_id").values_list("external_id", flat=True)
    found = 0
    for some in batched(ids, TOGETHER):
        run.renew()
        read = {account: driver.read(account) for account in some}
        there = {account: batch for account, batch in read.items() if batch.records}
        store.correct(run, there)
        calls = [call for account, batch in read.items() if account not in there for call in batch.calls]
        store.lay_aside(run, Batch(cursor=run.cursor, calls=calls))
        found += len(there)
    if found:
        were = "account was" if found == 1 else "accounts were"
        store.tell(run, [Note("warn", f"{found} {were} in no list, but there when asked for singly.")])
