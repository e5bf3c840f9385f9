"""How the accounts of an app are matched to people: decided by who governs it, in force at once."""

from datetime import datetime

from django.db import transaction
from django.utils.timezone import now

from connectors.actions.permission import must_govern
from connectors.models import Account, App
from connectors.sync.matching import Strategy
from connectors.sync.rematch import Outcome, preview, rematch, strategy_of
from core.errors import NotPossible
from core.models import User
from core.states import must_be_unchanged
from core.trail import record

__all__ = ["change_matching", "preview_matching", "rematch_app"]


def preview_matching(app: App, strategy: Strategy, *, by: User | None) -> Outcome:
    """What saving would do; nothing is written."""
    must_govern(app, by)
    return preview(app, strategy)


@transaction.atomic
def change_matching(app: App, strategy: Strategy, *, by: User | None, seen: datetime | None) -> Outcome:
    """Match by this from now on, and match every account anew. `seen`: `changed_at` as the form knew it.

    Owners that people set or cleared stay. Raises StaleState if somebody saved meanwhile.
    """
    must_govern(app, by)
    app = App.objects.select_for_update(no_key=True).get(pk=app.pk)
    must_be_unchanged(app.changed_at, seen=seen)
    if app.is_console or strategy.name == App.Matching.KEY:
        raise NotPossible(f"{app} cannot be matched that way: only accounts of Reeve itself are people here.")
    before = strategy_of(app)
    app.matching, app.drops_plus = strategy.name, strategy.drops_plus
    app.pairs = [list(pair) for pair in strategy.pairs]
    app.changed_at = now()
    app.save(update_fields=["matching", "pairs", "drops_plus", "changed_at"])
    outcome = rematch(app)
    record(
        "apps.matching_changed",
        app,
        by=by,
        matching={"before": _said(before), "after": _said(strategy)},
        accounts=_numbers(outcome),
    )
    return outcome


@transaction.atomic
def rematch_app(app_id: str) -> Outcome:
    """Match an app anew because people or trusted domains may have changed. Told if it moved anything."""
    app = App.objects.select_for_update(no_key=True).get(pk=app_id)
    outcome = rematch(app)
    if outcome.moved:
        record("apps.matched_anew", app, by=None, accounts=_numbers(outcome))
    return outcome


def apps_to_match() -> list[str]:
    """Apps that have accounts."""
    return list(Account.objects.here().order_by("app").values_list("app", flat=True).distinct())


def _said(strategy: Strategy) -> str:
    words = App.Matching(strategy.name).label
    if strategy.name == App.Matching.CUSTOM:
        words += ": " + ", ".join(f"{account} = {person}" for account, person in strategy.pairs)
    return words + ("; what follows a + is dropped" if strategy.drops_plus else "")


def _numbers(outcome: Outcome) -> dict[str, int]:
    return {
        "matched": outcome.matched,
        "gained": outcome.gained,
        "changed": outcome.changed,
        "lost": outcome.lost,
    }
