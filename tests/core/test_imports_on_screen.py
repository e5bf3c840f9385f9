"""Files of people on screen: brought, looked at, agreed to, fetched."""

from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from core.actions import imports
from core.forms import imports as forms
from core.jobs.imports import apply_import, read_import
from core.models import PeopleImport, Role, User
from tests.make import make_user

HEADER = "email,name,title,manager\n"
BO = "bo@meridian.example,Bo Ek,Buyer,\n"


@pytest.fixture
def ada(db, nudges):
    """A Super Administrator who brings files."""
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


def kept(text, by, name="hr.csv"):
    found = imports.keep(name, text.encode(), by=by)
    read_import(found.pk)
    found.refresh_from_db()
    return found


def sheet(text, name="hr.csv"):
    return SimpleUploadedFile(name, text.encode(), "text/csv")


def test_on_screen_a_file_is_brought_read_and_applied(ada, sign_in):
    browser = sign_in(ada)

    brought = browser.post(reverse("core:imports"), {"file": sheet(HEADER + BO)})
    url = brought.headers["Location"]
    found = PeopleImport.objects.get()
    being_read = browser.get(url, headers={"HX-Request": "true"}).content.decode()
    read_import(found.pk)
    read = browser.get(f"{url}?said=reading", headers={"HX-Request": "true"}).content.decode()
    browser.post(f"{url}apply/", {})
    apply_import(found.pk)
    applied_page = browser.get(url).content.decode()

    assert url == reverse("core:import", args=[found.pk])
    assert 'hx-trigger="every 1s"' in being_read
    assert "<html" not in being_read
    assert "hx-trigger" not in read
    assert 'hx-swap-oob="innerHTML:#import-said"' in read
    assert "Apply: 1 new, 0 changed" in " ".join(read.split())
    assert "Applied" in applied_page
    assert User.objects.filter(name="Bo Ek").exists()


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "Choose a file."),
        ({"file": SimpleUploadedFile("hr.csv", b"")}, "This file is empty."),
    ],
)
def test_on_screen_what_is_no_file_is_refused_with_a_sentence(files, sentence, ada, sign_in):
    reply = sign_in(ada).post(reverse("core:imports"), files)

    assert reply.status_code == 422
    assert sentence in reply.content.decode()
    assert not PeopleImport.objects.exists()


def test_on_screen_a_file_that_is_too_large_is_refused_with_a_sentence(ada, sign_in, monkeypatch):
    monkeypatch.setattr(forms, "LARGEST", 8)

    reply = sign_in(ada).post(reverse("core:imports"), {"file": sheet("x" * 9)})

    assert reply.status_code == 422
    assert "A file has at most 10 MB." in reply.content.decode()


def test_on_screen_mistakes_are_shown_by_line_and_must_be_agreed_to(ada, sign_in):
    found = kept(HEADER + BO + "nobody,<b>No</b> Body,,\n", ada)
    browser, url = sign_in(ada), reverse("core:apply_import", args=[found.pk])

    page = unescape(browser.get(reverse("core:import", args=[found.pk])).content.decode())
    without = browser.post(url, {})
    agreed = browser.post(url, {"leave_out": "on"})

    assert '"nobody" is not an e-mail address.' in page
    assert without.status_code == 422
    assert "Tick that the lines with mistakes are left out" in without.content.decode()
    assert agreed.status_code == 302


def test_what_a_file_says_is_shown_as_text(ada, sign_in):
    found = kept(HEADER + "a@m.example,<script>x</script>,<i>y</i>,\n", ada, name="<b>.csv")

    page = sign_in(ada).get(reverse("core:import", args=[found.pk])).content.decode()

    assert "<script>x" not in page
    assert "<i>y" not in page
    assert "<b>.csv" not in page


def test_the_file_comes_back_as_it_was_and_is_never_shown_by_the_browser(ada, sign_in):
    text = HEADER + BO + "Zoë\r\n"
    found = imports.keep('hr "quoted"\r\nX: y.csv', text.encode(), by=ada)

    reply = sign_in(ada).get(reverse("core:import_file", args=[found.pk]))

    assert b"".join(reply.streaming_content) == text.encode()
    assert reply.headers["Content-Disposition"].startswith("attachment;")
    assert "\n" not in reply.headers["Content-Disposition"]
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_an_auditor_sees_the_files_and_can_do_nothing_with_them(ada, cast, sign_in):
    found = kept(HEADER + BO, ada)
    browser = sign_in(cast["read_only"])

    pages = [browser.get(reverse("core:imports")), browser.get(reverse("core:import", args=[found.pk]))]

    for page in pages:
        assert page.status_code == 200
        assert "hr.csv" in page.content.decode()
        assert 'action="/people/imports' not in page.content.decode()


def test_the_list_costs_the_same_however_many_files_there_are(ada, sign_in, django_assert_max_num_queries):
    for number in range(12):
        kept(HEADER + BO, ada, name=f"{number}.csv")
    browser = sign_in(ada)

    with django_assert_max_num_queries(12):
        page = browser.get(reverse("core:imports")).content.decode()

    assert page.index("11.csv") < page.index("10.csv")


def test_a_file_that_somebody_else_settled_meanwhile_is_not_applied_again(ada, sign_in):
    found = kept(HEADER + BO, ada)
    imports.discard(found, by=ada)

    reply = sign_in(ada).post(reverse("core:apply_import", args=[found.pk]))

    assert reply.status_code == 409
    assert not User.objects.filter(name="Bo Ek").exists()
