"""What the page about mail draws again, and where links in letters are said to lead nowhere."""

import pytest

from core.models import MailServer, OutgoingMail, Role
from tests.make import make_letter, make_mail_server, make_user

PAGE = "/settings/mail/"
HTMX = {"HX-Request": "true"}
NOWHERE = "Links in letters lead to this machine alone."


@pytest.fixture
def ada(db, settings):
    settings.MAIL_URL = ""
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


def test_what_is_being_typed_stays_when_a_test_letter_has_gone_out(ada, sign_in):
    make_mail_server(host="mail.meridian.example")
    test = make_letter(letter="mail_test", recipient=ada, to=ada.email)
    browser = sign_in(ada)

    waiting = browser.get(PAGE, headers=HTMX)
    OutgoingMail.objects.filter(pk=test.pk).update(status="sent")
    over = browser.get(PAGE, headers=HTMX)

    page = over.content.decode()
    assert "every 1s" in waiting.content.decode()
    assert "HX-Refresh" not in over.headers
    assert "every 1s" not in page
    assert "mail.meridian.example is in force" in page
    assert "The server took the test letter" in page
    assert "<input" not in page.replace('<input type="hidden" name="csrfmiddlewaretoken"', "")


def test_while_a_server_is_tried_the_page_goes_on_naming_the_one_in_force(ada, sign_in):
    make_mail_server(host="old.example")
    make_mail_server(status=MailServer.Status.CHECKING, host="new.example", saved_by=ada)

    part = sign_in(ada).get(PAGE, headers=HTMX).content.decode()

    assert "new.example is being tried" in part
    assert "Until then letters go through old.example." in part


def test_once_a_server_was_tried_the_form_may_be_saved_again_without_a_reload(ada, sign_in):
    tried = make_mail_server(status=MailServer.Status.CHECKING, saved_by=ada)
    browser = sign_in(ada)
    drawn = browser.get(PAGE).context["form"]["changed_at"].value()
    MailServer.objects.filter(pk=tried.pk).update(status=MailServer.Status.REFUSED, problem="550 No")

    form = {"host": "127.0.0.1", "port": 1, "security": "none", "sender": "reeve@x.example"}
    reply = browser.post(f"{PAGE}save/", {**form, "changed_at": drawn})

    assert (reply.status_code, reply.headers.get("Location")) == (302, PAGE)


@pytest.mark.parametrize(
    ("address", "says"), [("http://127.0.0.1:8000", True), ("https://reeve.example", False)]
)
def test_who_asks_for_a_link_by_mail_is_told_where_it_would_lead(address, says, db, sign_in, settings):
    settings.PUBLIC_URL, settings.MAIL_URL = address, "smtp://127.0.0.1:1"
    browser = sign_in(None)

    asking = browser.get("/password/").content.decode()
    asked = browser.post("/password/", {"email": "rui@meridian.example"}).content.decode()

    assert [NOWHERE in asking, NOWHERE in asked] == [says, says]


@pytest.mark.parametrize("page", ["/settings/organisation/", "/settings/retention/"])
def test_an_auditor_is_refused_before_what_they_typed_is_looked_at(page, db, sign_in):
    auditor = make_user("Vera Auditor", Role.READ_ONLY)

    reply = sign_in(auditor).post(page, {"name": ""})

    assert reply.status_code == 403
