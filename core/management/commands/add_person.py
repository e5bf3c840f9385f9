"""Adds a person, who then sets a password by a link."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.actions import people
from core.errors import NotPossible
from core.models import Role
from core.trail import by_command


class Command(BaseCommand):
    help = "Add a person, a Basic User unless given another role. Says how they get a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", required=True, help="as people write it: 'Grace Kim'")
        parser.add_argument("--role", choices=Role.values)

    def handle(self, *args: Any, **options: Any) -> None:
        by_command()
        role = Role(options["role"]) if options["role"] else None
        try:
            person = people.add_person(options["email"], name=options["name"], role=role)
        except NotPossible as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(person.email)
        self.stdout.write(
            f"A password link: ./dev manage reset_link {person.email}"
            ' or, where mail is set up, the page "Password forgotten, or none yet?".'
        )
