"""Rules of the house that no other tool looks after."""

import ast
import importlib
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings

from config.celery import app as celery
from core.deeds import known
from tests.states import drawn

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("config", "core", "connectors", "reviews")
TOP = {
    *ROOMS, "templates", "tests", "docs", "deploy", ".ci",
    "manage.py", "pyproject.toml", "uv.lock", ".python-version", ".gitignore", ".dockerignore", "dev",
    "docker-compose.yml", "Dockerfile", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
    "THREAT_MODEL.md", "LICENSE",
}  # fmt: skip
READERS = (
    "text|secret|signing_key|token|flag|number|word|items|networks|url|keys|mail_server|sender|broker|hosts"
    "|file|database"
)
READING = re.compile(rf"""\b(?:env|self)\.(?:{READERS})\(\s*"([A-Z_]+)\"""")
DOCUMENTED = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)
WRITE = {"record", "record_many"}
"""What writes an event; its action is the first argument."""
NUDGED = re.compile(r"""\bnudge\(\s*"([^"]+)\"""")


def ignored() -> set[str]:
    lines = (ROOT / ".gitignore").read_text().splitlines()
    return {line.strip("/") for line in lines if line.startswith("/")} | {".git"}


def ours(*endings: str) -> Iterator[Path]:
    """Every file of the repository with one of these endings; all for none."""
    skip = ignored()
    for top in sorted(ROOT.iterdir()):
        if top.name in skip:
            continue
        for folder, folders, names in os.walk(top) if top.is_dir() else [(str(ROOT), [], [top.name])]:
            folders[:] = [each for each in folders if each != "__pycache__"]
            yield from (Path(folder) / name for name in names if not endings or name.endswith(endings))


def readable(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""  # a picture


def test_the_top_level_holds_what_the_architecture_names_and_nothing_else():
    there = {each.name for each in ROOT.iterdir()} - ignored() - {"__pycache__"}

    assert there == TOP


def test_the_lock_file_names_the_public_package_hosts_alone():
    hosts = set(re.findall(r"https?://([^/\"\s]+)", (ROOT / "uv.lock").read_text()))

    assert hosts == {"pypi.org", "files.pythonhosted.org"}


def test_no_file_names_an_index_or_a_path_of_somebodys_machine():
    banned = re.compile(r"--(?:extra-)?index-url|--find-links|\[\[tool\.uv\.index|/(?:root|home|Users)/\w")

    found = [
        path.relative_to(ROOT)
        for path in ours()
        if path != Path(__file__) and path.name != "uv.lock" and banned.search(readable(path))
    ]

    assert found == []


def test_every_setting_is_documented_and_every_documented_setting_is_read():
    code = "".join((ROOT / "config" / name).read_text() for name in ("settings.py", "env.py"))
    read = set(READING.findall(code))
    documented = set(DOCUMENTED.findall((ROOT / "docs" / "configuration.md").read_text()))

    assert read
    assert documented == read


def test_every_nudged_and_every_timed_job_exists():
    for room in ROOMS:
        if importlib.util.find_spec(f"{room}.jobs"):
            importlib.import_module(f"{room}.jobs")
    nudged = {
        job for path in ours(".py") if "tests" not in path.parts for job in NUDGED.findall(readable(path))
    }
    timed = {entry["task"] for entry in celery.conf.beat_schedule.values()}

    listening = {job for jobs in settings.LISTENERS.values() for job in jobs}

    assert nudged
    assert (nudged | timed | listening) - set(current_app.tasks) == set()


def recorded(path: Path) -> Iterator[str | None]:
    """Every action that a file records; None for one that only the run would tell."""
    for node in ast.walk(ast.parse(readable(path))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WRITE:
            yield from said(node.args[0]) if node.args else [None]


def said(action: ast.expr) -> Iterator[str | None]:
    """The strings an expression may be."""
    if isinstance(action, ast.IfExp):
        yield from (*said(action.body), *said(action.orelse))
    else:
        yield action.value if isinstance(action, ast.Constant) and isinstance(action.value, str) else None


def test_every_recorded_action_has_a_phrase_and_every_phrase_is_recorded():
    writer = ROOT / "core" / "trail.py"  # `record` hands on what it was given
    code = [path for room in ROOMS for path in (ROOT / room).rglob("*.py") if path != writer]
    found = {path.relative_to(ROOT): set(recorded(path)) for path in code}
    actions = set().union(*found.values()) - {None}

    assert [path for path, names in found.items() if None in names] == []
    assert actions - set(known()) == set()
    assert set(known()) - actions == set()


def test_the_states_are_documented_as_they_are():
    assert (ROOT / "docs" / "states.md").read_text() == drawn()


def test_authlib_finds_no_other_client_than_httpx():
    assert importlib.util.find_spec("httpx2") is None


def test_the_compose_file_follows_its_schema():
    checker = str(Path(sys.executable).with_name("check-jsonschema"))

    done = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", str(ROOT / "docker-compose.yml")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", ["dev", ".ci/run"])
def test_scripts_can_be_run_and_parsed(script):
    shell = (ROOT / script).read_text().splitlines()[0].removeprefix("#!").split()[-1]

    done = subprocess.run(
        [Path(shell).name, "-n", ROOT / script], capture_output=True, text=True, check=False
    )

    assert os.access(ROOT / script, os.X_OK)
    assert done.returncode == 0, done.stderr


def test_links_between_documents_lead_somewhere():
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in ours(".md")
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", readable(path))
        if not (path.parent / target).exists()
    ]

    assert broken == []


def test_no_work_is_left_for_later_in_a_comment():
    word = re.compile("TO" + r"DO|FIX" + "ME")

    assert [
        path.relative_to(ROOT) for path in ours(".py", ".html", ".sh") if word.search(readable(path))
    ] == []
