"""Seals every stored secret with the newest key, so that older keys can be taken away."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.actions import keys
from core.sealing import key_ids, new_key
from core.trail import by_command


class Command(BaseCommand):
    help = "Seal every stored secret with the first key of SEALING_KEYS. May run while the console runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--new", action="store_true", help="only print a new key, to be put in front")

    def handle(self, *_args: Any, new: bool, **_options: Any) -> None:
        if new:
            self.stdout.write(new_key())
            return
        by_command()
        rotations = keys.rotate()
        for each in rotations:
            closed = f", {len(each.closed)} cannot be opened" if each.closed else ""
            self.stdout.write(f"{each.column}: {each.resealed} sealed anew, {each.left} were already{closed}")
        self._say_which_keys_are_used()
        lines = [line for each in rotations for line in each.closed]
        if lines:
            raise CommandError("No key of SEALING_KEYS opens these secrets:\n" + "\n".join(lines))

    def _say_which_keys_are_used(self) -> None:
        newest, *older = key_ids()
        used = keys.keys_in_use()
        self.stdout.write(f"Newest key {newest}: {used.pop(newest, 0)} secrets.")
        for key in older:
            count = used.pop(key, 0)
            advice = "run this again" if count else "may be taken away"
            self.stdout.write(f"Older key {key}: {count} secrets; {advice}.")
        for key, count in sorted(used.items()):
            self.stdout.write(f"Key {key}, which is not in SEALING_KEYS: {count} secrets.")
