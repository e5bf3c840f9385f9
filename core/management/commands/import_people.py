"""Brings people from a CSV file: a dry run that shows the difference, then the file itself."""

from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from core import people_file
from core.actions import imports
from core.errors import DomainError
from core.models import PeopleImport
from core.people_file import BadFile
from core.queries.imports import Difference, compare, report
from core.trail import by_command


class Command(BaseCommand):
    help = "Show what a CSV file of people would change here or, with --apply, change it. Needs no worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--apply", action="store_true", help="change people; without it nothing is changed"
        )
        parser.add_argument(
            "--deactivate-leavers",
            action="store_true",
            help="deactivate active people who are in no line; refused from 20 %% of all on",
        )
        parser.add_argument(
            "--leave-out-errors", action="store_true", help="apply the file without its lines with mistakes"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        by_command()
        path: Path = options["file"]
        try:
            with path.open("rb") as opened:
                content = opened.read(people_file.LARGEST + 1)
            file = people_file.read(content)
        except (OSError, BadFile) as problem:
            raise CommandError(f"{path}: {problem}") from problem
        difference = compare(file, by=None)
        self._show(difference, report(difference, file))
        if options["apply"]:
            self._apply(path.name, content, difference, options)
        elif difference.mistakes:
            raise CommandError(_wrong(difference))
        else:
            self.stdout.write("Nothing was changed: this was a dry run. With --apply it is done.")

    def _show(self, difference: Difference, told: Mapping[str, Any]) -> None:
        for line in told["new"]:
            self.stdout.write(f"+ {line['name']} <{line['email']}>{_facts(line['facts'])}")
        for line in told["changed"]:
            self.stdout.write(f"~ {line['name']} <{line['email']}>{_facts(line['facts'])}")
        for person in told["leavers"]:
            self.stdout.write(f"- {person['name']} <{person['email']}>: in no line")
        for person in told["kept"]:
            self.stdout.write(
                f"= {person['name']} <{person['email']}>: in no line, but the last Super Administrator"
            )
        for mistake in difference.mistakes:
            self.stderr.write(f"line {mistake.line}: {mistake.sentence}")
        for column in told["ignored"]:
            self.stdout.write(f"Column not used: {column}")
        counts = told["counts"]
        self.stdout.write(
            f"{counts['new']:,} new, {counts['changed']:,} changed, {counts['unchanged']:,} as they are, "
            f"{counts['wrong']:,} lines with mistakes, {counts['leavers']:,} people in no line, "
            f"{counts['ended']:,} deactivated by their lines."
        )
        if difference.why_not:
            self.stderr.write(difference.why_not)

    def _apply(self, name: str, content: bytes, difference: Difference, options: Mapping[str, Any]) -> None:
        """By the verbs that the screen uses; each claims the file before a worker can."""
        if difference.mistakes and not options["leave_out_errors"]:
            raise CommandError(
                f"{_wrong(difference)} Correct them, or leave them out with --leave-out-errors."
            )
        for why in (difference.why_not, options["deactivate_leavers"] and difference.why_leavers_stay):
            if why:
                raise CommandError(why)
        try:
            with transaction.atomic():
                kept = imports.keep(name, content, by=None, tell_worker=False)
                held = imports.claim(kept.pk, PeopleImport.Status.READING)
            imports.read(_ours(held))
            kept.refresh_from_db()
            with transaction.atomic():
                imports.order(
                    kept,
                    leave_out=options["leave_out_errors"],
                    deactivate=options["deactivate_leavers"],
                    by=None,
                    tell_worker=False,
                )
                held = imports.claim(kept.pk, PeopleImport.Status.APPLYING)
            imports.apply(_ours(held))
        except DomainError as problem:
            raise CommandError(str(problem)) from problem
        kept.refresh_from_db()
        if kept.status != PeopleImport.Status.APPLIED:
            raise CommandError(kept.problem)
        self.stdout.write(f"Applied, {kept.report['deactivated']:,} deactivated.")


def _wrong(difference: Difference) -> str:
    number = difference.wrong_lines
    return f"{number:,} line{' has' if number == 1 else 's have'} mistakes. Nothing was changed."


def _ours(held: PeopleImport | None) -> PeopleImport:
    """A file just written within one transaction with its claim is nobody else's."""
    if held is None:
        raise CommandError("A worker has this file in its hands. Look at the page of imports.")
    return held


def _facts(facts: Iterable[Mapping[str, str]]) -> str:
    told = [
        f"{fact['label']}: {fact['before'] or 'nothing'} -> {fact['after'] or 'nothing'}"
        if "before" in fact
        else f"{fact['label']}: {fact['after']}"
        for fact in facts
    ]
    return "".join(f"\n    {each}" for each in told)
