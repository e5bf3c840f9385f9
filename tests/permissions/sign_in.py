"""The addresses of signing in, and of what one signs in with."""

from typing import Any

from core.actions import second_factor
from core.actions.password import password_link
from core.models import Organisation, SecondFactor
from tests.make import PASSWORD, make_user
from tests.permissions.asking import NEW_PASSWORD, Request, World, hashed

TABLE = """
                              super     connector_admin owner     app_owner basic     application campaign  request   helpdesk  read_only deactivated stranger
core:sign_in                  away/away away/away       away/away away/away away/away away/away   away/away away/away away/away away/away 200/done    200/done
core:second_factor_code       away/away away/away       away/away away/away away/away away/away   away/away away/away away/away away/away away/away     away/away
core:again                    away/away away/away       away/away away/away away/away away/away   away/away away/away away/away away/away 302/302     302/302
core:sign_out                 405/done  405/done        405/done  405/done  405/done  405/done    405/done  405/done  405/done  405/done  302/302     302/302
core:ask_for_link             200/said  200/said        200/said  200/said  200/said  200/said    200/said  200/said  200/said  200/said  200/said    200/said
core:set_password             200/done  200/done        200/done  200/done  200/done  200/done    200/done  200/done  200/done  200/done  200/done    200/done
core:set_up                   409/409   409/409         409/409   409/409   409/409   409/409     409/409   409/409   409/409   409/409   409/409     409/409
core:change_password          200/422   200/422         200/422   200/422   200/422   200/422     200/422   200/422   200/422   200/422   302/302     302/302
core:second_factor            200/405   200/405         200/405   200/405   200/405   200/405     200/405   200/405   200/405   200/405   302/302     302/302
core:begin_second_factor      405/done  405/done        405/done  405/done  405/done  405/done    405/done  405/done  405/done  405/done  302/302     302/302
core:confirm_second_factor    405/409   405/409         405/409   405/409   405/409   405/409     405/409   405/409   405/409   405/409   302/302     302/302
core:renew_recovery_codes     405/409   405/409         405/409   405/409   405/409   405/409     405/409   405/409   405/409   405/409   302/302     302/302
core:take_second_factor_away  405/409   405/409         405/409   405/409   405/409   405/409     405/409   405/409   405/409   405/409   302/302     302/302
core:remove_second_factor     405/done  405/403         405/404   405/404   405/404   405/403     405/403   405/403   405/403   405/403   302/302     302/302
core:sign_in_settings         200/done  403/403         403/403   403/403   403/403   403/403     403/403   403/403   403/403   200/403   302/302     302/302
"""


def settings_typed(**changes: Any) -> dict[str, Any]:
    """The form of the sign-in settings as it is drawn now, with these changes."""
    present = Organisation.current()
    return {
        "changed_at": present.changed_at.isoformat(),
        "session_minutes": present.session_minutes,
        "idle_minutes": present.idle_minutes,
        "administrator_idle_minutes": present.administrator_idle_minutes,
        "passwords_for": present.passwords_for,
        "allowed_networks": "\n".join(present.allowed_networks),
        **({"second_factor_for_administrators": "on"} if present.second_factor_for_administrators else {}),
        **changes,
    }


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    person = make_user()
    person.password = hashed(PASSWORD)
    person.save(update_fields=["password"])
    other = make_user("Paul Weber")
    second_factor.begin(by=other)
    SecondFactor.objects.filter(user=other).update(confirmed_at=other.created_at)
    *_, pk, token, _ = password_link(person).split("/")
    return {
        "core:sign_in": Request(typed={"email": person.email, "password": PASSWORD}),
        "core:ask_for_link": Request(typed={"email": person.email}),
        "core:set_password": Request([pk, token], {"password": NEW_PASSWORD, "again": NEW_PASSWORD}),
        "core:set_up": Request(
            [world.set_up_link.split("/")[-2]],
            {"name": "Eve", "email": "eve@meridian.example", "password": NEW_PASSWORD},
        ),
        "core:confirm_second_factor": Request(typed={"code": "000000"}),
        "core:remove_second_factor": Request([other.pk]),
        "core:sign_in_settings": Request(typed=settings_typed(session_minutes=600)),
    }
