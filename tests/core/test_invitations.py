"""Who is invited gets a letter with a way in, which leads to where they are needed."""

from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.urls import reverse
from django.utils.timezone import now

from core.actions import invitations
from core.actions.invitations import invitation_link, invite
from core.errors import Denied, NotPossible
from core.jobs.letters import LINKS
from core.mailbox import INVITATION_LINK
from core.models import IdentityProvider, Invitation, Organisation, OutgoingMail, Role, User
from tests.make import PASSWORD, make_connector, make_user

EMAIL = "grace.kim@meridian.example"
TYPED = {"email": EMAIL, "name": "Grace Kim", "message": ""}
NEW = {"password": PASSWORD, "again": PASSWORD}


@pytest.fixture
def ada(db, nudges):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


@pytest.fixture
def mail(settings):
    settings.MAIL_URL = "smtp://127.0.0.1:2525"


def grace():
    return User.objects.get(email=EMAIL)


def path(person):
    return invitation_link(person).removeprefix("http://testserver")


def test_an_invitation_makes_a_basic_user_and_a_letter_that_names_the_inviter(ada, trail):
    done = invite(" Grace.Kim@meridian.example", name="Grace \n Kim", by=ada, message="For the\nQ3 review")

    letter = OutgoingMail.objects.get()
    assert (done.is_new, done.is_written_to) == (True, True)
    assert (done.person.email, done.person.name, set(done.person.roles())) == (EMAIL, "Grace Kim", {"basic"})
    assert not done.person.has_usable_password()
    assert (letter.to, letter.reply_to) == (EMAIL, ada.email)
    assert letter.subject == "Ada Lindgren invites you to Reeve at Your organisation"
    assert "Ada Lindgren writes: For the Q3 review" in letter.text
    assert trail() == ["core.person_added", "core.invited"]


def test_the_link_is_made_when_the_letter_is_sent_and_leads_on_to_where_one_is_needed(ada):
    invite(EMAIL, name="Grace Kim", by=ada, onward="/connectors/1/?a=b&c=d")

    letter = OutgoingMail.objects.get()
    way = f"{INVITATION_LINK}?next=/connectors/1/%3Fa%3Db%26c%3Dd"
    assert way in letter.text
    assert way in unescape(letter.html)
    assert LINKS[INVITATION_LINK] is invitation_link


def test_the_link_shows_who_invited_and_takes_a_password_and_leads_on(ada, client):
    invite(EMAIL, name="Grace Kim", by=ada, message="For the review")
    link = f"{path(grace())}?next=/profile/"

    page = client.get(link).content.decode()
    reply = client.post(link, {**NEW, "next": "/profile/"})

    assert "Ada Lindgren" in page
    assert "For the review" in page
    assert EMAIL in page
    assert reply.headers["Location"] == "/profile/"
    assert client.session["_auth_user_id"] == grace().pk
    assert grace().check_password(PASSWORD)


def test_a_password_that_will_not_do_is_refused_on_the_same_page(ada, client, trail):
    invite(EMAIL, name="Grace Kim", by=ada)
    before = trail()

    reply = client.post(path(grace()), {"password": PASSWORD, "again": "something else entirely"})

    assert reply.status_code == 422
    assert "The two passwords differ." in reply.content.decode()
    assert not grace().has_usable_password()
    assert trail() == before


@pytest.mark.parametrize(
    ("later", "works"), [(timedelta(days=6, hours=23), True), (timedelta(days=7, hours=1), False)]
)
def test_a_link_works_for_a_week(later, works, ada, client):
    invite(EMAIL, name="Grace Kim", by=ada)
    link = path(grace())

    with time_machine.travel(now() + later, tick=False):
        reply = client.get(link)

    assert reply.status_code == (200 if works else 410)


def test_a_link_dies_with_the_first_sign_in(ada, client):
    invite(EMAIL, name="Grace Kim", by=ada)
    link = path(grace())
    client.post(link, NEW)

    reply = client.get(link)

    assert reply.status_code == 410
    assert "This invitation was used already" in reply.content.decode()


@pytest.mark.parametrize("spoil", ["x", "-", "0-0", "ffffff-" + "0" * 32])
def test_a_link_that_was_altered_works_not_at_all(spoil, ada, client):
    invite(EMAIL, name="Grace Kim", by=ada)

    reply = client.get(reverse("core:invitation", args=[grace().pk, spoil]))

    assert reply.status_code == 410
    assert "Grace" not in reply.content.decode()


def test_the_link_of_one_person_or_kind_opens_nothing_else(ada, client):
    invite(EMAIL, name="Grace Kim", by=ada)
    other = invite("zoe@meridian.example", name="Zoe", by=ada).person
    token = path(grace()).split("/")[-2]

    foreign = client.get(reverse("core:invitation", args=[other.pk, token]))
    as_password_link = client.get(reverse("core:set_password", args=[grace().pk, token]))

    assert (foreign.status_code, as_password_link.status_code) == (410, 409)


def test_who_is_deactivated_does_not_come_in_by_an_old_link(ada, client):
    invite(EMAIL, name="Grace Kim", by=ada)
    link = path(grace())
    User.objects.filter(email=EMAIL).update(status=User.Status.DEACTIVATED)

    assert client.get(link).status_code == 410


def test_an_old_link_brings_a_new_letter_at_most_once_an_hour(ada, client):
    invite(EMAIL, name="Grace Kim", by=ada, onward="/profile/", message="Hello")
    old = reverse("core:invitation", args=[grace().pk, "old"])

    at_once = client.post(old)
    first = OutgoingMail.objects.count()
    Invitation.objects.update(written_at=now() - timedelta(hours=1, seconds=1))
    later = client.post(old)

    assert at_once.status_code == later.status_code == 200
    assert (first, OutgoingMail.objects.count()) == (1, 2)
    newest = OutgoingMail.objects.latest("created_at")
    assert newest.reply_to == ada.email
    assert f"{INVITATION_LINK}?next=/profile/" in newest.text


@pytest.mark.parametrize("case", ["unknown", "came in", "deactivated", "inviter gone"])
def test_an_old_link_brings_no_letter_where_no_invitation_stands_and_does_not_tell(case, ada, client):
    invite(EMAIL, name="Grace Kim", by=ada)
    Invitation.objects.update(written_at=now() - timedelta(days=9))
    pk = "2" * 27 if case == "unknown" else grace().pk
    if case == "came in":
        User.objects.filter(email=EMAIL).update(last_login=now())
    if case == "deactivated":
        User.objects.filter(email=EMAIL).update(status=User.Status.DEACTIVATED)
    if case == "inviter gone":
        User.objects.filter(pk=ada.pk).update(status=User.Status.DEACTIVATED)

    reply = client.post(reverse("core:invitation", args=[pk, "old"]))

    assert reply.status_code == 200
    assert "If the invitation still stands" in reply.content.decode()
    assert OutgoingMail.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "written", "said"),
    [
        ({"last_login": now()}, False, "is known here already and comes in"),
        ({}, True, "was known here already, and has never come in"),
    ],
)
def test_who_is_known_is_found_and_invited_only_if_they_never_came_in(
    fields, written, said, ada, mail, sign_in
):
    known = make_user("Grace K.", Role.BASIC, email=EMAIL, **fields)

    reply = sign_in(ada).post(reverse("core:invite"), TYPED, follow=True)

    assert User.objects.get(email=EMAIL) == known
    assert known.name == grace().name
    assert OutgoingMail.objects.filter(letter="invitation").exists() == written
    assert said in reply.content.decode()


def test_who_is_deactivated_is_not_invited(ada, sign_in):
    make_user("Grace Kim", email=EMAIL, status=User.Status.DEACTIVATED)

    reply = sign_in(ada).post(reverse("core:invite"), {**TYPED, "message": "Come back"})

    page = reply.content.decode()
    assert reply.status_code == 422
    assert "is deactivated. A Super Administrator can reactivate them." in page
    assert "Come back" in page
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("who", ["super", "connector_admin", "application", "campaign"])
def test_these_administrators_invite_into_the_organisations_domains(who, cast, nudges):
    Organisation.objects.update_or_create(id=1, defaults={"trusted_domains": ["meridian.example"]})

    assert invite(EMAIL, name="Grace Kim", by=cast[who]).is_new


@pytest.mark.parametrize("who", ["request", "helpdesk", "read_only", "basic", "deactivated"])
def test_nobody_else_invites(who, cast, nudges, trail):
    with pytest.raises(Denied):
        invite(EMAIL, name="Grace Kim", by=cast[who])
    with pytest.raises(Denied):
        invitations.invite_again(make_user(), by=cast[who])

    assert not User.objects.filter(email=EMAIL).exists()
    assert trail() == []


@pytest.mark.parametrize(("who", "status"), [("super", 302), ("campaign", 422)])
def test_outside_the_trusted_domains_only_super_administrators_invite(
    who, status, cast, nudges, mail, sign_in
):
    Organisation.objects.update_or_create(id=1, defaults={"trusted_domains": ["meridian.example"]})

    reply = sign_in(cast[who]).post(
        reverse("core:invite"), {**TYPED, "email": "eve@elsewhere.example", "message": "Please help"}
    )

    assert reply.status_code == status
    assert User.objects.filter(email="eve@elsewhere.example").exists() == (status == 302)
    if status == 422:
        page = reply.content.decode()
        assert "elsewhere.example is not a domain of the organisation" in page
        assert "Please help" in page


@pytest.mark.parametrize(("email", "name"), [("grace", "Grace"), (EMAIL, " "), (EMAIL, "x" * 201)])
def test_what_cannot_be_a_person_is_not_invited(email, name, ada):
    with pytest.raises(NotPossible):
        invite(email, name=name, by=ada)

    assert User.objects.count() == 1


def test_inviting_again_writes_at_most_once_an_hour_and_only_to_who_never_came_in(ada, mail, sign_in):
    person = invite(EMAIL, name="Grace Kim", by=ada, onward="/profile/").person
    browser, again = sign_in(ada), reverse("core:invite_again", args=[person.pk])

    too_soon = browser.post(again)
    Invitation.objects.update(written_at=now() - timedelta(hours=1, seconds=1))
    later = browser.post(again)
    User.objects.filter(pk=person.pk).update(last_login=now())
    Invitation.objects.update(written_at=now() - timedelta(hours=1, seconds=1))
    come_in = browser.post(again)

    assert (too_soon.status_code, later.status_code, come_in.status_code) == (409, 302, 409)
    assert OutgoingMail.objects.filter(letter="invitation").count() == 2


def test_after_the_e_mail_was_corrected_the_next_letter_goes_out_at_once(ada, mail, sign_in):
    person = invite("grace@typo.example", name="Grace Kim", by=ada).person
    User.objects.filter(pk=person.pk).update(email=EMAIL)

    reply = sign_in(ada).post(reverse("core:invite_again", args=[person.pk]))

    assert reply.status_code == 302
    assert sorted(OutgoingMail.objects.values_list("to", flat=True)) == [EMAIL, "grace@typo.example"]


def test_an_old_link_promises_no_letter_while_letters_are_dropped(ada, mail, client):
    person = invite(EMAIL, name="Grace Kim", by=ada).person
    Organisation.objects.update(drops_letters=True)

    page = client.post(reverse("core:invitation", args=[person.pk, "0-0"])).content.decode()

    assert "No letter goes out now (maintenance)." in page
    assert "on its way" not in page


@pytest.mark.parametrize(("who", "sees"), [("super", True), ("connector_admin", False)])
def test_without_mail_a_super_administrator_gets_the_link_to_pass_on(who, sees, cast, nudges, sign_in, trail):
    reply = sign_in(cast[who]).post(reverse("core:invite"), {**TYPED, "onward": "/profile/"})

    page = unescape(reply.content.decode())
    assert "Mail is not set up: the letter to grace.kim@meridian.example waits" in page
    assert ("http://testserver/invitation/" in page) == sees
    assert ("core.invitation_link_made" in trail()) == sees
    if sees:
        link = page.split("<code>http://testserver")[1].split("</code>")[0]
        assert link.endswith("?next=%2Fprofile%2F")
        assert sign_in(None).get(link).status_code == 200


def test_where_an_identity_provider_is_in_force_the_page_leads_to_it(ada, client):
    invite(EMAIL, name="Grace Kim", by=ada)
    before = client.get(path(grace())).content.decode()
    IdentityProvider.objects.create(label="Meridian SSO", issuer="https://sso.example", status="in_force")

    after = client.get(f"{path(grace())}?next=/profile/").content.decode()

    assert "Meridian SSO" not in before
    assert "Sign in with Meridian SSO" in after
    assert reverse("core:provider_sign_in") + "?next=/profile/" in after


def test_where_passwords_are_for_super_administrators_no_other_sets_one(ada, client):
    invite(EMAIL, name="Grace Kim", by=ada)
    Organisation.objects.update(passwords_for=Organisation.Passwords.SUPER)
    IdentityProvider.objects.create(label="Meridian SSO", issuer="https://sso.example", status="in_force")

    page = client.get(path(grace())).content.decode()
    reply = client.post(path(grace()), NEW)

    assert 'type="password"' not in page
    assert "Sign in with Meridian SSO" in page
    assert reply.status_code == 403
    assert not grace().has_usable_password()


def test_the_page_of_a_person_says_who_invited_them_until_they_come_in(ada, sign_in):
    person = invite(EMAIL, name="Grace Kim", by=ada).person
    url = reverse("core:person", args=[person.pk])

    before = sign_in(ada).get(url).content.decode()
    User.objects.filter(pk=person.pk).update(last_login=now())
    after = sign_in(ada).get(url).content.decode()

    assert "Invite again" in before
    assert "Invite again" not in after


def test_a_picker_offers_to_invite_an_email_that_nobody_has(ada, sign_in):
    make_user("Zoe", email="zoe@meridian.example", status=User.Status.DEACTIVATED)
    url = reverse("core:people_matches")

    def offered(words, by=ada, **further):
        page = sign_in(by).get(url, {"q": words, "invite": "1", **further}).content.decode()
        return "data-invite" in page

    assert offered("Grace.Kim@meridian.example")
    assert not offered("grace")
    assert not offered("zoe@meridian.example")
    assert not offered(ada.email)
    assert not offered(EMAIL, by=make_user("Kim", Role.BASIC))
    assert "data-invite" not in sign_in(ada).get(url, {"q": EMAIL}).content.decode()


def test_the_owners_step_invites_and_comes_back_with_everybody_chosen(ada, mail, sign_in):
    tom = make_user("Tom Okafor", Role.BASIC)
    connector = make_connector(ada)
    browser, step = sign_in(ada), reverse("connectors:owners", args=[connector.pk])

    found = browser.post(step, {"owners": [ada.pk, tom.pk], "owners_words": EMAIL, "owners_find": "1"})
    led = browser.post(step, {"owners": [ada.pk, tom.pk], "owners_words": EMAIL, "owners_invite": EMAIL})
    form = browser.get(led.headers["Location"]).context
    typed = {**TYPED, "back": form["back"], "field": form["field"], "onward": form["onward"]}
    back = browser.post(reverse("core:invite"), typed)
    page = browser.get(back.headers["Location"])

    assert f'name="owners_invite" value="{EMAIL}"' in found.content.decode()
    assert form["form"]["name"].value() == "Grace Kim"
    assert back.headers["Location"].startswith(step)
    assert {person.name for person in page.context["chosen"]} == {"Ada Lindgren", "Tom Okafor", "Grace Kim"}
    assert Invitation.objects.get().onward == reverse("connectors:settings", args=[connector.pk])
    assert [owner.name for owner in connector.owners_now()] == ["Ada Lindgren"]


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", "x"]
)
def test_inviting_leads_back_to_pages_of_ours_alone(back, ada, mail, sign_in):
    reply = sign_in(ada).post(
        reverse("core:invite"), {**TYPED, "back": back, "onward": back, "field": "owners"}
    )

    assert reply.headers["Location"] == reverse("core:person", args=[grace().pk])
    assert Invitation.objects.get().onward == ""
