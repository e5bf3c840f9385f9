"""A Valkey for tests: on a free loopback port, in a folder of its own, gone with the test."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from core.management.supervision import die_with_parent
from core.management.valkey import prepare
from tests.waiting import wait_until


class Valkey:
    """`start` answers its address; `stop` ends it and removes its folder. Also a context manager."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="reeve-valkey-")

    def start(self) -> str:
        server = prepare(Path(self._folder.name))
        self._process = subprocess.Popen(
            server.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent(os.getpid()),
        )
        wait_until(server.answers, seconds=20, what="Valkey answers")
        return server.url

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        self.url = self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """The address of a Valkey for this session."""
    with Valkey() as server:
        yield server.url
