"""Looks at the whole trail: is it as it was written?"""

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.queries.seals import Verdict, verify

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
        tell(found, self.stdout.write)
        if found.problems:
            raise CommandError("The trail is not as it was written.")


def tell(found: Verdict, say: Callable[[str], object]) -> None:
    """What was found, line by line."""
    say(f"{found.events:,} events, {found.seals:,} seals, {found.pending:,} events not sealed yet")
    say(f"head {found.head_number}:{found.head}" if found.head else "head none")
    for sentence in found.problems or ["The chain is whole."]:
        say(sentence)


def _head(text: str) -> tuple[int, str]:
    found = HEAD.fullmatch(text.strip().lower())
    if found is None:
        raise ArgumentTypeError("a head reads NUMBER:HASH, with 64 hexadecimal digits")
    return int(found[1]), found[2]
