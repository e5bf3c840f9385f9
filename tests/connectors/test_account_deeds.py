"""What people decide about accounts: told with before and after, safe from syncs, and only as confirmed."""

import pytest

from connectors.actions import accounts as verbs
from connectors.actions.accounts import Chosen
from connectors.actions.matching import rematch_app
from connectors.models import Account
from connectors.queries.accounts import Wanted
from core.errors import Denied, NotPossible
from core.models import Organisation, Role, TrailEvent, User
from tests.make import make_account, make_app, make_user


@pytest.fixture
def tom(db):
    Organisation.current()
    return make_user("Tom Okafor", Role.APPLICATION, Role.BASIC)


@pytest.fixture
def app(tom):
    return make_app("Coupa", tom)


@pytest.fixture
def kim(db):
    return make_user("Kim Sorensen", email="kim@meridian.example")


def one(account):
    return Chosen([account.pk], number=1)


def told(action):
    return [event.change for event in TrailEvent.objects.filter(action=action).order_by("pk")]


def test_an_owner_set_by_hand_stays_until_it_is_reset(app, tom, kim):
    grace = make_user("Grace Kim")
    robot = make_account(app, "Robot", login="kim@meridian.example", person=kim, matched_by="email")

    verbs.set_owner(app, one(robot), grace, by=tom)
    rematch_app(app.pk)

    robot.refresh_from_db()
    assert (robot.person, robot.matched_by, robot.owner_set_by) == (grace, "hand", tom)
    assert robot.owner_set_at is not None
    verbs.reset_owner(app, one(robot), by=tom)
    robot.refresh_from_db()
    assert (robot.person, robot.matched_by, robot.owner_set_by) == (kim, "email", None)
    assert told("accounts.owner_set") == [{"owner": {"before": "Kim Sorensen", "after": "Grace Kim"}}]
    assert told("accounts.owner_reset") == [{"owner": {"before": "Grace Kim", "after": "Kim Sorensen"}}]


def test_an_owner_cleared_by_hand_stays_nobody(app, tom, kim):
    robot = make_account(app, "Robot", login="kim@meridian.example", person=kim, matched_by="email")

    verbs.clear_owner(app, one(robot), by=tom)
    rematch_app(app.pk)

    robot.refresh_from_db()
    assert (robot.person, robot.matched_by) == (None, "cleared")
    assert told("accounts.owner_cleared") == [{"owner": {"before": "Kim Sorensen", "after": "no owner"}}]


def test_a_type_is_told_for_each_account_that_it_changes(app, tom):
    robots = [make_account(app, f"Robot {each}") for each in range(3)]
    Account.objects.filter(pk=robots[0].pk).update(type="service")

    changed = verbs.set_type(
        app, Chosen([each.pk for each in robots], number=3), Account.Type.SERVICE, by=tom
    )

    assert changed == 2
    assert set(Account.objects.values_list("type", flat=True)) == {"service"}
    assert told("accounts.type_set") == [{"account_type": {"before": "User", "after": "Service account"}}] * 2


def test_all_that_match_are_looked_up_again_and_must_be_as_many(app, tom):
    make_account(app, "Robot", marks=["api"])
    make_account(app, "Grace Kim")
    wanted = Wanted(type="proposed")

    assert verbs.set_type(app, Chosen(wanted=wanted, number=1), Account.Type.SERVICE, by=tom) == 1
    make_account(app, "Late", marks=["support"])
    make_account(app, "Later", marks=["support"])
    with pytest.raises(NotPossible, match="2 accounts fit by now, and 1 did"):
        verbs.set_type(app, Chosen(wanted=wanted, number=1), Account.Type.SERVICE, by=tom)

    assert Account.objects.filter(type="service").count() == 1


def test_more_than_a_batch_is_changed_to_the_last(app, tom, kim, monkeypatch):
    monkeypatch.setattr(verbs, "CHUNK", 2)
    for number in range(7):
        make_account(app, f"Person {number}")

    assert verbs.set_owner(app, Chosen(wanted=Wanted(), number=7), kim, by=tom) == 7
    assert verbs.reset_owner(app, Chosen(wanted=Wanted(), number=7), by=tom) == 7

    assert Account.objects.filter(person=None, matched_by="").count() == 7


def test_nobody_owns_who_left_and_nothing_of_another_app_is_touched(app, tom, kim):
    elsewhere = make_account(make_app("Ariba"), "Robot")
    User.objects.filter(pk=kim.pk).update(status=User.Status.DEACTIVATED)
    kim.refresh_from_db()

    with pytest.raises(NotPossible, match="deactivated"):
        verbs.set_owner(app, one(make_account(app)), kim, by=tom)
    with pytest.raises(NotPossible, match="none is there"):
        verbs.clear_owner(app, one(elsewhere), by=tom)


@pytest.mark.parametrize("by", ["owner", "twin", "e-mail", "login", "number", "number as login"])
def test_nobody_says_whose_their_own_account_is(by, app, tom, kim, trail):
    """Else somebody whose account it is could have it reviewed by themselves."""
    User.objects.filter(pk=tom.pk).update(employee_id="e-77")
    tom.refresh_from_db()
    bears = {
        "owner": {"person": tom},
        "twin": {"person": make_user("Tom Second", employee_id="E-77 ")},
        "e-mail": {"email": " TOM.okafor@meridian.example"},
        "login": {"login": "Tom.Okafor@meridian.example "},
        "number": {"employee_id": "E-77"},
        "number as login": {"person": kim, "login": " E-77"},
    }[by]
    account = make_account(app, "Robot", **{"matched_by": "hand", **bears})
    other = make_account(app, "Other")
    both = Chosen([account.pk, other.pk], number=2)

    for deed in (
        lambda: verbs.set_owner(app, both, make_user("Grace Kim"), by=tom),
        lambda: verbs.clear_owner(app, both, by=tom),
        lambda: verbs.reset_owner(app, both, by=tom),
    ):
        with pytest.raises(Denied, match="Robot is your own account, or goes by"):
            deed()

    account.refresh_from_db()
    other.refresh_from_db()
    assert (account.person, account.matched_by) == (bears.get("person"), "hand")
    assert (other.person, other.matched_by) == (None, "")
    assert trail() == []
    verbs.clear_owner(app, both, by=make_user("Ada Lindgren", Role.SUPER))


@pytest.mark.parametrize("who", ["connector_admin", "read_only", "basic", "application"])
def test_only_who_governs_the_app_decides(who, app, cast, trail):
    robot = make_account(app)
    deeds = [
        lambda by: verbs.set_owner(app, one(robot), by, by=by),
        lambda by: verbs.clear_owner(app, one(robot), by=by),
        lambda by: verbs.reset_owner(app, one(robot), by=by),
        lambda by: verbs.set_type(app, one(robot), Account.Type.SYSTEM, by=by),
    ]

    for deed in deeds:
        with pytest.raises(Denied, match="Only a Super Administrator, or an owner of Coupa"):
            deed(cast[who])

    assert trail() == []
