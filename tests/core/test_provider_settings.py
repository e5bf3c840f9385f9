"""The identity provider's settings: drafts, tries, putting in force, and no way to lock oneself out."""

from urllib.parse import parse_qs, urlsplit

import pytest

from core.actions import identity_provider
from core.errors import Denied, NotPossible
from core.models import IdentityProvider, Organisation, Role, TrailEvent
from core.models.keys import place_of
from core.sealing import unseal
from tests.make import make_user
from tests.providing import SETTINGS, come, make_provider, said

ADA = "ada.lindgren@meridian.example"
CANARY = "cs-canary-5f2e"
Status = IdentityProvider.Status


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


@pytest.fixture
def browser(ada, sign_in):
    return sign_in(ada)


def typed(fake, **changes: str) -> dict[str, str]:
    row = IdentityProvider.objects.order_by("-saved_at").first()
    return {
        "label": "Meridian",
        "issuer": fake.issuer,
        "client_id": fake.client_id,
        "client_secret": fake.client_secret,
        "scopes": "openid email profile",
        "role_claim": "",
        "role_map": "",
        "changed_at": row.saved_at.isoformat() if row else "1970-01-01T00:00:00+00:00",
        **changes,
    }


def saved(browser, fake, **changes: str) -> IdentityProvider:
    reply = browser.post(SETTINGS, typed(fake, **changes))
    assert reply.status_code == 302, reply.content.decode()
    return IdentityProvider.objects.order_by("-saved_at")[0]


def the_try(row: IdentityProvider) -> str:
    return f"{SETTINGS}{row.pk}/try/"


def secret_of(row: IdentityProvider) -> str:
    return unseal(row.sealed, place=place_of(row, "sealed"))


def test_from_a_draft_through_a_try_to_in_force(browser, fake, trail):
    draft = saved(browser, fake)
    reply = come(browser, fake, ADA, start=the_try(draft))
    page = said(browser, reply)

    browser.post(f"{SETTINGS}{draft.pk}/in-force/")

    draft.refresh_from_db()
    assert reply.headers["Location"] == SETTINGS
    assert "Put it in force when you are ready" in page
    assert f"sub-{ADA}" in page
    assert draft.status == Status.IN_FORCE
    assert trail() == ["core.provider_saved", "core.provider_tried", "core.provider_in_force"]


def test_the_redirect_address_stands_there_to_copy(browser):
    assert "http://testserver/sign-in/provider/back/" in browser.get(SETTINGS).content.decode()


def test_a_draft_leaves_what_is_in_force_alone(browser, fake, provider):
    draft = saved(browser, fake, label="Meridian anew")

    provider.refresh_from_db()
    assert provider.status == Status.IN_FORCE
    assert draft.status == Status.DRAFT


def test_a_further_draft_replaces_the_one_before_and_its_secret_is_gone(browser, fake):
    first = saved(browser, fake)

    second = saved(browser, fake, label="Meridian anew")

    first.refresh_from_db()
    assert (first.status, first.sealed) == (Status.REPLACED, "")
    assert second.status == Status.DRAFT


def test_saving_asks_the_provider_nothing(browser, fake):
    saved(browser, fake)

    assert fake.asked() == []


@pytest.mark.parametrize(
    ("habits", "who", "sentence"),
    [
        (
            {},
            "grace.kim@meridian.example",
            "The provider says that you are grace.kim@meridian.example, but here",
        ),
        ({"claims": {"email_verified": False}}, ADA, "does not say that your e-mail is verified"),
        ({"claims": {"aud": "another"}}, ADA, "meant for another client"),
        ({"status": {"/token": 500}}, ADA, "answered /token with 500."),
    ],
)
def test_a_try_that_fails_says_why_and_puts_nothing_in_force(habits, who, sentence, browser, fake, trail):
    draft = saved(browser, fake)
    fake.misbehave(**habits)

    page = said(browser, come(browser, fake, who, start=the_try(draft)))
    reply = browser.post(f"{SETTINGS}{draft.pk}/in-force/")

    draft.refresh_from_db()
    assert sentence in page
    assert "Put in force" not in page
    assert reply.status_code == 409
    assert draft.status == Status.DRAFT
    assert trail() == ["core.provider_saved", "core.provider_try_failed"]


def test_a_provider_that_cannot_be_asked_fails_the_try_at_once(browser, fake):
    draft = saved(browser, fake)
    fake.misbehave(status={"/.well-known/openid-configuration": 404})

    page = said(browser, browser.get(the_try(draft)))

    assert "openid-configuration with 404." in page


def test_a_try_asks_for_the_discovery_document_anew(browser, fake):
    draft = saved(browser, fake)
    fake.misbehave(document={"issuer": "https://elsewhere.example"})
    browser.get(the_try(draft))
    fake.behave()

    page = said(browser, come(browser, fake, ADA, start=the_try(draft)))

    assert "Put it in force when you are ready" in page


def test_a_later_try_that_fails_takes_the_right_to_be_put_in_force_away(browser, fake):
    draft = saved(browser, fake)
    come(browser, fake, ADA, start=the_try(draft))
    come(browser, fake, "grace.kim@meridian.example", start=the_try(draft))

    refused = browser.post(f"{SETTINGS}{draft.pk}/in-force/")
    come(browser, fake, ADA, start=the_try(draft))
    accepted = browser.post(f"{SETTINGS}{draft.pk}/in-force/")

    assert (refused.status_code, accepted.status_code) == (409, 302)


def test_a_refusal_at_the_provider_is_told_on_the_settings_page(browser, fake):
    draft = saved(browser, fake)
    address = browser.get(the_try(draft)).headers["Location"]

    page = said(browser, browser.get(fake.answer(address, ADA, agrees=False)))

    assert "The provider did not let you in, or you refused." in page


def test_a_try_counts_only_for_whoever_began_it(browser, fake, sign_in):
    draft = saved(browser, fake)
    address = browser.get(the_try(draft)).headers["Location"]
    other = sign_in(make_user("Grace Kim", Role.SUPER))

    other.get(fake.answer(address, "grace.kim@meridian.example"))

    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


def test_nobody_signs_in_with_a_draft(browser, fake, client):
    draft = saved(browser, fake)
    come(browser, fake, ADA, start=the_try(draft))

    reply = client.get("/sign-in/with-provider/")

    assert reply.status_code == 409


def test_the_one_before_is_replaced_when_another_is_put_in_force(browser, fake, provider):
    draft = saved(browser, fake, label="Meridian anew")
    come(browser, fake, ADA, start=the_try(draft))

    browser.post(f"{SETTINGS}{draft.pk}/in-force/")

    provider.refresh_from_db()
    assert (provider.status, provider.sealed) == (Status.REPLACED, "")
    assert IdentityProvider.objects.get(status=Status.IN_FORCE).label == "Meridian anew"


def test_an_empty_secret_keeps_the_one_before(browser, fake, ada):
    first = saved(browser, fake)

    second = saved(browser, fake, label="Meridian anew", client_secret="")

    assert secret_of(second) == fake.client_secret
    assert (second.secret_set_by, second.secret_set_at) == (ada, first.secret_set_at)
    assert TrailEvent.objects.latest("pk").change["has_new_secret"] is False


@pytest.mark.parametrize("changes", [{"issuer": "https://elsewhere.example"}, {"client_id": "another"}])
def test_a_secret_is_not_carried_to_another_issuer_or_client(changes, browser, fake):
    saved(browser, fake)

    reply = browser.post(SETTINGS, typed(fake, client_secret="", **changes))

    assert reply.status_code == 422
    assert "the secret must be entered again" in reply.content.decode()


def test_the_secret_typed_or_kept_is_in_no_page_and_no_trail(browser, fake):
    pages = [browser.post(SETTINGS, typed(fake, client_secret=CANARY, issuer="nonsense"))]
    saved(browser, fake, client_secret=CANARY)
    pages += [browser.get(SETTINGS)]
    pages += [
        browser.post(SETTINGS, typed(fake, client_secret=CANARY, changed_at="2020-01-01T00:00:00+00:00"))
    ]

    everything = "".join(page.content.decode() for page in pages) + str(list(TrailEvent.objects.values()))

    assert [page.status_code for page in pages] == [422, 200, 409]
    assert CANARY not in everything
    assert "Nobody can read it back" in everything


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"label": " "}, "This field is required"),
        ({"issuer": "http://login.example.com"}, "begins with https"),
        ({"issuer": "https://login.example.com/?tenant=1"}, "without a question mark"),
        ({"issuer": "https://ada@login.example.com"}, "begins with https"),
        ({"issuer": "https://[broken"}, "begins with https"),
        ({"issuer": "https://login.example.com:port"}, "begins with https"),
        ({"client_id": "clé"}, "signs of ASCII"),
        ({"client_secret": "clé"}, "signs of ASCII"),
        ({"scopes": "profile"}, "openid and email must be among them"),
        ({"scopes": 'openid email "all"'}, "Scopes consist of"),
        ({"client_secret": ""}, "Enter the client secret."),
        ({"creates_people": "on"}, "Name the trusted domains first"),
        ({"role_claim": "groups"}, "Say which roles"),
        ({"role_map": "a = super"}, "Name the claim whose values"),
        ({"role_claim": "groups", "role_map": "a = super\nb"}, "Line 2: write a value"),
        ({"role_claim": "groups", "role_map": "a = king"}, "Line 1: &quot;king&quot; is no role."),
        (
            {"role_claim": "groups", "role_map": "a = super\na = basic"},
            "Line 2: &quot;a&quot; stands here twice.",
        ),
    ],
)
def test_what_cannot_work_is_refused_and_nothing_typed_is_lost(changes, sentence, browser, fake):
    reply = browser.post(SETTINGS, typed(fake, **changes))

    page = reply.content.decode()
    assert reply.status_code == 422
    assert sentence in page
    assert not IdentityProvider.objects.exists()
    if changes.get("label") != " ":
        assert 'value="Meridian"' in page


def test_the_role_map_takes_names_and_labels_and_values_with_equals_signs(browser, fake):
    lines = "cn=admins = Super Administrator\n\nauditors=read_only"

    draft = saved(browser, fake, role_claim="groups", role_map=lines)

    assert draft.role_map == {"cn=admins": "super", "auditors": "read_only"}
    assert "cn=admins = Super Administrator" in browser.get(SETTINGS).content.decode()


def test_people_may_come_unasked_once_a_domain_is_trusted(browser, fake):
    Organisation.current()
    Organisation.objects.update(trusted_domains=["meridian.example"])

    draft = saved(browser, fake, creates_people="on")

    assert draft.creates_people


def test_a_draft_that_lets_people_in_is_not_put_in_force_without_a_trusted_domain(ada, fake):
    draft = make_provider(fake, status=Status.TRIED, creates_people=True)

    with pytest.raises(NotPossible, match="trusted domains"):
        identity_provider.put_in_force(draft.pk, by=ada)


def test_who_saves_after_somebody_else_sees_both(browser, fake):
    seen = "1970-01-01T00:00:00+00:00"
    saved(browser, fake, label="Theirs")

    reply = browser.post(SETTINGS, typed(fake, label="Mine", changed_at=seen))

    page = reply.content.decode()
    assert reply.status_code == 409
    assert "Theirs" in page
    assert "Mine" in page
    assert IdentityProvider.objects.count() == 1


def test_passwords_keep_working_whatever_is_in_force(fake, provider, client):
    make_user("Ada Lindgren", Role.SUPER, password="seven grey geese over the fjord")
    fake.misbehave(status={"/.well-known/openid-configuration": 500})

    reply = client.post("/sign-in/", {"email": ADA, "password": "seven grey geese over the fjord"})

    assert reply.headers["Location"] == "/"


def test_the_fields_have_a_fresh_sign_in_behind_them(browser, fake):
    session = browser.session
    session["proven_at"] = 0
    session.save()

    reply = browser.post(SETTINGS, typed(fake))

    assert reply.headers["Location"].startswith("/sign-in/again/")
    assert not IdentityProvider.objects.exists()


@pytest.mark.parametrize("verb", ["save", "try", "put in force", "take out"])
def test_only_a_super_administrator_does_any_of_it(verb, cast, fake):
    by = cast["read_only"]
    row = make_provider(fake, status=Status.TRIED)
    things = identity_provider.Typed("M", fake.issuer, "c", "openid email", False, "", {}, "s")
    verbs = {
        "save": lambda: identity_provider.save(things, by=by, seen=None),
        "try": lambda: identity_provider.came_back(row.pk, {}, by=by),
        "put in force": lambda: identity_provider.put_in_force(row.pk, by=by),
        "take out": lambda: identity_provider.take_out(row.pk, by=by),
    }

    with pytest.raises(Denied):
        verbs[verb]()


def test_what_was_sent_too_late_goes_on_after_proving_anew_with_the_provider(browser, fake, provider):
    session = browser.session
    session["proven_at"] = 0
    session.save()
    asks = browser.post(SETTINGS, typed(fake, label="Sent too late")).headers["Location"]

    offers = come(browser, fake, ADA, again="1", next=asks).headers["Location"]
    page = browser.get(offers).content.decode()
    held = parse_qs(urlsplit(offers).query)["held"][0]
    goes_on = browser.post("/sign-in/again/", {"held": held, "next": SETTINGS})
    browser.post(goes_on.headers["Location"], {"held": held})

    assert "Go on" in page
    assert goes_on.status_code == 307
    assert IdentityProvider.objects.get(status=Status.DRAFT).label == "Sent too late"
