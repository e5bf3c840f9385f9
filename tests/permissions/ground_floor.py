"""The ground floor's addresses."""

from core.actions.password import password_link
from core.models import OutgoingMail
from tests.make import PASSWORD, make_letter, make_user
from tests.permissions.asking import NEW_PASSWORD, Request, World, hashed

TABLE = """
                   super     connector_admin owner     app_owner basic     application campaign  request   helpdesk  read_only deactivated stranger
core:home          200/405   200/405         200/405   200/405   200/405   200/405     200/405   200/405   200/405   200/405   302/302     302/302
core:people        200/405   200/405         200/405   200/405   200/405   200/405     200/405   200/405   200/405   200/405   302/302     302/302
core:theme         405/done  405/done        405/done  405/done  405/done  405/done    405/done  405/done  405/done  405/done  302/302     302/302
core:sign_out      405/done  405/done        405/done  405/done  405/done  405/done    405/done  405/done  405/done  405/done  302/302     302/302
core:outbox        200/405   403/405         403/405   403/405   403/405   403/405     403/405   403/405   403/405   403/405   302/302     302/302
core:letter        200/405   403/405         403/405   403/405   403/405   403/405     403/405   403/405   403/405   403/405   302/302     302/302
core:letter_again  405/done  405/403         405/403   405/403   405/403   405/403     405/403   405/403   405/403   405/403   302/302     302/302
core:sign_in       away/away away/away       away/away away/away away/away away/away   away/away away/away away/away away/away 200/done    200/done
core:ask_for_link  200/said  200/said        200/said  200/said  200/said  200/said    200/said  200/said  200/said  200/said  200/said    200/said
core:set_password  200/done  200/done        200/done  200/done  200/done  200/done    200/done  200/done  200/done  200/done  200/done    200/done
core:set_up        409/409   409/409         409/409   409/409   409/409   409/409     409/409   409/409   409/409   409/409   409/409     409/409
core:live          200/405   200/405         200/405   200/405   200/405   200/405     200/405   200/405   200/405   200/405   200/405     200/405
core:ready         200/405   200/405         200/405   200/405   200/405   200/405     200/405   200/405   200/405   200/405   200/405     200/405
"""


def requests(world: World) -> dict[str, Request]:
    """For every address that needs more than itself, what whoever has the right succeeds with."""
    person = make_user()
    person.password = hashed(PASSWORD)
    person.save(update_fields=["password"])
    letter = make_letter(status=OutgoingMail.Status.FAILED)
    *_, pk, token, _ = password_link(person).split("/")
    return {
        "core:theme": Request(typed={"theme": "dark"}),
        "core:letter": Request([letter.pk]),
        "core:letter_again": Request([letter.pk]),
        "core:sign_in": Request(typed={"email": person.email, "password": PASSWORD}),
        "core:ask_for_link": Request(typed={"email": person.email}),
        "core:set_password": Request([pk, token], {"password": NEW_PASSWORD, "again": NEW_PASSWORD}),
        "core:set_up": Request(
            [world.set_up_link.split("/")[-2]],
            {"name": "Eve", "email": "eve@meridian.example", "password": NEW_PASSWORD},
        ),
    }
