"""Prints a link with which a person sets a new password, for consoles without mail."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.actions.password import make_link
from core.errors import NotPossible
from core.trail import by_command


class Command(BaseCommand):
    help = "Print a link, good for an hour, with which the person with this e-mail sets a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        by_command()
        try:
            link = make_link(options["email"])
        except NotPossible as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(link)
