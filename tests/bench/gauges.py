"""What a process can tell of itself and of its database."""

import os
import re
import resource
import sys
from pathlib import Path

from django.db import connection


def wal() -> int | None:
    """Bytes of write-ahead log so far, on PostgreSQL."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return int(cursor.fetchone()[0])


def peak() -> float:
    """Megabytes this process has held at most. On Linux from /proc: `ru_maxrss` may be the parent's."""
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) / 1024
    kilo = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilo / (1024 * 1024 if sys.platform == "darwin" else 1024)


def cpu_of(pid: int) -> float | None:
    """CPU seconds of a process of this machine so far; None if it is not here, or nothing tells."""
    told = Path(f"/proc/{pid}/stat")
    if not told.exists():
        return None
    words = told.read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def cpu() -> float:
    """CPU seconds of this process, and of the session that serves it if that is on this machine: what a
    busy machine does not change."""
    own = os.times()
    spent = own.user + own.system
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            spent += cpu_of(cursor.fetchone()[0]) or 0.0
    return spent
