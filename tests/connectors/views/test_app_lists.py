"""The page where a list of apps is brought: a preview first, and only then a change."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from connectors.models import App
from core.models import Role
from tests.make import make_app, make_user

BRING, APPLY = "/applications/import/", "/applications/import/apply/"
LIST = "provider,name,external ID,users\nOkta,Coupa <SSO>,0oa1,3871\nOkta,,0oa2,1\n"


@pytest.fixture
def browser(sign_in, db):
    return sign_in(make_user("Marcus Adeyemi", Role.CONNECTOR))


def sent(text, name="apps.csv", encoding="utf-8"):
    return {"file": SimpleUploadedFile(name, text.encode(encoding))}


def typed(reply):
    return reply.context["apply_form"].initial


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_is_shown_first_and_applied_as_shown(encoding, browser):
    shown = browser.post(BRING, sent(LIST, encoding=encoding))

    page = shown.content.decode()
    assert "Coupa &lt;SSO&gt;" in page
    assert "It has no name." in page
    assert not App.objects.exists()

    done = browser.post(APPLY, typed(shown), follow=True)

    assert App.objects.get().name == "Coupa <SSO>"
    assert "1 new, 0 changed, 0 unchanged" in done.content.decode()
    assert done.redirect_chain[0][0] == "/applications/?tab=unmanaged"


def test_what_changed_meanwhile_is_shown_again_and_nothing_is_applied(browser):
    shown = browser.post(BRING, sent(LIST))
    make_app("Coupa", status=App.Status.UNMANAGED, provider="Okta", provider_id="0oa1")

    reply = browser.post(APPLY, typed(shown))

    assert reply.status_code == 409
    assert "nothing was applied" in reply.content.decode()
    assert typed(reply)["seen"] != typed(shown)["seen"]
    assert App.objects.get().name == "Coupa"


def test_a_list_that_changes_nothing_offers_nothing_to_apply(browser):
    browser.post(APPLY, typed(browser.post(BRING, sent(LIST))))

    page = browser.post(BRING, sent(LIST)).content.decode()

    assert "The list changes nothing." in page
    assert "Apply the list" not in page


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ({}, "Choose a file."),
        (sent("name\nCoupa\n"), "lacks Provider and External ID"),
        (sent("x" * (1024 * 1024 + 1)), "A list has at most 1 MB."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(file, sentence, browser):
    reply = browser.post(BRING, file)

    assert reply.status_code == 422
    assert sentence in reply.content.decode()


def test_text_that_was_tampered_with_is_refused(browser):
    reply = browser.post(APPLY, {"text": "nonsense", "seen": "x"})

    assert reply.status_code == 422
    assert "Bring it again." in reply.content.decode()
