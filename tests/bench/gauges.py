"""What a process can tell of itself and of its database."""

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
