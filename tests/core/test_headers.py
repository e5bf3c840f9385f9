"""What every answer carries, and Django's own check of how we are set up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.models import Role
from tests.make import PASSWORD, make_user

ROOT = Path(__file__).parents[2]
HTTPS = {
    "PUBLIC_URL": "https://reeve.example.com",
    "SECRET_KEY": "a long one, of many letters: 0123456789 and then some more",
    "DEBUG": "false",
}


def manage(*arguments, environment=HTTPS):
    """Run manage.py as it would be behind https."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def setting(name):
    shown = manage("shell", "-v", "0", "-c", f"from django.conf import settings; print(settings.{name})")
    return shown.stdout.strip()


@pytest.mark.parametrize("page", ["/", "/sign-in/", "/nothing/", "/health/live"])
def test_every_page_carries_the_headers(page, cast, sign_in):
    reply = sign_in(cast["super"]).get(page, follow=True)

    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Referrer-Policy"] == "same-origin"
    assert reply.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert reply.headers["X-Frame-Options"] == "DENY"
    assert "camera=()" in reply.headers["Permissions-Policy"]
    assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
    assert "no-store" in reply.headers["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in reply.headers


def test_cookies_are_out_of_reach_of_script_and_other_sites(client, db):
    make_user("Ada Lindgren", Role.SUPER, password=PASSWORD)
    typed = {"email": "ada.lindgren@meridian.example", "password": PASSWORD}

    client.get("/sign-in/")
    client.post("/sign-in/", typed)

    for name in ("reeve_session", "reeve_csrf"):
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


def test_there_are_no_other_cookies(cast, sign_in):
    browser = sign_in(cast["basic"])

    browser.post("/profile/time-zone/", {"time_zone": "Europe/Oslo"})  # the next page says that it is saved

    assert set(browser.cookies) <= {"reeve_session", "reeve_csrf"}
    assert len(browser.session["_messages"]) > 0


def test_files_carry_the_headers_of_pages(client):
    reply = client.get("/static/reeve.js")

    assert reply.status_code == 200
    assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
    assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" not in reply.headers["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in reply.headers


@pytest.mark.parametrize("page", ["/", "/sign-in/", "/health/live", "/static/reeve.js"])
def test_nothing_answers_to_trace(page, cast, sign_in):
    assert sign_in(cast["super"]).trace(page, follow=True).status_code == 405


def test_behind_https_cookies_are_bound_to_this_host():
    names = setting(
        "SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.SESSION_COOKIE_SECURE,"
        " settings.CSRF_COOKIE_SECURE, settings.SESSION_COOKIE_DOMAIN"
    )

    assert names == "__Host-reeve_session __Host-reeve_csrf True True None"


def test_djangos_own_check_finds_nothing_behind_https():
    checked = manage("check", "--deploy", "--fail-level", "WARNING")

    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


def test_djangos_own_check_finds_something_where_there_is_something():
    checked = manage("check", "--deploy", "--fail-level", "WARNING", environment={**HTTPS, "DEBUG": "true"})

    assert checked.returncode == 1
