"""What the memo of a campaign says of its end: who decided, the quality sample, the sign-off."""

from reviews.evidence.papers import Section
from reviews.evidence.tables import time_of
from reviews.models import Campaign
from reviews.queries.decided import deciders, final_tied, words_of
from reviews.queries.evidence_names import Names
from reviews.queries.looks import said_otherwise, sample_of

MOST = 40
"""Rows of a table; the lines file has them all."""


def independence(campaign: Campaign) -> Section:
    """How many last decisions are independent, how many tied, and by what."""
    found, names = deciders(campaign), Names(campaign)
    tied = list(final_tied(campaign).select_related("task")[:MOST])
    names.learn([each.by_id for each in tied if each.by_id])
    rows = [
        (
            f"{each.task.line_no:,}",
            each.get_outcome_display(),
            names.name(each.by_id or ""),
            "; ".join(words_of(each)),
        )
        for each in tied
    ]
    more = found.tied - len(rows)
    return Section(
        "Who decided",
        pairs=[
            ("Decided by somebody independent of the line", f"{found.independent:,}"),
            ("Decided by somebody tied to the line", f"{found.tied:,}"),
            *((f"Of these: {words}", f"{number:,}") for words, number in found.by_tie.items()),
            ("Denied by the closing rule, as nobody answered", f"{found.silent:,}"),
        ],
        heads=["Line", "Decision", "By", "What tied them to it"] if rows else (),
        rows=rows,
        widths=(0.1, 0.15, 0.3, 0.45),
        note="By the last decision of each line that is certified or denied, as things stood when it was"
        " made. Who is tied in two ways counts in both."
        + (f" {more:,} more of the tied are in the lines file." if more else ""),
    )


def sample(campaign: Campaign) -> Section:
    """How the control owner looked again, and each time somebody said otherwise."""
    looked, names = sample_of(campaign), Names(campaign)
    otherwise = list(said_otherwise(campaign).select_related("sampled"))
    names.learn([look.by_id for look in otherwise[:MOST]])
    answered = [each.now for each in looked if each.now is not None]
    agreed = sum(1 for look in answered if look.agrees)
    rows = [
        (f"{look.sampled.line_no:,}", names.name(look.by_id), time_of(look.at), look.note)
        for look in otherwise[:MOST]
    ]
    more = len(otherwise) - len(rows)
    return Section(
        "Quality sample",
        pairs=[
            ("Lines drawn", f"{len(looked):,}"),
            ("Looked at again", f"{len(answered):,}, of which {agreed:,} were agreed with"),
            ("Said to be decided otherwise", f"{len(otherwise):,} times"),
            ("Seed of the sample", campaign.sample_seed or "none"),
        ],
        heads=["Line", "Would have decided otherwise", "On", "Why"] if rows else (),
        rows=rows,
        widths=(0.1, 0.27, 0.2, 0.43),
        note="Also what was said otherwise later, or by a control owner who signs off no more, is listed."
        + (f" {more:,} more are in the lines file." if more else ""),
    )


def sign_off(campaign: Campaign) -> Section:
    if campaign.status != Campaign.Status.SIGNED_OFF or campaign.signed_off_at is None:
        return Section("Sign-off", ["Not signed off."])
    who = Names(campaign).one(campaign.signed_off_by_id)
    told = f"{who} agreed to each of these on {time_of(campaign.signed_off_at)}:"
    concluded = "Concluded from the lines that would have been decided otherwise"
    return Section(
        "Sign-off",
        [told, *(str(statement) for statement in campaign.statements.values())],
        pairs=[(concluded, campaign.conclusion)] if campaign.conclusion else (),
    )
