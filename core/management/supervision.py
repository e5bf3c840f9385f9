"""Starts processes, passes on what they say, starts again what dies, and lets none outlive the supervisor."""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Self

STEADY = 30.0  # seconds a process must have lived for its death to count as the first
SLOWEST = 30.0  # seconds between two starts at most
PATIENCE = 5.0  # seconds to end by itself when asked; jobs survive a kill, so no longer
_TICK = 0.2  # seconds
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass
class Child:
    """One process that is kept running, in a process group of its own."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_at: float = 0.0
    deaths: int = 0
    """Early ones in a row."""
    unfinished: bytes = field(default=b"", repr=False)


class Supervisor:
    """Use as a context manager, from the main thread: leaving it ends every child.

    Should the supervisor be killed, a watchman ends the children's groups (and Linux the children).
    """

    def __init__(self, say: Callable[[str, str], None]) -> None:
        self._say = say
        self._children: list[Child] = []
        self._ears = selectors.DefaultSelector()
        self._stop = False

    def __enter__(self) -> Self:
        self._handlers = {number: signal.signal(number, self._asked_to_stop) for number in _STOPS}
        self._watchman = _watchman()
        return self

    def __exit__(self, *_problem: object) -> None:
        # The last started stand on the first: Valkey goes when nobody needs it any more.
        for group in (self._children[1:], self._children[:1]):
            self._end(group)
        self._watchman.communicate()  # nobody is left to end: it just leaves
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start and keep running. The child that others need comes first; it is ended last."""
        child = Child(name, command, environment)
        self._children.append(child)
        self._launch(child)

    def wait_for(self, there: Callable[[], bool], *, seconds: float) -> bool:
        """Look after the children until something is there; False when time ran out or all is to stop."""
        until = time.monotonic() + seconds
        while not self._stop and time.monotonic() < until:
            if there():
                return True
            self._look_after()
        return False

    def run(self) -> None:
        """Look after the children until asked to stop."""
        while not self._stop:
            self._look_after()

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop = True

    def _look_after(self) -> None:
        self._listen(_TICK)
        if self._watchman.poll() is not None:
            self._watchman = _watchman()
            for process in self._alive():
                self._tell_watchman(f"+{process.pid}")
        for child in self._children:
            if child.process is None:
                if time.monotonic() >= child.start_at:
                    self._launch(child)
            elif child.process.poll() is not None:
                how = _how(child.process)
                self._bury(child, child.process)
                self._say("reeve", f"{child.name} ended ({how}); starting it again")

    def _launch(self, child: Child) -> None:
        child.process = subprocess.Popen(
            child.command,
            env=child.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(os.getpid()),
        )
        child.started = time.monotonic()
        self._tell_watchman(f"+{child.process.pid}")
        pipe = child.process.stdout
        if pipe is not None:
            os.set_blocking(pipe.fileno(), False)
            self._ears.register(pipe, selectors.EVENT_READ, child)

    def _bury(self, child: Child, process: subprocess.Popen[bytes]) -> None:
        """Clear away what is left of it, and set when it starts again."""
        _kill(process.pid)
        self._tell_watchman(f"-{process.pid}")
        self._hear(child)
        if process.stdout is not None:
            self._ears.unregister(process.stdout)
            process.stdout.close()
        child.process = None
        child.deaths = 1 if time.monotonic() - child.started > STEADY else child.deaths + 1
        child.start_at = time.monotonic() + min(2.0 ** (child.deaths - 1), SLOWEST)

    def _end(self, children: Sequence[Child]) -> None:
        alive = [(child, child.process) for child in children if child.process is not None]
        for _child, process in alive:
            process.terminate()
        until = time.monotonic() + PATIENCE
        while any(process.poll() is None for _child, process in alive) and time.monotonic() < until:
            self._listen(_TICK / 4)
        for child, process in alive:
            _kill(process.pid)
            process.wait()
            self._bury(child, process)

    def _listen(self, seconds: float) -> None:
        for key, _events in self._ears.select(seconds):
            self._hear(key.data)

    def _hear(self, child: Child) -> None:
        """Pass on whole lines."""
        if child.process is None or child.process.stdout is None:
            return
        while said := _read(child.process.stdout.fileno()):
            *lines, child.unfinished = (child.unfinished + said).split(b"\n")
            for line in lines:
                self._say(child.name, line.decode(errors="replace"))

    def _alive(self) -> list[subprocess.Popen[bytes]]:
        return [child.process for child in self._children if child.process is not None]

    def _tell_watchman(self, line: str) -> None:
        pipe = self._watchman.stdin
        if pipe is None:
            return
        with contextlib.suppress(BrokenPipeError):  # killed: the next one is told of all who live
            pipe.write(line.encode() + b"\n")


def _watchman() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-S", "-E", str(Path(__file__).with_name("watchman.py"))]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, bufsize=0)


def _read(number: int) -> bytes:
    try:
        return os.read(number, 65536)
    except BlockingIOError:
        return b""


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _how(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def die_with_parent(parent: int) -> Callable[[], None] | None:
    """For a child on Linux, before it becomes its program: killed by the kernel once the parent is gone."""
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # gone before the kernel was asked
            os.kill(os.getpid(), signal.SIGKILL)

    return ask_kernel
