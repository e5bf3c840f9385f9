"""The supervisor, as an operator meets it."""

import http.client
import urllib.request

import pytest

from tests.browser.instance import Instance
from tests.waiting import wait_until

pytestmark = pytest.mark.instance


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except (OSError, http.client.HTTPException):
        return 0


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    """One for all here: whatever a test does to it, it stands again."""
    with Instance(tmp_path_factory.mktemp("instance")) as running:
        yield running


@pytest.fixture
def new_folder(tmp_path):
    """An instance in a folder with nothing in it, not even a database."""
    with Instance(tmp_path, has_tables=False) as running:
        yield running


def test_a_fresh_instance_is_live_and_ready_and_prints_a_set_up_link(new_folder):
    assert status(f"{new_folder.url}/health/live") == 200
    wait_until(lambda: status(f"{new_folder.url}/health/ready") == 200, seconds=20, what="it is ready")
    assert new_folder.setup_link.startswith(f"{new_folder.url}/setup/")


def test_a_folder_has_one_supervisor(instance):
    second = instance.manage("supervise", "--port", "0")

    assert second.returncode == 1
    assert "running already" in second.stderr


def test_nothing_outlives_a_killed_supervisor_and_the_folder_starts_again(instance):
    instance.kill()

    instance.start()

    assert status(f"{instance.url}/health/live") == 200


@pytest.mark.parametrize("words", ["granian", "celery --quiet --app config worker", "valkey-server"])
def test_what_dies_is_started_again(instance, words):
    before = {each.pid for each in instance.processes(words)}
    for each in instance.processes(words):
        each.kill()

    wait_until(
        lambda: (now := {each.pid for each in instance.processes(words)}) and not now & before,
        seconds=20,
        what=f"{words} runs again",
    )


def test_a_taken_port_is_refused_with_a_sentence(instance, tmp_path):
    (tmp_path / "second").mkdir()
    second = Instance(tmp_path / "second")

    answer = second.manage("supervise", "--port", str(instance.port))

    assert answer.returncode == 1
    assert f"Port {instance.port} cannot be used" in answer.stderr
