"""Orders that a worker could take."""

from collections.abc import Sequence

from connectors.models import ProvisionOrder

AT_ONCE = 20
"""Orders that workers are told of at a time: each that ends tells of the next, sweepers of all."""


def waiting() -> Sequence[str]:
    """Some of the orders that are due and in no worker's hands, the oldest first."""
    due = ProvisionOrder.objects.to_carry_out().due().order_by("due_at")
    return list(due.values_list("pk", flat=True)[:AT_ONCE])


def next_to_carry_out(connector_id: str | None) -> str | None:
    """The order of this connector that has waited longest, by its key."""
    due = ProvisionOrder.objects.to_carry_out().due().filter(connector=connector_id)
    return due.order_by("due_at").values_list("pk", flat=True).first()
