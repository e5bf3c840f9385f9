"""Prints the one-time link that makes the first administrator."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import NotPossible
from core.sign_in.first_run import set_up_link


class Command(BaseCommand):
    help = "Print the one-time link that makes the first administrator."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            link = set_up_link()
        except NotPossible as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(link)
