"""Looks at the whole trail: is it as it was written?"""

import re
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.queries.seals import verify

HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})", re.ASCII)


class Command(BaseCommand):
    help = "Check every event of the trail against its seal, and every seal against the one before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--head",
            type=_head,
            metavar="NUMBER:HASH",
            help="a seal as a letter or a report carries it; the trail must still hold it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify(expected=options["head"])
        self.stdout.write(
            f"{found.events:,} events, {found.seals:,} seals, {found.pending:,} events not sealed yet"
        )
        self.stdout.write(f"head {found.head_number}:{found.head}" if found.head else "head none")
        for sentence in found.problems:
            self.stdout.write(sentence)
        if found.problems:
            raise CommandError("The trail is not as it was written.")
        self.stdout.write("The chain is whole.")


def _head(text: str) -> tuple[int, str]:
    found = HEAD.fullmatch(text.strip().lower())
    if found is None:
        raise ArgumentTypeError("a head reads NUMBER:HASH, with 64 hexadecimal digits")
    return int(found[1]), found[2]
