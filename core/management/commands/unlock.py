"""Lets people in again: after failed tries, without a lost second factor, from networks not allowed."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from core.actions import lockout
from core.actions.second_factor import remove
from core.actions.sign_in_settings import open_networks
from core.errors import NotPossible
from core.trail import by_command


class Command(BaseCommand):
    help = "Lift the lock on a person's sign-in, and more if asked. The trail tells of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", nargs="?", default="", help="whose sign-in is locked")
        parser.add_argument("--second-factor", action="store_true", help="also take their second factor away")
        parser.add_argument(
            "--networks",
            action="store_true",
            help="let everybody come from everywhere again, whoever is named",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        by_command()
        if not options["email"] and (options["second_factor"] or not options["networks"]):
            raise CommandError("Whose sign-in? Give an e-mail, or --networks alone.")
        try:
            with transaction.atomic():
                self._unlock(**options)
        except NotPossible as problem:
            raise CommandError(str(problem)) from problem

    def _unlock(self, *, email: str, second_factor: bool, networks: bool, **_: Any) -> None:
        if email:
            person = lockout.unlock(email)
            self.stdout.write(f"Nothing keeps {person.email} from signing in after failed tries.")
            if second_factor:
                remove(person, by=None)
                self.stdout.write(f"The second factor of {person.email} is taken away.")
        if networks:
            open_networks()
            self.stdout.write("People may come from everywhere again.")
