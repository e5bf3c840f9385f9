"""Runs that are open while the console is upgraded keep what they laid aside."""

import json
from importlib import import_module

from django.apps import apps
from django.db import connection

from connectors.models import SyncPage, SyncRecount

migration = import_module("connectors.migrations.0007_grants_laid_aside_by_account")
PAIRS = [["1", "role:4:member"], ["1", "role:5:member"], ["2", "role:4:member"]]
BY_ACCOUNT = [["1", ["role:4:member", "role:5:member"]], ["2", ["role:4:member"]]]


def test_pairs_laid_aside_by_an_older_version_are_kept_by_account_and_back_again(db):
    page = SyncPage.objects.create(run_id=1, seq=1, grants=json.dumps(PAIRS))
    recount = SyncRecount.objects.create(run_id=1, seq=1, grants=json.dumps(PAIRS), silent="[]")

    migration.forwards(apps, connection.schema_editor())

    page.refresh_from_db()
    recount.refresh_from_db()
    assert json.loads(page.grants) == json.loads(recount.grants) == BY_ACCOUNT
    assert json.loads(recount.silent) == []

    migration.backwards(apps, connection.schema_editor())

    page.refresh_from_db()
    recount.refresh_from_db()
    assert json.loads(page.grants) == json.loads(recount.grants) == PAIRS
