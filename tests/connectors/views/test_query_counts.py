"""Every list of this room on a company of 5,000 accounts and 45,000 grants: few queries, one page of rows."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.sql.compiler import SQLCompiler
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from connectors.actions.accounts import CHUNK
from connectors.models import (
    Account,
    App,
    Connector,
    Entitlement,
    Grant,
    Resource,
    ResourceType,
    SyncCall,
    SyncLogLine,
    SyncRun,
)
from core.models import Organisation, Role, User
from core.models.keys import folded
from tests.make import SOURCE, make_app, make_connected, make_run, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]
ACCOUNTS, HELD, THINGS, RUNS, APPS = 5_000, 9, 100, 30, 40
MOST_QUERIES = 26
MANY = {"/connectors/{connector}/": 34, "/applications/{app}/": 31}
"""A connector with its runs, settings, owners, and a run that waits for a person."""
MOST_ROWS = 101
"""Of any one answer of the database: a page, and the row that tells of a next one."""
MORE = {"/connectors/runs/{run}/": 201, "/applications/{app}/matching/": 200}
"""The last 200 lines of a log; 200 accounts from which the attributes are learnt."""


class Company:
    """What the addresses below name, and the browser of its Super Administrator."""

    page: Client
    admin: User
    app: App
    connector: Connector
    run: SyncRun
    held: SyncRun
    entitlement: Entitlement
    account: Account
    resource: Resource

    def url(self, address: str) -> str:
        return address.format(
            app=self.app.pk,
            connector=self.connector.pk,
            run=self.run.key,
            held=self.held.key,
            entitlement=self.entitlement.pk,
            account=self.account.pk,
            resource=self.resource.pk,
        )


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: object) -> Iterator[Company]:
    """Made once, and taken back when this file is done."""
    # pytest-django names no type for its blocker.
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        yield _made()
        transaction.set_rollback(True)


def _made() -> Company:
    made = Company()
    Organisation.current()
    made.admin = make_user("Ada Lindgren", Role.SUPER)
    made.page = Client()
    made.page.force_login(made.admin)
    made.app = make_app("Coupa", made.admin)
    made.connector = make_connected(made.admin, app=made.app)
    make_connected(made.admin, app=made.app, name="Coupa for test", source="coupa:test.coupahost.com")
    for number in range(APPS):
        state = App.Status.MANAGED if number % 2 else App.Status.UNMANAGED
        make_app(f"App {number}", status=state)
    for number in range(2, RUNS):
        make_run(made.connector, ended_at=now() - timedelta(days=number))
    made.run = made.connector.runs.earliest("pk")
    kinds = ["user", "role", "group"]
    made.held = make_run(made.connector, status="held", complete=kinds, ended_at=None, walked_at=now())
    _fill_graph(made)
    _fill_run(made)
    return made


def _fill_graph(made: Company) -> None:
    seen = {"app": made.app, "source": SOURCE, "digest": "", "first_run": 1, "changed_run": made.run.pk}
    for kind in ("role", "group"):
        ResourceType.objects.create(app=made.app, source=SOURCE, kind=kind, name=kind.capitalize())
    kinds = ["role" if number % 2 else "group" for number in range(THINGS)]
    resources = Resource.objects.bulk_create(
        Resource(**seen, kind=kind, external_id=f"{kind}:{number}", name=f"{kind} {number}",
                 search_text=folded(f"{kind} {number}"))
        for number, kind in enumerate(kinds)
    )  # fmt: skip
    things = Entitlement.objects.bulk_create(
        Entitlement(**seen, kind=each.kind, external_id=f"{each.external_id}:member", resource=each,
                    name=each.name, slug="member", search_text=each.search_text)
        for each in resources
    )  # fmt: skip
    people = User.objects.bulk_create(
        User(name=f"Person {number}", email=f"p{number}@meridian.example") for number in range(300)
    )
    accounts = Account.objects.bulk_create(
        Account(**seen, external_id=str(number), name=f"Account {number}", login=f"a{number}",
                email=f"a{number}@meridian.example", status="enabled", status_word="active",
                person=people[number % 300] if number % 3 else None,
                matched_by="email" if number % 3 else "", search_text=folded(f"Account {number}"))
        for number in range(ACCOUNTS)
    )  # fmt: skip
    gone = {"gone_at": now(), "gone_run": made.run.pk}
    Grant.objects.bulk_create(
        Grant(account=account, entitlement=things[(number * 7 + step * 11) % THINGS], first_run=made.run.pk,
              since=now() - timedelta(days=3), **(gone if step == 8 else {}))
        for number, account in enumerate(accounts)
        for step in range(HELD)
    )  # fmt: skip
    made.entitlement, made.account, made.resource = things[8], accounts[17], resources[8]


def _fill_run(made: Company) -> None:
    SyncCall.objects.bulk_create(
        SyncCall(run=made.run, kind="user", asked=f"GET /api/users?{number}", status=200, records=50,
                 bytes=1_000, sha256="0" * 64, seconds=0.1, at=now())
        for number in range(900)
    )  # fmt: skip
    SyncLogLine.objects.bulk_create(
        SyncLogLine(run=made.run, level="info", text=f"Line {number}") for number in range(400)
    )


LISTS = [
    "/connectors/",
    "/connectors/{connector}/",
    "/connectors/{connector}/live/",
    "/connectors/runs/{run}/",
    "/connectors/runs/{run}/changes/",
    "/connectors/runs/{held}/losses/",
    "/connectors/runs/{held}/",
    "/connectors/runs/{run}/requests/",
    "/applications/",
    "/applications/?tab=unmanaged",
    "/applications/{app}/",
    "/applications/{app}/connectors/",
    "/applications/{app}/timeline/",
    "/applications/{app}/accounts/",
    "/applications/{app}/accounts/?q=account+17&owner=none&sort=-login",
    "/applications/{app}/accounts/?page=40",
    "/applications/{app}/accounts/{account}/",
    "/applications/{app}/accounts/{account}/?tab=past",
    "/applications/{app}/entitlements/",
    "/applications/{app}/entitlements/?q=role",
    "/applications/{app}/entitlements/{entitlement}/",
    "/applications/{app}/entitlements/{entitlement}/?tab=now",
    "/applications/{app}/entitlements/{entitlement}/?tab=past",
    "/applications/{app}/resources/",
    "/applications/{app}/resources/{resource}/",
    "/applications/{app}/changes/",
    "/applications/changes/",
    "/applications/{app}/rules/",
    "/applications/{app}/matching/",
    "/applications/questions/",
    "/settings/tags/",
    "/settings/connectors/",
]


def watch(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each query of the ORM brought."""
    fetched: list[int] = []
    read = SQLCompiler.results_iter

    def counted(self: SQLCompiler, *given: object, **further: object) -> Iterator[object]:
        rows = list(read(self, *given, **further))  # type: ignore[arg-type]  # handed on as it came
        fetched.append(len(rows))
        return iter(rows)

    monkeypatch.setattr(SQLCompiler, "results_iter", counted)
    return fetched


@pytest.mark.parametrize("address", LISTS)
def test_a_list_costs_few_queries_and_fetches_one_page(address, company, monkeypatch):
    fetched = watch(monkeypatch)

    with CaptureQueriesContext(connection) as queries:
        answer = company.page.get(company.url(address))

    assert answer.status_code == 200
    assert len(queries) <= MANY.get(address, MOST_QUERIES), "\n".join(query["sql"] for query in queries)
    assert max(fetched) <= MORE.get(address, MOST_ROWS)
    assert len(re.findall(r"<tr\b", answer.content.decode())) <= MOST_ROWS


@pytest.mark.parametrize("deed", ["owner", "clear", "service"])
def test_a_change_of_every_account_costs_queries_by_the_chunk(deed, company):
    asked = {"all": "1", "number": str(ACCOUNTS), "do": deed}
    if deed == "owner":
        asked["owner"] = company.admin.pk

    with CaptureQueriesContext(connection) as queries:
        answer = company.page.post(company.url("/applications/{app}/accounts/change/"), asked)

    assert answer.status_code == 302
    assert len(queries) <= 20 + 6 * (ACCOUNTS // CHUNK)
