"""Pairs who are asked about each other's access: noted with their turns once all lines have reviewers."""

from collections import defaultdict

from django.db.models import F

from reviews.models import Campaign, Turn
from reviews.routing import Tie

BATCH = 5_000


def note_mutual_pairs(campaign: Campaign) -> int:
    """Note it with every open turn of a pair; answers with how many. Harmless the second time.

    Looked for once in all turns: page by page the first half of a pair would not be known yet.
    """
    turns = Turn.objects.open().filter(campaign=campaign)
    pairs = set(
        turns.exclude(task__person=F("reviewer"))
        .order_by()
        .values_list("reviewer_id", "task__person_id")
        .distinct()
    )
    mutual = {pair for pair in pairs if (pair[1], pair[0]) in pairs}
    if not mutual:
        return 0
    people = {reviewer for reviewer, _ in mutual}
    becomes: defaultdict[str, list[int]] = defaultdict(list)
    among = turns.filter(reviewer__in=people, task__person__in=people)
    for turn, reviewer, person, known in among.values_list(
        "pk", "reviewer_id", "task__person_id", "independence"
    ):
        if (reviewer, person) in mutual and Tie.MUTUAL not in (had := set(filter(None, known.split(",")))):
            becomes[",".join(sorted({*had, Tie.MUTUAL}))].append(turn)
    for codes, keys in becomes.items():
        for start in range(0, len(keys), BATCH):
            Turn.objects.filter(pk__in=keys[start : start + BATCH]).update(independence=codes)
    return sum(map(len, becomes.values()))
