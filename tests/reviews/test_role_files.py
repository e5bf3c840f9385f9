"""Files about roles: who attaches which, until when, and that none is ever taken away."""

import hashlib
import io
from zipfile import ZipFile

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils.timezone import now
from openpyxl import Workbook

from core.errors import Denied, NotPossible
from core.models import Role, TrailEvent
from reviews.actions import role_files
from reviews.evidence.attached import LARGEST, suffix_of
from reviews.models import Campaign, PersonThen, RoleFile
from reviews.queries.memo import memo
from tests.make import make_entitlement, make_user
from tests.reviews.making import make_grants, make_running
from tests.reviews.test_evidence import folder
from tests.reviews.test_memo import words

pytestmark = pytest.mark.usefixtures("nudges", "folder")
__all__ = ["folder"]
TEXT = b"Permission,Allowed\nApprove invoices,yes\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def book() -> bytes:
    kept = io.BytesIO()
    Workbook().save(kept)
    return kept.getvalue()


def with_macros() -> bytes:
    kept = io.BytesIO(book())
    with ZipFile(kept, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    return kept.getvalue()


@pytest.fixture
def olga(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def campaign(olga):
    return make_running(make_grants(2), make_user("Rui Alves"), olga)


@pytest.fixture
def role(campaign):
    return campaign.tasks.get(line_no=1).entitlement


def attached(campaign, role, by, content=TEXT, name="what it may do.csv"):
    return role_files.attach(campaign, role, name=name, content=content, by=by)


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (b"%PDF-1.7 ...", "pdf"),
        (PNG, "png"),
        (book(), "xlsx"),
        (TEXT, "csv"),
        ("\ufeffRolle;Zażółć\n".encode(), "csv"),
        (with_macros(), ""),
        (b"PK\x03\x04 no archive", ""),
        (b"MZ\x90\x00", ""),
        (b"<html>, a page</html>", ""),
        (b"text without columns", ""),
        (b"a,b\n\x00\x01", ""),
        (b"\xff\xfe\xfd,", ""),
    ],
)
def test_a_file_is_what_its_content_says(content, suffix):
    assert suffix_of(content) == suffix


def test_an_owner_of_the_campaign_attaches_a_file_and_its_digest_stands_in_trail_and_memo(
    campaign, role, olga
):
    file = attached(campaign, role, olga, name="C:\\roles\\buyer.exe")

    assert (file.name, file.suffix, file.size) == ("buyer.csv", "csv", len(TEXT))
    assert file.sha256 == hashlib.sha256(TEXT).hexdigest()
    with default_storage.open(file.file.name) as kept:
        assert kept.read() == TEXT
    event = TrailEvent.objects.get(action="reports.role_file_attached", object_id=campaign.pk)
    assert event.change["sha256"] == file.sha256
    assert event.change["role"]["name"] == str(role)
    assert f"{role.name} buyer.csv {file.sha256}" in words(memo(campaign), "Roles")
    assert PersonThen.objects.filter(campaign=campaign, person=olga).exists()


def test_a_better_file_replaces_the_one_before_and_both_stay(campaign, role, olga):
    first = attached(campaign, role, olga)
    second = attached(campaign, role, olga, b"%PDF-1.7", "buyer.pdf")

    assert second.replaces == first
    assert list(RoleFile.objects.current()) == [second]
    assert default_storage.exists(first.file.name)
    with pytest.raises(NotPossible, match="the same file"):
        attached(campaign, role, olga, b"%PDF-1.7", "again.pdf")


@pytest.mark.parametrize("who", ["reviewer", "control owner", "auditor", "other owner"])
def test_nobody_else_attaches_anything(campaign, role, olga, who):
    somebody = make_user("Somebody", Role.READ_ONLY if who == "auditor" else Role.CAMPAIGN)
    if who == "control owner":
        Campaign.objects.filter(pk=campaign.pk).update(control_owner=somebody)

    with pytest.raises(Denied, match="Its owners: Olga Berg"):
        attached(campaign, role, somebody)
    assert not RoleFile.objects.exists()


@pytest.mark.parametrize(
    ("status", "sentence"), [("signed_off", "signed off"), ("cancelled", "cancelled"), ("staged", "staged")]
)
def test_nothing_is_attached_once_it_is_over_or_before_it_began(campaign, role, olga, status, sentence):
    Campaign.objects.filter(pk=campaign.pk).update(status=status, signed_off_at=now())
    campaign.refresh_from_db()

    with pytest.raises(NotPossible, match=sentence):
        attached(campaign, role, olga)
    assert not RoleFile.objects.exists()


def test_what_was_signed_off_meanwhile_keeps_no_file(campaign, role, olga):
    copy = Campaign.objects.get(pk=campaign.pk)
    Campaign.objects.filter(pk=campaign.pk).update(status="signed_off", signed_off_at=now())

    with pytest.raises(NotPossible, match="signed off"):
        attached(copy, role, olga)
    assert default_storage.listdir(role_files.FOLDER)[1] == []


def test_a_role_that_is_in_no_line_gets_no_file(campaign, role, olga):
    other = make_entitlement(role.app, "Not reviewed")

    with pytest.raises(NotPossible, match="in no line"):
        attached(campaign, other, olga)


@pytest.mark.parametrize("content", [b"", b"a," * (LARGEST // 2 + 1), b"MZ\x90\x00"])
def test_no_other_file_is_kept(campaign, role, olga, content):
    with pytest.raises(NotPossible):
        attached(campaign, role, olga, content)


def test_a_kept_file_is_neither_changed_nor_deleted(campaign, role, olga):
    attached(campaign, role, olga)

    with pytest.raises(DatabaseError, match="stays"), transaction.atomic():
        RoleFile.objects.update(name="other.csv")
    with pytest.raises(DatabaseError, match="stays"), transaction.atomic():
        RoleFile.objects.all()._raw_delete("default")


def test_the_page_attaches_says_what_is_wrong_and_sends_the_file(campaign, role, olga, sign_in):
    browser, url = sign_in(olga), reverse("reviews:campaign_role", args=[campaign.pk, role.pk])

    wrong = browser.post(url, {"file": SimpleUploadedFile("x.pdf", b"MZ\x90\x00")})
    right = browser.post(url, {"file": SimpleUploadedFile("buyer.csv", TEXT)})

    assert wrong.status_code == 422
    assert "This is no PDF, XLSX, CSV or PNG file" in wrong.content.decode()
    assert right.status_code == 302
    file = RoleFile.objects.get()
    page = browser.get(url).content.decode()
    assert file.sha256 in page
    listed = browser.get(reverse("reviews:campaign_roles", args=[campaign.pk])).content.decode()
    assert "buyer.csv" in listed
    reply = sign_in(make_user("Ada Lindgren", Role.READ_ONLY)).get(
        reverse("reviews:role_file", args=[campaign.pk, file.key])
    )
    assert b"".join(reply.streaming_content) == TEXT
    assert reply.headers["Content-Disposition"] == 'attachment; filename="buyer.csv"'
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
