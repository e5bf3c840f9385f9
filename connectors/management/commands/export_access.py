"""Prints who has what as a connector last saw it: JSON lines, sorted, every id the vendor's own."""

import json
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connectors.models import Connector
from connectors.queries import export_access


class Command(BaseCommand):
    help = "Print accounts, entitlements and grants of a connector as JSON lines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", help="the connector's ID")

    def handle(self, *args: Any, **options: Any) -> None:
        connector = Connector.objects.filter(pk=options["id"]).first()
        if connector is None:
            raise CommandError(f"No connector has the ID {options['id']}.")
        try:
            for line in export_access(connector):
                self.stdout.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
        except BrokenPipeError:
            # Whoever read has enough, as `head` does. Python would complain once more when it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
