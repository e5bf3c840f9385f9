"""Files that tell what a role lets its holders do: attached until the sign-off, and kept for good."""

import hashlib
from pathlib import PurePath

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from connectors.models import Entitlement
from core.errors import NotPossible
from core.ids import ksuid
from core.models import User
from core.models.keys import one_line
from core.trail import record
from reviews.actions.keeping import keep_people
from reviews.actions.rights import must_run
from reviews.evidence.attached import KINDS, LARGEST, suffix_of
from reviews.models import Campaign, RoleFile

FOLDER = "role-files"
NO_FILE = f"This is no {KINDS} file, whatever its name says. Nothing was kept."
MEGABYTES = LARGEST // 1024 // 1024


def attach(campaign: Campaign, entitlement: Entitlement, *, name: str, content: bytes, by: User) -> RoleFile:
    """Keep a file with a role of this campaign. One that was attached before stays, and is replaced by it.

    Raises Denied, NotPossible.
    """
    suffix, digest = _must_be_a_file(content), hashlib.sha256(content).hexdigest()
    _must_be_open(campaign, entitlement, by)
    key = ksuid()
    stored = default_storage.save(f"{FOLDER}/{key}.{suffix}", ContentFile(content))
    told = {"key": key, "file": stored, "suffix": suffix, "sha256": digest, "size": len(content)}
    try:
        return _attached(campaign, entitlement, RoleFile(**told, name=_named(name, suffix), by=by))
    except BaseException:
        default_storage.delete(stored)
        raise


@transaction.atomic
def _attached(campaign: Campaign, entitlement: Entitlement, file: RoleFile) -> RoleFile:
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)  # as the sign-off does
    _must_be_open(campaign, entitlement, file.by)
    earlier = RoleFile.objects.current().filter(campaign=campaign, entitlement=entitlement).first()
    if earlier is not None and earlier.sha256 == file.sha256:
        raise NotPossible(f"{earlier} is the same file, byte for byte.")
    file.campaign, file.entitlement, file.replaces = campaign, entitlement, earlier
    file.save(force_insert=True)
    keep_people(campaign, [file.by_id])
    record(
        "reports.role_file_attached",
        campaign,
        by=file.by,
        role=entitlement,
        file=file.name,
        sha256=file.sha256,
        size=file.size,
        replaces=earlier.sha256 if earlier else "",
    )
    return file


def may_attach(campaign: Campaign) -> bool:
    """Whether its state allows it: from its start until it is over."""
    return campaign.status in Campaign.STARTED and not campaign.is_over


def _must_be_open(campaign: Campaign, entitlement: Entitlement, by: User) -> None:
    must_run(campaign, by)
    if not may_attach(campaign):
        raise NotPossible(f"{campaign} is {campaign.get_status_display().lower()}: its files stand.")
    if not campaign.tasks.filter(entitlement=entitlement).exists():
        raise NotPossible(f"{entitlement} is in no line of {campaign}.")


def _must_be_a_file(content: bytes) -> str:
    if not content:
        raise NotPossible("This file is empty.")
    if len(content) > LARGEST:
        raise NotPossible(f"A file has at most {MEGABYTES} MB.")
    if not (suffix := suffix_of(content)):
        raise NotPossible(NO_FILE)
    return suffix


def _named(name: str, suffix: str) -> str:
    """As it was called, without folders, and with the ending that its content has."""
    bare = PurePath(one_line(name).replace("\\", "/")).name
    stem = bare.rpartition(".")[0] or bare or "role"
    return f"{stem[:180]}.{suffix}"
