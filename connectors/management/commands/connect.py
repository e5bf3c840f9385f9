"""Sets a connector up from the command line, as the wizard does in the browser."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from connectors import registry
from connectors.actions import connectors, settings
from connectors.actions.applications import same_name
from connectors.contract import BadSettings
from core.errors import DomainError
from core.models import User
from core.trail import by_command


class Command(BaseCommand):
    help = "Connect an app. The client secret is read from standard input. Prints the connector's ID last."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "driver",
            choices=[spec.kind for spec in registry.specs() if spec.settings and not spec.takes_files],
        )
        parser.add_argument(
            "--app", required=True, metavar="NAME", help="an app we know by this name, or a new one"
        )
        parser.add_argument(
            "--owner", required=True, action="append", metavar="EMAIL", help="may be given again"
        )
        parser.add_argument("--domain", required=True, metavar="HOST")
        parser.add_argument("--client-id", required=True, metavar="ID")
        parser.add_argument("--mode", choices=("read", "read-write"), default="read")

    def handle(self, *args: Any, **options: Any) -> None:
        if sys.stdin.isatty():
            self.stderr.write("Client secret: ", ending="")
        secret = sys.stdin.readline().strip()
        if not secret:
            raise CommandError("No client secret on standard input.")
        typed = {
            "domain": options["domain"],
            "client_id": options["client_id"],
            "client_secret": secret,
            "mode": options["mode"],
        }
        by_command()
        try:
            connector_id = _connect(options["driver"], options["app"], options["owner"], typed)
        except (BadSettings, DomainError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(connector_id)


@transaction.atomic
def _connect(driver: str, app_name: str, emails: list[str], typed: dict[str, str]) -> str:
    """All of it or nothing: settings that cannot work leave no half-made connector."""
    owners = [_person(email) for email in emails]
    known = same_name(app_name)
    choice = connectors.AppChoice(app=known) if known else connectors.AppChoice(new_name=app_name)
    connector = connectors.create(driver, choice, by=None)
    settings.save(connector, by=None, typed=typed)
    connectors.name_owners(connector, owners, by=None)
    return connector.pk


def _person(email: str) -> User:
    person = User.objects.active().filter(email=email.lower()).first()
    if person is None:
        raise CommandError(f"Nobody active here has the e-mail address {email}.")
    return person
