"""What this room shows on the page of a person."""

import pytest
from django.test import RequestFactory
from django.urls import reverse

from connectors.models import Account
from connectors.views import panels
from core.models import Role
from tests.make import make_account, make_app, make_connector, make_user


def asked_by(reader):
    request = RequestFactory().get("/")
    request.user = reader
    return request


@pytest.mark.parametrize(
    ("who", "names", "linked"),
    [
        ("super", ["Ariba", "Coupa"], 2),
        ("tom", ["Coupa"], 1),
        ("grace", ["Ariba", "Coupa"], 0),
        ("basic", [], 0),
    ],
)
def test_accounts_are_shown_as_far_as_the_reader_may_see_them(who, names, linked, cast):
    tom, grace = make_user("Tom Okafor", Role.BASIC), make_user("Grace Kim", Role.BASIC)
    make_account(make_app("Coupa", tom), person=grace)
    make_account(make_app("Ariba"), person=grace)
    reader = {"tom": tom, "grace": grace}.get(who) or cast[who]

    shown = panels.accounts_of(asked_by(reader), {"person": grace})

    assert shown is not None
    assert [account.app.name for account in shown["accounts"]] == names
    assert len(shown["visible"]) == linked


def test_what_a_person_answers_for_is_said_before_they_are_deactivated(cast):
    grace = make_user("Grace Kim", Role.BASIC)
    app = make_app("Coupa", grace)
    connector = make_connector(grace, app=app)
    make_account(app, person=grace)
    make_account(app, person=grace, status=Account.Status.DISABLED)

    found = panels.left_behind(asked_by(cast["super"]), {"person": grace})

    assert found == {"apps": [app], "connectors": [connector], "enabled": 1}
    assert panels.left_behind(asked_by(cast["super"]), {"person": cast["basic"]}) is None


def test_what_somebody_leaves_behind_is_a_click_away(cast, sign_in):
    grace = make_user("Grace Kim", Role.BASIC)
    connector = make_connector(grace, app=make_app("Coupa", grace))

    page = sign_in(cast["super"]).get(reverse("core:deactivate", args=[grace.pk])).content.decode()

    assert f'href="{reverse("connectors:application", args=[connector.app_id])}"' in page
    assert f'href="{reverse("connectors:owners", args=[connector.pk])}"' in page
