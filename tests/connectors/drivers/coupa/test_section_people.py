"""People as Coupa has them: odd e-mails, names and numbers, and accounts that are no person."""

import pytest

from connectors.contract import Account, Grant
from connectors.drivers.coupa import records, shapes
from tests.connectors.drivers.conftest import KINDS
from tests.fakes.coupa import FakeCoupa


def account(**values: object) -> Account:
    plain = {"id": 87, "login": "jdoe", "email": "j@acme.example", "fullname": "Jo Doe", "active": True}
    return records.account(shapes.row({**plain, **values}))


def accounts(drive, fake: FakeCoupa) -> dict[str, Account]:
    found = [record for batch in drive(fake).walk(KINDS) for record in batch.records]
    return {record.id: record for record in found if isinstance(record, Account)}


def test_an_inactive_user_is_read_as_disabled_and_keeps_roles_and_licences(fake, drive):
    user = str(sorted(fake.tenant.users)[7])
    for entitlement in ("role:2:member", "license:travel-user:assigned"):
        fake.grant(user, entitlement)
    fake.set_active(user, active=False)

    found = [record for batch in drive(fake).walk(KINDS) for record in batch.records]

    [inactive] = [record for record in found if isinstance(record, Account) and record.id == user]
    assert (inactive.status, inactive.status_word) == ("disabled", "inactive")
    assert {Grant(user, "role:2:member"), Grant(user, "license:travel-user:assigned")} <= {
        record for record in found if isinstance(record, Grant)
    }


@pytest.mark.parametrize("active", [None, "yes", 1])
def test_an_active_flag_that_says_nothing_is_an_unknown_status(active):
    assert account(active=active).status == "unknown"


@pytest.mark.parametrize(
    ("email", "kept"), [(None, ""), ("", ""), ("  Jo@ACME.example ", "  Jo@ACME.example ")]
)
def test_an_email_is_kept_as_it_is_and_null_is_empty(email, kept):
    assert account(email=email).email == kept


def test_two_users_with_one_email_are_two_accounts(drive):
    with FakeCoupa(users=20) as fake:
        one, two = (fake.add_user(login, email="shared@acme.example") for login in ("one", "two"))

        found = accounts(drive, fake)

        assert found[one].email == found[two].email == "shared@acme.example"
        assert found[one].login != found[two].login


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"fullname": None, "firstname": "Jo", "lastname": "Doe"}, "Jo Doe"),
        ({"fullname": "", "firstname": None, "lastname": "Doe"}, "Doe"),
        ({"fullname": None, "firstname": "", "lastname": None}, "jdoe"),
        ({"fullname": None}, "jdoe"),
    ],
)
def test_without_a_full_name_the_names_stand_for_it_then_the_login(names, expected):
    assert account(**names).name == expected


@pytest.mark.parametrize(
    "text", ["Zoe\u0308", "Zoë", "محمد", "王小明", "🚀", '"quoted" & <b>', "=1+1", "a/b\\c+d", "x" * 255]
)
def test_names_and_logins_are_kept_to_the_letter(text):
    found = account(fullname=text, login=text)

    assert (found.name, found.login) == (text, text)


@pytest.mark.parametrize(("number", "kept"), [("000042", "000042"), ("", ""), (None, ""), (42, "42")])
def test_an_employee_number_is_a_text_with_its_zeros(number, kept):
    assert account(**{"employee-number": number}).employee_id == kept


@pytest.mark.parametrize("mark", ["api", "supplier", "support"])
def test_an_account_that_is_no_person_is_marked_and_its_grants_do_not_dangle(mark, fake, drive):
    found = [record for batch in drive(fake).walk(KINDS) for record in batch.records]

    marked = {record.id for record in found if isinstance(record, Account) and mark in record.marks}
    everybody = {record.id for record in found if isinstance(record, Account)}
    assert marked
    assert {record.account_id for record in found if isinstance(record, Grant)} <= everybody


def test_a_licence_nobody_knew_is_read_by_its_flag(drive):
    with FakeCoupa(users=9) as fake:
        user = str(min(fake.tenant.users))
        fake.grant(user, "license:fleet-user:assigned")

        found = {record for batch in drive(fake).walk(KINDS) for record in batch.records
                 if isinstance(record, Grant)}  # fmt: skip

        assert Grant(user, "license:fleet-user:assigned") in found
