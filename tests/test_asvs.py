"""The sheet of OWASP ASVS 5.0: each row can be read, each count is right, each proof is there."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHEET = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
STATES = ("met", "partly", "not met", "does not apply")
CHAPTERS = range(1, 18)
LEVEL_1_AND_2 = 253
"""Requirements of these levels in version 5.0.0 of the standard."""
LONGEST = 12
"""Words that tell what is asked: our own, not the standard's."""
ROW = re.compile(r"\| (\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|")
COUNT = re.compile(r"^\| ([a-z ]+) \| (\d+) \|", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
FILE = re.compile(r"`([\w.][\w./-]*/[\w./-]+|[\w-]+\.(?:md|yml|toml|lock)|\.dockerignore|Dockerfile|dev)`")


def chapters():
    """The rows of each chapter as they stand there, by its number."""
    for part in re.split(r"^## ", SHEET, flags=re.MULTILINE)[1:]:
        if found := re.match(r"V(\d+) ", part):
            yield int(found[1]), [line for line in part.splitlines() if re.match(r"\| \d", line)]


def parsed(line):
    found = ROW.fullmatch(line)
    assert found, f"This row cannot be read: {line}"
    return found.groups()


ROWS = [parsed(line) for _, lines in chapters() for line in lines]


@cache
def defined_in(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_chapter_stands_in_its_place_and_holds_its_own_rows():
    found = list(chapters())

    assert [number for number, _ in found] == list(CHAPTERS)
    for number, lines in found:
        assert {parsed(line)[0].split(".")[0] for line in lines} == {str(number)}


def test_every_number_stands_there_once_and_in_order():
    numbers = [tuple(int(part) for part in number.split(".")) for number, *_ in ROWS]

    assert numbers == sorted(set(numbers))
    assert len(numbers) == LEVEL_1_AND_2


def test_what_is_asked_is_said_in_a_few_words():
    assert [asked for _, asked, _, _ in ROWS if len(asked.split()) > LONGEST] == []


def test_the_counts_at_the_head_are_true():
    head = SHEET.partition("\n## ")[0]
    told = {state: int(count) for state, count in COUNT.findall(head)}
    counted = Counter(state for _, _, state, _ in ROWS)

    assert told == {**{state: counted[state] for state in STATES}, "all": len(ROWS)}
    assert set(counted) <= set(STATES)


def test_what_is_met_has_a_test_or_a_file_to_show_for_it():
    bare = [
        number
        for number, _, state, proof in ROWS
        if state == "met" and not (TEST.search(proof) or FILE.search(proof))
    ]

    assert bare == []


@pytest.mark.parametrize("path", sorted({path for path, _ in TEST.findall(SHEET)}))
def test_every_test_that_is_named_is_there(path):
    named = {name for where, name in TEST.findall(SHEET) if where == path}

    assert named - defined_in(path) == set()


def test_every_file_that_is_named_is_there():
    named = {path for path in FILE.findall(SHEET) if not path.startswith("/")}

    assert "config/settings.py" in named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
