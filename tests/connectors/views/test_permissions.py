"""Who may see and do what in the connectors room: unseen is 404, refused by a rule is 403."""

import pytest
from django.urls import reverse

from connectors.models import Connector, SyncRun
from core.forms.people import ROLES
from core.models import Role, TrailEvent
from tests.make import make_account, make_entitlement, make_run

SIGN_IN = "/sign-in/"
STRANGERS = ("deactivated", "stranger")
RUNNERS = ("super", "connector_admin")
ALL = (*RUNNERS, "owner", "app_owner", "basic", "no_role", *STRANGERS)


def was_sent_to_sign_in(reply):
    return reply.status_code == 302 and reply.headers["Location"].startswith(SIGN_IN)


@pytest.mark.parametrize("who", ALL)
@pytest.mark.parametrize("page", ["connector", "owners", "settings", "live", "progress"])
def test_a_connector_is_seen_by_its_owners_and_by_those_who_run_all(page, who, connector, everyone, sign_in):
    reply = sign_in(everyone[who]).get(reverse(f"connectors:{page}", args=[connector.pk]))

    if who in STRANGERS:
        assert was_sent_to_sign_in(reply)
    else:
        assert reply.status_code == (200 if who in (*RUNNERS, "owner") else 404)


@pytest.mark.parametrize("who", ALL)
def test_a_run_is_seen_by_whoever_sees_its_connector(who, connector, everyone, sign_in):
    run = connector.runs.get()

    reply = sign_in(everyone[who]).get(reverse("connectors:run", args=[run.key]))

    if who in STRANGERS:
        assert was_sent_to_sign_in(reply)
    else:
        assert reply.status_code == (200 if who in (*RUNNERS, "owner") else 404)


@pytest.mark.parametrize("who", ALL)
@pytest.mark.parametrize("page", ["application", "accounts", "account", "entitlements", "entitlement"])
def test_an_app_is_seen_by_its_owners_and_by_those_who_run_connectors(
    page, who, connector, everyone, sign_in
):
    rows = {
        "account": [make_account(connector.app).pk],
        "entitlement": [make_entitlement(connector.app).pk],
    }
    url = reverse(f"connectors:{page}", args=[connector.app_id, *rows.get(page, [])])

    reply = sign_in(everyone[who]).get(url)

    if who in STRANGERS:
        assert was_sent_to_sign_in(reply)
    else:
        assert reply.status_code == (200 if who in (*RUNNERS, "app_owner") else 404)


@pytest.mark.parametrize("who", ALL)
@pytest.mark.parametrize("url", ["/connectors/add/", "/connectors/add/coupa/"])
def test_only_those_who_run_connectors_add_one(url, who, everyone, sign_in):
    browser = sign_in(everyone[who])

    seen, sent = browser.get(url), browser.post("/connectors/add/coupa/", {"how": "new", "name": "Coupa"})

    if who in STRANGERS:
        assert was_sent_to_sign_in(seen)
        assert was_sent_to_sign_in(sent)
    else:
        allowed = who in RUNNERS
        assert (seen.status_code, sent.status_code) == ((200, 302) if allowed else (403, 403))
    assert Connector.objects.exists() == (who in RUNNERS)


def test_the_roles_say_who_adds_connectors():
    said = {role for role, sentence in ROLES.items() if "Adds" in sentence}

    assert said == {Role.CONNECTOR}


POSTS = {
    "sync": ({}, "connectors.run_started"),
    "pause": ({}, "connectors.paused"),
    "settings": (
        {"domain": "acme.coupahost.com", "client_id": "new", "client_secret": "s3cret", "mode": "read"},
        "connectors.settings_saved",
    ),
}


@pytest.mark.parametrize("who", ALL)
@pytest.mark.parametrize("verb", sorted(POSTS))
def test_only_owners_and_those_who_run_connectors_change_one(verb, who, connector, everyone, sign_in, trail):
    typed, event = POSTS[verb]

    reply = sign_in(everyone[who]).post(reverse(f"connectors:{verb}", args=[connector.pk]), typed)

    if who in (*RUNNERS, "owner"):
        assert reply.status_code == 302
        assert trail() == [event]
    else:
        assert was_sent_to_sign_in(reply) if who in STRANGERS else reply.status_code == 404
        assert trail() == []


@pytest.mark.parametrize("who", ALL)
def test_only_owners_and_those_who_run_connectors_resume(who, connector, everyone, sign_in):
    Connector.objects.filter(pk=connector.pk).update(paused_at=connector.created_at)

    reply = sign_in(everyone[who]).post(reverse("connectors:resume", args=[connector.pk]))

    connector.refresh_from_db()
    allowed = who in (*RUNNERS, "owner")
    assert (connector.paused_at is None) == allowed
    if allowed:
        assert reply.status_code == 302
    else:
        assert was_sent_to_sign_in(reply) if who in STRANGERS else reply.status_code == 404


@pytest.mark.parametrize("who", ALL)
def test_only_owners_and_those_who_run_connectors_name_owners(who, connector, everyone, sign_in):
    url = reverse("connectors:owners", args=[connector.pk])

    reply = sign_in(everyone[who]).post(url, {"owners": [everyone["basic"].pk], "then": "leave"})

    if who in (*RUNNERS, "owner"):
        assert reply.status_code == 302
        assert list(connector.owners_now()) == [everyone["basic"]]
    else:
        assert was_sent_to_sign_in(reply) if who in STRANGERS else reply.status_code == 404
        assert list(connector.owners_now()) == [everyone["owner"]]


@pytest.mark.parametrize("who", ALL)
@pytest.mark.parametrize(
    ("verb", "allowed", "status"),
    [("confirm", RUNNERS, "queued"), ("discard", (*RUNNERS, "owner"), "discarded")],
)
def test_owners_discard_a_held_run_and_only_those_who_run_connectors_confirm_it(
    verb, allowed, status, who, connector, everyone, sign_in, trail
):
    Connector.objects.filter(pk=connector.pk).update(status=Connector.Status.HELD)
    held = make_run(connector, status=SyncRun.Status.HELD, ended_at=None)
    url = reverse(f"connectors:{verb}", args=[held.key])

    reply = sign_in(everyone[who]).post(url, {"reason": "Looked at it with Tom"})

    held.refresh_from_db()
    if who in allowed:
        assert reply.status_code == 302
        assert held.status == status
        assert held.settled_reason == "Looked at it with Tom"
        assert len(trail()) == 1
    else:
        refused = 403 if who == "owner" else 404
        assert was_sent_to_sign_in(reply) if who in STRANGERS else reply.status_code == refused
        assert held.status == SyncRun.Status.HELD
        assert trail() == []


def test_an_owner_without_the_role_cannot_give_the_connector_another_app(connector, owner, sign_in, trail):
    reply = sign_in(owner).post(
        reverse("connectors:app", args=[connector.pk]), {"how": "new", "name": "Another"}
    )

    assert reply.status_code == 403
    assert trail() == []


@pytest.mark.parametrize("name", ["sync", "pause", "resume", "ask_again", "confirm", "discard"])
def test_what_changes_something_is_never_done_by_a_link(name, connector, cast, sign_in):
    key = connector.runs.get().key if name in ("confirm", "discard") else connector.pk

    reply = sign_in(cast["super"]).get(reverse(f"connectors:{name}", args=[key]))

    assert reply.status_code == 405
    assert not TrailEvent.objects.exists()
