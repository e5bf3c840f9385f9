"""What an operator types, against a real instance; and the secret, which must be found nowhere."""

import json
import sqlite3
import subprocess
import sys

import pytest

from tests.browser.instance import ROOT, Instance
from tests.fakes.coupa import FakeCoupa

pytestmark = pytest.mark.instance

CANARY = "canary-7f3c1e9b5d"
MAKE_OWNER = (
    "from core.models import User; p = User(name='Nora Lindqvist', email='nora@meridian.example');"
    "p.set_unusable_password(); p.save()"
)


@pytest.fixture(scope="module")
def coupa():
    with FakeCoupa(users=150, groups=12, roles=8, client_secret=CANARY) as fake:
        yield fake


@pytest.fixture(scope="module")
def shrinking():
    """A tenant from which a test takes people away."""
    with FakeCoupa(users=60, groups=6, roles=4) as fake:
        yield fake


@pytest.fixture(scope="module")
def console(coupa, shrinking, tmp_path_factory):
    hosts = {"CONNECTOR_HOSTS": f"{coupa.url},{shrinking.url}"}
    with Instance(tmp_path_factory.mktemp("console"), hosts) as running:
        assert running.manage("shell", "-c", MAKE_OWNER).returncode == 0
        yield running


def connect(console, coupa, *, secret, app="Coupa", owner="nora@meridian.example", domain=""):
    return console.manage(
        *("connect", "coupa", "--app", app, "--owner", owner, "--domain", domain or coupa.host),
        *("--client-id", coupa.client_id, "--mode", "read"),
        stdin=f"{secret}\n",
    )


def rows_of(console, table):
    with sqlite3.connect(console.folder / "data" / "db.sqlite3") as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


@pytest.fixture(scope="module")
def connector(console, coupa):
    done = connect(console, coupa, secret=CANARY)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def synced(console, connector):
    done = console.manage("sync", connector, "--wait", "--timeout", "60")
    assert done.returncode == 0, done.stderr + console.said()
    return connector


def test_a_sync_by_command_exports_exactly_what_coupa_has(console, coupa, synced):
    export = console.manage("export_access", synced)

    lines = [json.loads(line) for line in export.stdout.splitlines()]
    assert lines == list(coupa.truth())


def test_a_reader_of_the_export_may_stop_when_it_has_enough(console, synced):
    command = f"'{sys.executable}' manage.py export_access {synced} | head -n 1"

    done = subprocess.run(
        command, shell=True, cwd=ROOT, env=console.environment, capture_output=True, text=True, check=False
    )

    assert done.stdout.startswith('{"type":"account"')
    assert done.stderr == ""


def test_a_second_sync_changes_nothing(console, synced):
    done = console.manage("sync", synced, "--wait", "--timeout", "60")

    assert done.returncode == 0
    assert "0 new, 0 changed, 0 gone" in done.stdout


def test_a_run_that_would_take_away_too_much_ends_the_wait_with_three(console, shrinking):
    connector = connect(console, shrinking, secret=shrinking.client_secret, app="Shrinking").stdout.split()[
        -1
    ]
    assert console.manage("sync", connector, "--wait", "--timeout", "60").returncode == 0
    before = list(shrinking.truth())
    for line in before[:30]:
        shrinking.remove_user(int(line["id"]))

    done = console.manage("sync", connector, "--wait", "--timeout", "60")

    kept = console.manage("export_access", connector)
    assert done.returncode == 3
    assert "30 of 60" in done.stderr
    assert [json.loads(line) for line in kept.stdout.splitlines()] == before


def test_a_wait_that_is_too_short_ends_with_four_and_the_sync_goes_on(console, synced):
    hurried = console.manage("sync", synced, "--wait", "--timeout", "0")

    patient = console.manage("sync", synced, "--wait", "--timeout", "60")
    assert (hurried.returncode, patient.returncode) == (4, 0)
    assert "goes on" in hurried.stderr


def test_a_wrong_secret_ends_the_wait_with_one_and_coupas_sentence(console, coupa):
    connector = connect(console, coupa, secret="wrong", app="Another").stdout.splitlines()[-1]

    done = console.manage("sync", connector, "--wait", "--timeout", "60")

    assert done.returncode == 1
    assert "refused the client ID and secret" in done.stderr


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"owner": "nobody@meridian.example"}, "Nobody active here"),
        ({"domain": "coupa.example.com"}, "coupahost.com"),
        ({"secret": ""}, "secret"),
    ],
)
def test_what_cannot_work_is_said_and_nothing_is_made(console, coupa, wrong, sentence):
    before = rows_of(console, "connectors_connector"), rows_of(console, "connectors_app")

    done = connect(console, coupa, **{"secret": CANARY, "app": "Third", **wrong})

    assert done.returncode == 1
    assert sentence in done.stderr
    assert before == (rows_of(console, "connectors_connector"), rows_of(console, "connectors_app"))


def test_an_unknown_connector_is_named(console):
    done = console.manage("sync", "nothing")

    assert done.returncode == 1
    assert "nothing" in done.stderr


def test_without_a_worker_the_wait_says_so(console, synced, tmp_path):
    broker_of_nobody = {"REDIS_URL": "redis://127.0.0.1:1/0"}
    alone = Instance(tmp_path, {**console.environment, **broker_of_nobody})

    done = alone.manage("sync", synced, "--wait")

    assert done.returncode == 1
    assert "No worker answers" in done.stderr


def test_the_secret_and_the_token_are_found_nowhere_but_sealed(console, coupa, synced):
    database = console.folder / "data" / "db.sqlite3"
    with sqlite3.connect(database) as connection:
        dump = "\n".join(connection.iterdump())
    files = [path for path in (console.folder / "data").rglob("*") if path.is_file()]

    tokens = [token for token in coupa.coupa.tokens if len(token) > 20]
    everything = {str(path): path.read_bytes() for path in files} | {"log": console.said().encode()}

    assert tokens
    assert "Nora Lindqvist" in dump  # the dump is of what is there
    for secret in (CANARY, *tokens):
        assert secret not in dump
        assert [name for name, content in everything.items() if secret.encode() in content] == []
