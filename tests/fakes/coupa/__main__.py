"""`python -m tests.fakes.coupa`: a pretend Coupa as a process of its own, until SIGTERM."""

import argparse
import ctypes
import json
import os
import secrets
import signal
import sys
from pathlib import Path
from types import FrameType

from tests.fakes.coupa.keeping import Keeper
from tests.fakes.coupa.people import read_people
from tests.fakes.coupa.server import FakeCoupa

PR_SET_PDEATHSIG = 1


def main() -> None:
    wish = parse()
    signal.signal(signal.SIGTERM, leave)
    if wish.die_with_parent:
        die_with_parent()
    fake = FakeCoupa(
        users=wish.users,
        groups=wish.groups,
        roles=wish.roles,
        seed=wish.seed,
        people=read_people(wish.people) if wish.people else (),
        client_id=wish.client_id,
        client_secret=wish.client_secret or secrets.token_urlsafe(24),
        host=wish.host,
        port=wish.port,
        token_lifetime=wish.token_lifetime,
        rate_limit=wish.rate_limit,
        latency=wish.latency / 1000,
    )
    told = {
        "url": fake.url,
        "domain": fake.url,
        "client_id": fake.client_id,
        "client_secret": fake.client_secret,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    if wish.keep is None:
        fake.serve()
        return
    keeper = Keeper(fake.tenant, wish.keep)
    keeper.start()
    try:
        fake.serve()
    finally:
        keeper.keep()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.coupa", description="A pretend Coupa.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--groups", type=int, default=60)
    parser.add_argument("--roles", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--people", type=Path, help="JSON lines with name, email, employee_id: the first users"
    )
    parser.add_argument("--keep", type=Path, help="a file: what was changed is there after a restart")
    parser.add_argument("--client-id", default="reeve-client")
    parser.add_argument("--client-secret", default="", help="one is made up if none is given")
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds before each answer")
    parser.add_argument("--rate-limit", action="store_true", help="refuse more than 25 requests a second")
    parser.add_argument("--token-lifetime", type=int, default=86_399, help="seconds")
    parser.add_argument("--die-with-parent", action="store_true", help="on Linux, end when the parent ends")
    return parser.parse_args()


def die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent is gone, and look whether it is gone already."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit("the parent is gone")


def leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    main()
