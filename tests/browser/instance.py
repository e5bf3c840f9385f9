"""A real instance of Reeve in a folder of its own: supervisor, Valkey, web, worker and beat."""

import base64
import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from core.management.supervision import die_with_parent
from core.management.valkey import free_port
from tests.migrated import begin_with_tables
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = ("DATABASE_URL", "REDIS_URL", "MAIL_URL", "CONNECTOR_HOSTS", "CA_FILE", "PYTEST_CURRENT_TEST")
"""Not handed on: an instance has its own."""
READY = re.compile(r"^reeve +\| ready at (\S+)$", re.MULTILINE)
SETUP_LINK = re.compile(r"^(https?://\S+/setup/\S+)$", re.MULTILINE)


class Instance:
    """`start` answers its address and the one-time set-up link ("" once there is an administrator).

    Stopped and started again it goes on with the same data, at the same address. Also a context
    manager, which starts and stops. Begins with empty tables, or without any as a new folder does.
    """

    def __init__(
        self, folder: Path, extra_env: Mapping[str, str] | None = None, *, has_tables: bool = True
    ) -> None:
        self.folder = folder
        self.log = folder / "instance.log"
        self.port = free_port()
        (folder / "data").mkdir(exist_ok=True)
        if has_tables and "DATABASE_URL" not in (extra_env or {}):
            begin_with_tables(folder / "data" / "db.sqlite3")
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in OURS},
            "DATA_DIR": str(folder / "data"),
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "SEALING_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            **(extra_env or {}),
        }

    def start(self) -> tuple[str, str]:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "supervise", "--port", str(self.port)],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(os.getpid()),
            )
        self.url = wait_until(self._ready, seconds=60, what="the instance is ready")
        link = SETUP_LINK.search(self.said())
        self.setup_link = link[1] if link else ""
        return self.url, self.setup_link

    def stop(self) -> None:
        """As Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(timeout=30)

    def kill(self) -> None:
        """As the power cut does, for the supervisor; all others must follow."""
        others = self.processes()
        self._process.kill()
        self._process.wait()
        wait_until(
            lambda: not [each for each in others if each.is_running() and each.status() != "zombie"],
            seconds=10,
            what="all processes are gone",
        )

    def processes(self, words: str = "") -> list[psutil.Process]:
        """The living processes of this instance whose command line holds these words."""
        found = []
        for each in psutil.Process(self._process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if words in " ".join(each.cmdline()):
                    found.append(each)
        return found

    def manage(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run an operator's command against this instance; the exit code is the caller's affair."""
        address = self.folder / "data" / "valkey.url"
        broker = {"REDIS_URL_FILE": str(address)} if address.exists() else {}
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env={**self.environment, **broker},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.stop()

    def _ready(self) -> str:
        if self._process.poll() is not None:
            raise RuntimeError(f"The instance ended early:\n{self.said()}")
        found = READY.search(self.said())
        return found[1] if found else ""
