"""What was asked and decided about a line in rounds that no longer count, as evidence tells it."""

from collections.abc import Callable, Sequence

from reviews.evidence.tables import time_of
from reviews.models import Decision, LineRound, ReviewTask, Turn


def turns_now(task: ReviewTask, turns: Sequence[Turn]) -> Sequence[Turn]:
    """Those of the round the line is in, or ended in. `turns`: all of the line."""
    return [turn for turn in turns if turn.round == task.round]


def decisions_now(task: ReviewTask, decisions: Sequence[Decision]) -> Sequence[Decision]:
    """Those that count."""
    return [each for each in decisions if each.round == task.round]


def rounds_said(
    rounds: Sequence[LineRound],
    decisions: Sequence[Decision],
    names: Callable[[str | None], str],
    called: Callable[[int], str],
) -> str:
    """Each time it was asked about anew: when, by whom, why, by which policy, and what had been decided.

    `called`: how a version was called then, by its key.
    """
    return "; ".join(_said(each, decisions, names, called) for each in rounds)


def _said(
    found: LineRound,
    decisions: Sequence[Decision],
    names: Callable[[str | None], str],
    called: Callable[[int], str],
) -> str:
    told = [
        f"{each.get_outcome_display().lower()} by {names(each.by_id)} {time_of(each.at)}"
        for each in decisions
        if each.round == found.number - 1
    ]
    by = f" by {names(found.by_id)}" if found.by_id else ""
    under = f", under {called(found.policy_version_id)}" if found.policy_version_id else ""
    said = f"{time_of(found.at)} asked anew{by}{under}: {found.reason}"
    return f"{said} (before: {', '.join(told)})" if told else said
