"""Addresses of core."""

from django.urls import path

from core.sign_in import first_run, local, password
from core.views import health, home, outbox, people, profile

app_name = "core"
urlpatterns = [
    path("", home.home, name="home"),
    path("setup/<str:token>/", first_run.set_up, name="set_up"),
    path("sign-in/", local.sign_in, name="sign_in"),
    path("sign-out/", local.sign_out, name="sign_out"),
    path("password/", password.ask_for_link, name="ask_for_link"),
    path("password/<str:pk>/<str:token>/", password.set_password, name="set_password"),
    path("people/matches/", people.matches, name="people"),
    path("theme/", profile.theme, name="theme"),
    path("settings/outbox/", outbox.letters, name="outbox"),
    path("settings/outbox/<str:pk>/", outbox.letter, name="letter"),
    path("settings/outbox/<str:pk>/again/", outbox.try_again, name="letter_again"),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
]
