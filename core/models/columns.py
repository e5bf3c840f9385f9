"""Which columns of a table a person wants to see, in which order."""

from django.db import models

from core.models.user import User


class ColumnChoice(models.Model):
    """One person's choice for one table. Without a row the table shows what it shows by default."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="column_choices")
    table = models.CharField(max_length=64)
    """The name of the table as its view knows it: `accounts`."""
    columns = models.JSONField(default=list)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "table"), name="columns_are_chosen_once_a_table"),
        )

    def __str__(self) -> str:
        return f"columns of {self.table} for {self.user}"
