"""A file of people over which workers die, or are slow: nothing is lost, nothing half done."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from core.actions import imports
from core.jobs.imports import apply_import, read_import, sweep_imports
from core.models import PeopleImport, Role, User
from tests.make import make_user

FILE = b"email,name\nbo@meridian.example,Bo Ek\n"


@pytest.fixture
def ada(db, nudges):
    """A Super Administrator who brings files."""
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


def kept(by):
    found = imports.keep("hr.csv", FILE, by=by)
    read_import(found.pk)
    found.refresh_from_db()
    return found


def test_a_worker_that_dies_while_reading_is_followed_by_another(
    ada, nudges, django_capture_on_commit_callbacks
):
    found = imports.keep("hr.csv", FILE, by=ada)
    assert imports.claim(found.pk, PeopleImport.Status.READING) is not None
    read_import(found.pk)
    assert PeopleImport.objects.get(pk=found.pk).status == "reading"
    PeopleImport.objects.filter(pk=found.pk).update(leased_until=now() - timedelta(seconds=1))
    nudges.clear()

    with django_capture_on_commit_callbacks(execute=True):
        sweep_imports()
    read_import(found.pk)

    assert nudges == [("core.read_import", found.pk)]
    assert PeopleImport.objects.get(pk=found.pk).status == "read"


def test_a_worker_that_dies_while_applying_leaves_nothing_half_done(ada, monkeypatch, trail):
    found = kept(ada)
    imports.order(found, leave_out=False, deactivate=False, by=ada)
    before = trail()

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(imports, "_tell", die)
        with pytest.raises(Killed):
            apply_import(found.pk)
    assert not User.objects.filter(name="Bo Ek").exists()
    assert trail() == before
    PeopleImport.objects.filter(pk=found.pk).update(leased_until=now() - timedelta(seconds=1))
    apply_import(found.pk)
    apply_import(found.pk)

    assert PeopleImport.objects.get(pk=found.pk).status == "applied"
    assert trail().count("core.person_added") == 1


def test_a_worker_that_lost_its_lease_changes_nothing(ada, monkeypatch):
    found = kept(ada)
    imports.order(found, leave_out=False, deactivate=False, by=ada)
    honest = imports._tell

    def lose(held, *rest):
        honest(held, *rest)
        held.lease = None

    monkeypatch.setattr(imports, "_tell", lose)
    apply_import(found.pk)

    assert PeopleImport.objects.get(pk=found.pk).status == "applying"
    assert not User.objects.filter(name="Bo Ek").exists()


@pytest.mark.parametrize(("status", "after"), [("reading", "refused"), ("applying", "read")])
def test_a_file_over_which_workers_keep_dying_is_given_up(status, after, ada, trail):
    found = kept(ada)
    PeopleImport.objects.filter(pk=found.pk).update(status=status, attempts=imports.TRIES)

    (read_import if status == "reading" else apply_import)(found.pk)

    found.refresh_from_db()
    assert found.status == after
    assert "5 workers began" in found.problem
    assert trail()[-1] == "core.import_given_up"
