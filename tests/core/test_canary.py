"""One secret in every place where a secret can be typed, and looked for wherever something comes out."""

import base64
import io
import logging
import tarfile
from pathlib import Path

import pytest
from celery import current_app
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from core.actions import second_factor
from core.actions.password import password_link
from core.jobs.trail import seal_trail
from core.models import Export, IdentityProvider, MailServer, OutgoingMail, Role, SecondFactor, TrailEvent
from core.sign_in import first_run
from core.views import health
from tests.databases import allow_further
from tests.make import make_user
from tests.permissions import test_matrix as matrix
from tests.permissions.asking import Request, World

CANARY = "canary-7f3c1e9b5d"
SECRET = {
    "connector": f"{CANARY}-connector",
    "mail": f"{CANARY}-mail",
    "provider": f"{CANARY}-provider",
    "password": f"{CANARY} of a person, five brown bears",
    "wrong": f"{CANARY} wrong at sign-in",
}
READERS = ("super", "read_only", "owner", "basic", "stranger")

pytestmark = [
    pytest.mark.skipif(connection.vendor != "sqlite", reason="the files that are searched are SQLite's"),
]


class Told:
    """What came out on the way: the pages that answered, the log as it is without its filter."""

    def __init__(self):
        self.pages = {}
        self.log = io.StringIO()

    def keep(self, what, reply):
        body = b"".join(reply.streaming_content) if reply.streaming else reply.content
        self.pages[what] = f"{dict(reply.headers)}\n{body.decode(errors='replace')}"
        return reply


@pytest.fixture
def told():
    found = Told()
    handler = logging.StreamHandler(found.log)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield found
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def link(transactional_db):
    return first_run.set_up_link()


@pytest.fixture
def world(link, cast, nudges, settings, tmp_path, monkeypatch):
    """Everything the permission matrix asks for, in a folder of its own."""
    allow_further(monkeypatch)
    monkeypatch.setattr(health, "broker_answers", lambda: True)
    settings.DATA, settings.MEDIA_ROOT = tmp_path / "data", tmp_path / "data" / "files"
    settings.MEDIA_ROOT.mkdir(parents=True)
    everyone = {
        **cast,
        "owner": make_user("Grace Kim", Role.BASIC),
        "app_owner": make_user("Tom Okafor", Role.BASIC),
    }
    return World({who: everyone[who] for who in matrix.WHO}, link)


@pytest.fixture
def requests(world):
    return {name: request for area in matrix.AREAS for name, request in area.requests(world).items()}


@pytest.fixture
def typed(told, world, requests, sign_in, unused_port):
    """Every secret is typed: once in vain, so that the form comes back, and once well."""
    browser = sign_in(world.person("super"))
    mail = {**requests["core:save_mail_server"].typed, "host": "127.0.0.1", "port": unused_port}
    forms = [
        ("connectors:settings", "client_secret", "connector", {}, {"domain": "nonsense"}),
        ("core:save_mail_server", "password", "mail", {**mail, "username": "reeve"}, {"port": "0"}),
        ("core:identity_provider", "client_secret", "provider", {}, {"issuer": "nonsense"}),
    ]
    for name, field, secret, more, wrong in forms:
        request = requests[name]
        values = {**request.typed, field: SECRET[secret], **more}
        url = reverse(name, args=request.args)
        assert told.keep(f"{name} in vain", browser.post(url, {**values, **wrong})).status_code == 422
        assert told.keep(f"{name} well", browser.post(url, values)).status_code in (200, 302)
    type_passwords(told, make_user("Nora Lindqvist", Role.BASIC))
    set_up_second_factor(told, world.person("owner"), sign_in)
    current_app.tasks["core.check_mail_server"].apply((MailServer.objects.get(status="checking").pk,))
    order_export(told, browser)
    seal_trail()
    return told


def type_passwords(told, person):
    browser, path = Client(), password_link(person).split("/", 3)[3]
    url, wanted = f"/{path}", SECRET["password"]
    told.keep("password in vain", browser.post(url, {"password": wanted, "again": "another"}))
    assert (
        told.keep("password well", browser.post(url, {"password": wanted, "again": wanted})).status_code
        == 302
    )
    told.keep(
        "sign-in in vain", Client().post("/sign-in/", {"email": person.email, "password": SECRET["wrong"]})
    )
    told.keep("sign-in well", Client().post("/sign-in/", {"email": person.email, "password": wanted}))


def set_up_second_factor(told, person, sign_in):
    """Its secret is no canary but as secret; its own page, on which it must stand, is left out."""
    second_factor.begin(by=person)
    SECRET["factor"] = second_factor.shared_secret(SecondFactor.objects.get(user=person))
    code = TOTP(base64.b32decode(SECRET["factor"]), 6, SHA1(), 30).generate(int(now().timestamp())).decode()
    reply = sign_in(person).post(reverse("core:confirm_second_factor"), {"code": code})
    assert SecondFactor.objects.get(user=person).confirmed_at
    told.keep("second factor confirmed", reply)


def order_export(told, browser):
    browser.post(reverse("core:order_export"), {"kind": "core.trail"})
    export = Export.objects.get(status="queued")
    current_app.tasks["core.make_export"].apply((export.pk,))
    reply = told.keep("export", browser.get(reverse("core:download", args=[export.pk])))
    assert reply.status_code == 200


def crawl(told, world, requests):
    """Every address of the matrix, as several would ask for it."""
    for who in READERS:
        for name in matrix.EXPECTED:
            browser = Client()
            if person := world.everyone[who]:
                browser.force_login(person)
            url = reverse(name, args=requests.get(name, Request()).args)
            told.keep(f"{name} as {who}", browser.get(url))


def rows():
    """Every row of every table as text, sessions opened."""
    for table in apps.get_models(include_auto_created=True):
        for row in table._base_manager.values():
            yield f"{table._meta.label} {row.get('id', '')}", repr(row)
    for session in Session.objects.all():
        yield "an open session", repr(session.get_decoded())


def leaks(texts):
    return sorted({what for what, text in texts for secret in SECRET.values() if secret in text})


def test_a_secret_comes_out_nowhere(typed, world, requests, tmp_path):
    crawl(typed, world, requests)
    backup, sessions = tmp_path / "backup.tar.gz", Session.objects.values_list("pk", flat=True)
    call_command("backup", str(backup), stdout=io.StringIO())

    with tarfile.open(backup) as tar:
        archived = {
            each.name: content.read().decode(errors="replace")
            for each in tar
            if (content := tar.extractfile(each))
        }

    assert leaks(typed.pages.items()) == []
    assert leaks([("log", typed.log.getvalue())]) == []
    assert leaks(rows()) == []
    assert leaks(archived.items()) == []
    assert sessions
    assert [key for key in sessions if any(key in text for text in archived.values())] == []
    # What was searched is where secrets went through.
    assert "connectors:settings as super" in typed.pages
    assert TrailEvent.objects.filter(action="core.sign_in_failed").exists()
    assert MailServer.objects.get(status="refused").sealed
    assert IdentityProvider.objects.exclude(sealed="").exists()
    assert OutgoingMail.objects.exists()
    assert any(name.startswith("files/exports/") for name in archived)
    assert "Nora Lindqvist" in archived["database.sqlite3"]


def test_what_is_searched_for_would_be_found(typed, tmp_path):
    assert leaks([("page", f"<input value='{SECRET['mail']}'>")]) == ["page"]
    assert Path(tmp_path / "data").exists()
