"""The frame around pages, home, and what is open to strangers."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from core import panels
from core.actions.password import password_link
from core.models import Organisation, Role, User
from core.panels import Panel
from core.sign_in.first_run import set_up_link
from tests.make import make_user

OPEN = {
    "core:set_up",
    "core:sign_in",
    "core:second_factor_code",
    "core:ask_for_link",
    "core:set_password",
    "core:provider_sign_in",
    "core:provider_back",
    "core:invitation",
    "core:live",
    "core:ready",
    "core:metrics",
    "connectors:guide",
}


@pytest.fixture
def slot(monkeypatch):
    """Fill a slot for one test; what rooms put there is set aside."""

    def fill(name, panel):
        monkeypatch.setitem(panels._slots, name, [panel])

    return fill


def test_these_addresses_and_no_others_are_open_to_strangers():
    found = {name for name, view in _views(get_resolver()) if not getattr(view, "login_required", True)}

    assert found == OPEN


@pytest.mark.parametrize("name", ["home", "outbox", "people_matches"])
def test_a_stranger_is_sent_to_sign_in(name, client, db):
    reply = client.get(reverse(f"core:{name}"))

    assert reply.headers["Location"].startswith("/sign-in/?next=")


def test_home_says_that_nothing_waits(cast, sign_in, slot):
    slot("home", Panel(1, "components/toast.html", lambda request, details: None))

    page = sign_in(cast["basic"]).get("/").content.decode()

    assert "Waiting for you" in page
    assert "Nothing waits for you" in page


def test_home_shows_what_higher_rooms_say_waits(cast, sign_in, slot):
    slot(
        "home",
        Panel(1, "components/toast.html", lambda request, details: {"sentence": f"Ask {request.user}"}),
    )

    page = sign_in(cast["basic"]).get("/").content.decode()

    assert "Ask Kim Sorensen" in page
    assert "Nothing waits for you" not in page


@pytest.mark.parametrize(
    ("who", "is_demo", "doors", "demo_door"),
    [("super", False, True, True), ("super", True, True, False), ("basic", False, False, False)],
)
def test_doors_are_for_the_first_administrator(who, is_demo, doors, demo_door, cast, sign_in, slot):
    slot(
        "home_doors", Panel(1, "components/toast.html", lambda request, details: {"sentence": "To the apps"})
    )
    Organisation.current()
    Organisation.objects.update(is_demo=is_demo)

    page = sign_in(cast[who]).get("/").content.decode()

    assert ("To the apps" in page) == doors
    assert ("./dev up --demo" in page) == demo_door


def test_demo_data_is_marked_on_every_page_and_real_data_is_not(cast, sign_in):
    browser = sign_in(cast["super"])
    stranger = sign_in(None)
    pages = [(browser, page) for page in ("/", "/settings/outbox/", "/nothing/here/")]
    pages += [(stranger, page) for page in ("/sign-in/", "/password/", "/nothing/here/")]
    pages += [(stranger, password_link(cast["basic"]).removeprefix("http://testserver"))]
    real = [client.get(page).content.decode() for client, page in pages]
    Organisation.objects.update(is_demo=True)

    demo = [client.get(page).content.decode() for client, page in pages]

    assert not any("Demo data" in page for page in real)
    assert [page for (_, page), text in zip(pages, demo, strict=True) if "Demo data" not in text] == []


def test_demo_data_is_marked_while_there_is_no_administrator(db, client):
    Organisation.current()
    Organisation.objects.update(is_demo=True)

    pages = [client.get(page).content.decode() for page in ("/sign-in/", set_up_link())]

    assert "This console has no administrator yet" in pages[0]
    assert "Create the first administrator" in pages[1]
    assert all("Demo data" in page for page in pages)


def test_settings_stand_in_the_rail_of_super_administrators_and_of_auditors(cast, sign_in):
    pages = {
        who: sign_in(cast[who]).get("/").content.decode()
        for who in ("super", "read_only", "connector_admin", "basic")
    }

    assert {who: f'href="{reverse("core:organisation")}"' in page for who, page in pages.items()} == {
        "super": True,
        "read_only": True,
        "connector_admin": False,
        "basic": False,
    }


@pytest.mark.parametrize("look", ["light", "dark", "system"])
def test_the_look_is_saved_and_comes_with_the_page(look, cast, sign_in):
    browser = sign_in(cast["basic"])

    reply = browser.post(reverse("core:theme"), {"theme": look, "next": "/?a=b"})

    assert reply.headers["Location"] == "/?a=b"
    page = browser.get("/").content.decode()
    assert ("data-bs-theme=" in page) == (look != "system")
    assert look == "system" or f'data-bs-theme="{look}"' in page


def test_an_unknown_look_is_refused(cast, sign_in):
    reply = sign_in(cast["basic"]).post(reverse("core:theme"), {"theme": "<b>"})

    assert reply.status_code == 409
    assert User.objects.get(pk=cast["basic"].pk).theme == ""


def test_what_is_not_there_says_so_with_and_without_a_session(cast, sign_in):
    known, stranger = sign_in(cast["basic"]).get("/nothing/"), sign_in(None).get("/nothing/")

    assert (known.status_code, stranger.status_code) == (404, 404)
    assert "r-rail" in known.content.decode()
    assert "r-rail" not in stranger.content.decode()


def test_htmx_gets_refusals_as_a_toast(cast, sign_in):
    headers = {"HX-Request": "true"}
    browser = sign_in(cast["basic"])

    refused, missing = (
        browser.get("/settings/outbox/", headers=headers),
        browser.get("/nothing/", headers=headers),
    )

    assert (refused.status_code, missing.status_code) == (403, 404)
    for reply in (refused, missing):
        page = reply.content.decode()
        assert "data-toast" in page
        assert "<html" not in page


def test_a_form_from_elsewhere_is_refused_with_a_sentence(cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast["basic"])

    reply = browser.post(reverse("core:theme"), {"theme": "dark"})

    assert reply.status_code == 403
    assert "This form came from elsewhere" in reply.content.decode()


def test_a_broken_page_is_drawn_without_the_database(cast, sign_in, slot, caplog):
    def fall(request, details):
        raise ZeroDivisionError

    slot("home", Panel(1, "components/toast.html", fall))
    browser = sign_in(cast["basic"])
    browser.raise_request_exception = False

    reply = browser.get("/")

    assert reply.status_code == 500
    assert "Something went wrong" in reply.content.decode()
    assert "ZeroDivisionError" not in reply.content.decode()


def test_pages_forbid_inline_script_and_style(cast, sign_in):
    reply = sign_in(cast["super"]).get("/")

    policy, page = reply.headers["Content-Security-Policy"], reply.content.decode()
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert " style=" not in page
    assert "<script>" not in page


def test_the_rail_counts_what_waits_and_marks_where_one_is(cast, sign_in, slot):
    link = {"label": "Reviews", "icon": "checklist", "url": "/settings/", "count": 1204, "group": "main"}
    slot("rail", Panel(1, "components/rail_link.html", lambda request, details: link))

    page = " ".join(sign_in(cast["super"]).get("/settings/outbox/").content.decode().split())

    assert '<a href="/settings/" aria-current="page">' in page
    assert "1,204" in page


def test_people_are_found_by_every_word_and_only_active_ones(cast, sign_in):
    make_user("Adaeze Obi", Role.BASIC)
    browser = sign_in(cast["basic"])

    def found(words: str, **further: str) -> str:
        page: bytes = browser.get(reverse("core:people_matches"), {"q": words, **further}).content
        return page.decode()

    by_name, without, gone = found("ada"), found("ada", **{"not": cast["super"].pk}), found("kovacs")

    assert by_name.index("Ada Lindgren") < by_name.index("Adaeze Obi")
    assert "Ada Lindgren" not in without
    assert 'role="option"' not in gone


def test_people_whose_name_begins_so_come_before_those_of_the_domain(cast, sign_in):
    make_user("Zoe Meridian")

    page = sign_in(cast["basic"]).get(reverse("core:people_matches"), {"q": "meridian"}).content.decode()

    assert page.index("Zoe Meridian") < page.index("Ada Lindgren")


def test_a_picker_never_lists_more_than_twenty(cast, sign_in):
    for number in range(30):
        make_user(f"Same Name {number}")

    page = sign_in(cast["basic"]).get(reverse("core:people_matches"), {"q": "same name"}).content.decode()

    assert page.count('role="option"') == 20


def _views(resolver, space=""):
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _views(entry, entry.namespace or space)
        elif isinstance(entry, URLPattern):
            yield f"{space}:{entry.name}", entry.callback
