"""Grants laid aside by account instead of pair by pair: what open runs have laid aside is written anew."""

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

COLUMNS = {"syncpage": ("grants",), "syncrecount": ("grants", "silent")}


def by_account(pairs: list[list[str]]) -> list[list[object]]:
    held: defaultdict[str, list[str]] = defaultdict(list)
    for account, entitlement in pairs:
        held[account].append(entitlement)
    return [[account, entitlements] for account, entitlements in held.items()]


def by_pair(held: list[tuple[str, list[str]]]) -> list[list[str]]:
    return [[account, entitlement] for account, entitlements in held for entitlement in entitlements]


def rewrite(apps: Apps, turned: Callable[[Any], object]) -> None:
    for table, columns in COLUMNS.items():
        for row in apps.get_model("connectors", table).objects.iterator(chunk_size=1):
            for column in columns:
                setattr(row, column, json.dumps(turned(json.loads(getattr(row, column)))))
            row.save(update_fields=columns)


def forwards(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    rewrite(apps, by_account)


def backwards(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    rewrite(apps, by_pair)


class Migration(migrations.Migration):
    dependencies = (("connectors", "0006_grants_by_time"),)

    operations = (migrations.RunPython(forwards, backwards),)
