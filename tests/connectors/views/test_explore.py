"""Questions auditors ask, over all apps."""

import pytest
from django.urls import reverse
from django.utils.timezone import now

from connectors.models import Account, Grant
from connectors.queries import explore
from connectors.sync.rematch import rematch
from core.models import Organisation, Role, User
from core.queries.people import Wanted, person_rows
from tests.make import make_account, make_app, make_entitlement, make_grant, make_user

URL = reverse("connectors:explore")
PEOPLE = reverse("core:people")


@pytest.fixture
def company(cast):
    """Two apps of Tom's: accounts of Grace, twice, of Peter who left, of a robot, of a stranger."""
    tom, grace = make_user("Tom Okafor", Role.BASIC), make_user("Grace Kim", Role.BASIC)
    coupa, ariba = make_app("Coupa", tom), make_app("Ariba", tom, cast["deactivated"])
    Organisation.current()
    Organisation.objects.update(trusted_domains=["meridian.example"])
    make_account(coupa, "Grace Kim", person=grace)
    make_account(coupa, "Grace Kim admin", person=grace)
    make_account(coupa, "Peter Kovacs", person=cast["deactivated"])
    robot = make_account(coupa, "Invoice robot", status=Account.Status.DISABLED)
    make_account(ariba, "Paula Guest", login="paula@elsewhere.example", person=grace, is_external=True)
    make_account(coupa, "Long gone", gone_at=now())
    make_grant(robot, make_entitlement(coupa, "Buyer"))
    make_grant(robot, make_entitlement(coupa, "Approver"), gone_at=now(), gone_run=2)
    make_app("Nobody's")
    return {"tom": tom, "coupa": coupa, "ariba": ariba}


def known(key):
    found = explore.question(key)
    assert found is not None
    return found


def words_of(row):
    return f"{row.account} held {row.entitlement}" if isinstance(row, Grant) else str(row)


ANSWERS = {
    "accounts": ["Grace Kim admin", "Grace Kim", "Invoice robot", "Paula Guest", "Peter Kovacs"],
    "no-owner": ["Invoice robot"],
    "orphaned": ["Peter Kovacs"],
    "inactive": ["Invoice robot"],
    "disabled-with-access": ["Invoice robot"],
    "external": ["Paula Guest"],
    "several": ["Grace Kim admin", "Grace Kim"],
    "past-grants": ["Invoice robot held Approver"],
    "few-owners": ["Ariba", "Coupa", "Nobody's"],
    "deactivated-owner": ["Ariba"],
}


def test_every_question_has_an_expected_answer():
    assert set(ANSWERS) == {each.key for each in explore.QUESTIONS}


@pytest.mark.parametrize("key", sorted(ANSWERS))
def test_a_question_finds_its_rows_and_no_others(key, company, cast):
    asked = known(key)

    found = explore.answer(asked, cast["read_only"]).order_by(asked.order, "pk")

    assert [words_of(row) for row in found] == ANSWERS[key]


@pytest.mark.parametrize("key", sorted(ANSWERS))
def test_an_answer_holds_nothing_of_apps_one_may_not_see(key, company, cast):
    assert not explore.answer(known(key), cast["basic"]).exists()


def test_nobody_is_external_where_no_domain_is_trusted(company, cast):
    Organisation.objects.update(trusted_domains=[])

    rematch(company["ariba"])

    assert not explore.answer(known("external"), cast["super"]).exists()


@pytest.mark.parametrize("who", ["super", "read_only", "tom"])
def test_the_page_counts_every_answer_as_the_reader_may_know_it(who, company, cast, sign_in):
    reader: User = company.get(who) or cast[who]

    page = " ".join(sign_in(reader).get(URL).content.decode().split())

    asked = len(explore.QUESTIONS) + (len(explore.PEOPLE) if reader.is_administrator else 0)
    assert page.count('data-label="Found"') == asked
    assert '<td class="r-num" data-label="Found">5</td>' in page


@pytest.mark.parametrize("key", sorted(ANSWERS))
def test_an_answer_is_shown_row_by_row_with_its_file(key, company, cast, sign_in):
    page = sign_in(cast["read_only"]).get(URL, {"question": key}).content.decode()

    assert ANSWERS[key][0].split(" held ")[0].split("'")[0] in page
    assert 'value="connectors.answers"' in page


def test_an_answer_is_narrowed_by_words_without_accents(company, cast, sign_in):
    browser = sign_in(cast["super"])

    found = browser.get(URL, {"question": "accounts", "q": "graçe"}).content.decode()
    nothing = browser.get(URL, {"question": "past-grants", "q": "buyer"}).content.decode()

    assert "Grace Kim" in found
    assert "Peter Kovacs" not in found
    assert "Nothing in this answer is called that" in nothing


def test_an_unknown_question_leads_to_all_of_them(company, cast, sign_in):
    reply = sign_in(cast["super"]).get(URL, {"question": "why"})

    assert "What it means" in reply.content.decode()


@pytest.mark.parametrize("only", [only for only, *_ in explore.PEOPLE])
def test_a_question_about_people_leads_to_them_with_their_number(only, company, cast, sign_in):
    User.objects.filter(pk__in=[company["tom"].pk, cast["basic"].pk]).update(employee_id="E1")
    cast["basic"].managers.add(cast["deactivated"])
    browser = sign_in(cast["read_only"])
    found = person_rows(cast["read_only"], Wanted(only=only)).count()

    page = " ".join(browser.get(URL).content.decode().split())
    listed = browser.get(PEOPLE, {"only": only}).context["page"].rows

    row = page.partition(f'<a href="{PEOPLE}?only={only}">')[2].partition("</tr>")[0]
    assert f'data-label="Found">{found}</td>' in row
    assert len(listed) == found > 0


def test_people_without_accounts_are_those_active_to_whom_none_here_was_matched(company, cast):
    gone = make_user("Ivo Invited", Role.BASIC)
    make_account(company["coupa"], "Ivo Invited", person=gone, gone_at=now())

    found = set(person_rows(cast["super"], Wanted(only="no-accounts")))

    assert gone in found
    assert User.objects.get(name="Grace Kim") not in found
    assert cast["deactivated"] not in found


def test_who_may_not_see_everybody_is_asked_nothing_about_people(company, sign_in):
    page = sign_in(company["tom"]).get(URL).content.decode()

    assert PEOPLE not in page


def test_an_answer_asks_the_database_as_often_for_forty_as_for_two(
    company, cast, sign_in, django_assert_max_num_queries
):
    browser = sign_in(cast["super"])
    for number in range(40):
        make_account(company["coupa"], f"Somebody {number}", person=make_user(f"Somebody {number}"))

    with django_assert_max_num_queries(14):
        browser.get(URL, {"question": "accounts"})
