"""The supervisor's own rules, without Django's processes."""

import os
import subprocess
import sys
import textwrap

import psutil

from core.management.supervision import Supervisor
from core.management.watchman import groups_left
from tests.waiting import wait_until

FAMILY = ["sh", "-c", "sleep 600 & echo started; wait"]
"""A child with a grandchild that knows nothing of us."""


def test_the_watchman_ends_the_groups_that_were_not_taken_back():
    assert groups_left(["+11\n", "+12\n", "-11\n", "+13\n"]) == {12, 13}


def test_a_child_that_dies_is_started_again_and_its_grandchildren_are_gone():
    said: list[str] = []

    with Supervisor(lambda name, line: said.append(f"{name}: {line}")) as house:
        house.start("family", FAMILY, os.environ)
        house.wait_for(lambda: "family: started" in said, seconds=10)
        (child,) = (each for each in psutil.Process().children() if each.cmdline() == FAMILY)
        grandchildren = child.children()
        child.kill()
        again = house.wait_for(lambda: said.count("family: started") == 2, seconds=10)

    assert again
    assert grandchildren
    wait_until(lambda: not any(alive(each) for each in grandchildren), seconds=5, what="they are gone")
    assert "reeve: family ended (killed by signal 9); starting it again" in said


def test_leaving_ends_children_and_grandchildren():
    said: list[str] = []
    others = descendants()

    with Supervisor(lambda _name, line: said.append(line)) as house:
        house.start("family", FAMILY, os.environ)
        house.wait_for(lambda: "started" in said, seconds=10)
        family = descendants() - others

    assert len(family) >= 3
    wait_until(lambda: not any(alive(each) for each in family), seconds=5, what="all are gone")


def test_nothing_outlives_a_killed_supervisor():
    program = textwrap.dedent(f"""
        import os
        from core.management.supervision import Supervisor

        with Supervisor(lambda name, line: print(line, flush=True)) as house:
            house.start("family", {FAMILY!r}, os.environ)
            house.run()
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "started\n"
        family = psutil.Process(supervisor.pid).children(recursive=True)

        supervisor.kill()

    assert len(family) >= 3
    wait_until(lambda: not any(alive(each) for each in family), seconds=10, what="all are gone")


def test_a_killed_watchman_is_replaced_by_one_who_knows_all():
    said: list[str] = []

    with Supervisor(lambda _name, line: said.append(line)) as house:
        house.start("family", FAMILY, os.environ)
        house.wait_for(lambda: "started" in said, seconds=10)
        first = house._watchman
        first.kill()
        replaced = house.wait_for(lambda: house._watchman is not first, seconds=10)

    assert replaced


def descendants() -> set[psutil.Process]:
    """Of this process, those of other tests among them."""
    return set(psutil.Process().children(recursive=True))


def alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
