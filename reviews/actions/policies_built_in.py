"""The policies that come with Reeve, as rows: made when somebody first looks for them."""

from collections.abc import Sequence

from django.db import transaction

from core.trail import record
from reviews.models import Policy, PolicyVersion
from reviews.routing import BUILT_IN, digest


def ensure() -> Sequence[Policy]:
    """Every built-in policy, in the order people are shown them; its latest version says what Reeve says now.

    Two at once make each of them once. A newer Reeve that words one differently adds a version.
    """
    known = {policy.built_in: policy for policy in Policy.objects.exclude(built_in="")}
    latest = {code: policy.latest().digest for code, policy in known.items()}
    if any(latest.get(code) != digest(content) for code, (_, _, content) in BUILT_IN.items()):
        known = {code: _ensure(code) for code in BUILT_IN}
    return [known[code] for code in BUILT_IN]


@transaction.atomic
def _ensure(code: str) -> Policy:
    name, description, content = BUILT_IN[code]
    Policy.objects.bulk_create(
        [Policy(built_in=code, name=name, description=description)], ignore_conflicts=True
    )
    policy = Policy.objects.select_for_update().get(built_in=code)
    present = policy.versions.order_by("-number").first()
    wanted = digest(content)
    if present is None or present.digest != wanted:
        number = present.number + 1 if present else 1
        PolicyVersion.objects.create(policy=policy, number=number, content=content, digest=wanted)
        record("reviews.policy_built_in", policy, by=None, version=number)
    return policy
