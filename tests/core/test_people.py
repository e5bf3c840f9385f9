"""The list of people, what it can be narrowed down to, its file, and the page of one person."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from core.actions import roles
from core.errors import Denied
from core.exports import on_offer
from core.models import Delegation, Membership, OutgoingMail, PeopleGroup, Role, RoleHolding, User
from core.queries.people import Wanted, person_counts, person_file, person_rows
from tests.make import make_letter, make_user

PEOPLE = reverse("core:people")


@pytest.fixture
def ada(db):
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC, department="IT", last_login=now())


@pytest.fixture
def company(ada):
    """One for each filter, beside Ada."""
    people = {
        "ada": ada,
        "invited": make_user("Ivo Invited", Role.BASIC, department="Finance"),
        "gone": make_user("Gus Gone", Role.BASIC, status=User.Status.DEACTIVATED, last_login=now()),
        "reports": make_user("Rea Reports", Role.BASIC, password="seven grey geese", title="Buyer"),
    }
    people["reports"].managers.add(ada)
    delegate(people["reports"], ada)
    return people


def delegate(person, to, *, days=3):
    start = now() - timedelta(days=1)
    return Delegation.objects.create(
        person=person, delegate=to, starts_at=start, ends_at=start + timedelta(days=days)
    )


def page_of(person):
    return reverse("core:person", args=[person.pk])


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", {"ada", "invited", "gone", "reports"}),
        ("only=active", {"ada", "invited", "reports"}),
        ("only=deactivated", {"gone"}),
        ("only=invited", {"invited"}),
        ("only=no-manager", {"ada", "invited"}),
        ("only=administrators", {"ada"}),
        ("only=delegate", {"reports"}),
        ("only=nonsense", {"ada", "invited", "gone", "reports"}),
        ("role=super", {"ada"}),
        ("role=nonsense", {"ada", "invited", "gone", "reports"}),
        ("department=Finance", {"invited"}),
        ("q=BUYER", {"reports"}),
        ("q=nobody", set()),
        ("only=active&q=i", {"ada", "invited", "reports"}),
        ("only=active&department=IT&role=super&q=ada", {"ada"}),
    ],
)
def test_the_list_and_its_file_hold_exactly_what_is_asked_for(wanted, found, company, sign_in):
    page = sign_in(company["ada"]).get(f"{PEOPLE}?{wanted}")

    table = page.content.decode().partition("<tbody>")[2]
    parameters = dict(part.split("=") for part in wanted.split("&") if part)
    rows = list(person_file(company["ada"], parameters))
    assert {who for who, person in company.items() if f"<bdi>{person.name}</bdi></a>" in table} == found
    assert {row[0] for row in rows} == {company[who].name for who in found}


def test_the_chips_count_what_they_find(company):
    numbers = person_counts(company["ada"])

    assert numbers == {name: person_rows(company["ada"], Wanted(only=name)).count() for name in numbers}
    assert numbers["active"] == 3


def test_active_people_whose_manager_left_are_found(company):
    company["reports"].managers.add(company["gone"])
    company["gone"].managers.add(make_user("Tom Before", status=User.Status.DEACTIVATED))

    found = person_rows(company["ada"], Wanted(only="manager-left"))

    assert list(found) == [company["reports"]]


def test_people_with_one_employee_id_are_found_also_where_one_of_them_left(company):
    for who, employee_id in {"ada": "E1", "gone": "E2", "invited": "E2"}.items():
        User.objects.filter(pk=company[who].pk).update(employee_id=employee_id)

    found = person_rows(company["ada"], Wanted(only="same-id"))

    assert set(found) == {company["gone"], company["invited"]}


def test_a_delegation_that_is_over_is_none(company):
    Delegation.objects.update(ends_at=now() - timedelta(hours=1))

    rows = {row[0]: row for row in person_file(company["ada"], {})}

    assert person_counts(company["ada"])["delegate"] == 0
    assert rows["Rea Reports"][7] == ""


def test_the_file_tells_what_the_list_shows(company):
    offer = on_offer("core.people")
    assert offer is not None

    rows = {row[0]: dict(zip(offer.columns, row, strict=True)) for row in offer.rows(company["ada"], {})}

    reports = rows["Rea Reports"]
    assert reports["managers"] == ["ada.lindgren@meridian.example"]
    assert reports["roles"] == ["Basic User"]
    assert reports["delegate"] == "ada.lindgren@meridian.example"
    assert rows["Ada Lindgren"]["last sign-in"] == company["ada"].last_login
    assert rows["Gus Gone"]["status"] == "Deactivated"


def test_nobody_but_administrators_gets_the_file(cast):
    with pytest.raises(Denied):
        list(person_file(cast["basic"], {}))


def test_pages_follow_each_other_by_name_and_leave_nobody_out(ada, sign_in):
    for number in range(120):
        make_user(f"Twin {number % 3}")
    browser, url, seen = sign_in(ada), PEOPLE, []

    while url:
        page = browser.get(url).context["page"]
        seen += [person.pk for person in page.rows]
        url = f"{PEOPLE}?after={page.after}" if page.after else ""

    assert seen == list(User.objects.order_by("search_text", "pk").values_list("pk", flat=True))


def test_the_list_asks_as_often_for_fifty_people_as_for_two(ada, sign_in):
    browser = sign_in(ada)
    browser.get(PEOPLE)

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            browser.get(PEOPLE)
        return len(asked)

    make_user("Zoe One", Role.BASIC).managers.add(ada)
    delegate(User.objects.get(name="Zoe One"), ada)
    few = queries()
    for number in range(48):
        person = make_user(f"Many {number}", Role.BASIC, Role.CAMPAIGN)
        person.managers.add(ada)
        delegate(person, ada)

    assert queries() == few
    assert few <= 16


def test_where_nobody_fits_the_page_says_so(ada, sign_in):
    page = sign_in(ada).get(f"{PEOPLE}?q=nobody").content.decode()

    assert "Nobody fits" in page
    assert "See everybody" in page


@pytest.mark.parametrize(
    ("who", "answer"),
    [("super", 200), ("helpdesk", 200), ("read_only", 200), ("manager", 200), ("self", 200), ("basic", 404),
     ("delegate", 404), ("deactivated", 302)],
)  # fmt: skip
def test_a_page_opens_to_oneself_ones_manager_and_administrators(who, answer, cast, sign_in):
    noor, manager = make_user("Noor Jansen", Role.BASIC), make_user("Mia Falk", Role.BASIC)
    noor.managers.add(manager)
    other = make_user("Jon Vidal", Role.BASIC)
    delegate(noor, other)
    everyone = {**cast, "self": noor, "manager": manager, "delegate": other}

    reply = sign_in(everyone[who]).get(page_of(noor))

    assert reply.status_code == answer


def test_the_page_tells_all_that_is_known(ada, sign_in):
    noor = make_user(
        "Noor Jansen", Role.BASIC, title="Buyer", department="Finance", employee_id="E-17", last_login=now()
    )
    RoleHolding.objects.create(user=noor, role=Role.CAMPAIGN, source=RoleHolding.Source.PROVIDER)
    noor.managers.add(make_user("Mia Falk"))
    make_user("Leo Marsh").managers.add(noor)
    group = PeopleGroup.objects.create(name="Finance reviewers")
    Membership.objects.create(group=group, person=noor)
    delegate(noor, make_user("Jon Vidal"))
    delegate(make_user("Ella Brink"), noor)

    page = " ".join(sign_in(ada).get(page_of(noor)).content.decode().split())

    for fact in ("Buyer", "Finance", "E-17", "Mia Falk", "Leo Marsh", "Finance reviewers", "Jon Vidal",
                 "Stands in for <span class=\"r-strong\"><bdi>Ella Brink</bdi>", "Campaign Administrator",
                 "From the identity provider", "not set up"):  # fmt: skip
        assert fact in page


def test_how_somebody_signs_in_and_what_happened_is_not_for_their_manager(cast, sign_in):
    noor = make_user("Noor Jansen", Role.BASIC)
    noor.managers.add(cast["basic"])
    roles.replace_roles([noor], [Role.HELPDESK], by=cast["super"])

    pages = {who: sign_in(cast[who]).get(page_of(noor)).content.decode() for who in ("basic", "helpdesk")}

    assert "Second factor" not in pages["basic"]
    assert "Second factor" in pages["helpdesk"]
    assert "changed roles" not in pages["basic"]
    assert "changed roles" in pages["helpdesk"]


def test_acts_are_offered_to_super_administrators_alone(cast, sign_in):
    noor = make_user("Noor Jansen", Role.BASIC)

    pages = {who: sign_in(cast[who]).get(page_of(noor)).content.decode() for who in ("super", "read_only")}

    for act in ("Change roles", "Deactivate", "Mail a password link", "End sessions"):
        assert act in pages["super"]
        assert act not in pages["read_only"]


def test_an_address_that_refused_a_letter_is_remarked(ada, sign_in):
    noor = make_user("Noor Jansen")
    make_letter(to=noor.email, bounced=True, status=OutgoingMail.Status.FAILED, problem="550 no such mailbox")

    page = sign_in(ada).get(page_of(noor)).content.decode()

    assert "550 no such mailbox" in page


@pytest.mark.parametrize(("who", "shown"), [("super", True), ("helpdesk", True), ("basic", False)])
def test_people_stand_in_the_rail_of_administrators(who, shown, cast, sign_in):
    page = sign_in(cast[who]).get("/").content.decode()

    assert (f'href="{PEOPLE}"' in page) == shown


def test_roles_are_told_the_mightiest_first_and_basic_user_last(ada, sign_in):
    kim = make_user("Kim Park", Role.BASIC, Role.HELPDESK, Role.CONNECTOR)

    row = next(each for each in person_rows(ada, Wanted()) if each == kim)
    page = sign_in(ada).get(page_of(kim)).content.decode()

    told = [holding.get_role_display() for holding in row.holdings.all()]
    assert told == ["Connector Administrator", "Request Helpdesk", "Basic User"]
    assert page.index(told[0]) < page.index(told[1]) < page.index(told[2])


def test_who_was_only_added_is_not_said_to_be_invited(company, sign_in):
    page = sign_in(company["ada"]).get(page_of(company["invited"])).content.decode()

    assert "Never came in" in page
    assert "They were never invited" in page
