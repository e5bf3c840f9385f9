"""Loads a made-up company to look around in: people, their roles and groups, apps, and reviews of access."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.timezone import now

from connectors.actions.app_owners import set_owners
from connectors.models import App
from core.actions.delegations import LONGEST
from core.actions.roles import with_basic
from core.models import Delegation, Membership, Organisation, PeopleGroup, Role, RoleHolding, User
from core.trail import by_command, record
from reviews.management import demo

COMPANY = "Meridian Works"
HOST = "meridian.example"

HEADS = (
    ("Finance", "Chief Financial Officer", "Helena Sorensen"),
    ("Procurement", "Head of Procurement", "Marcus Adeyemi"),
    ("Operations", "Head of Operations", "Ingrid Halvorsen"),
    ("Information Technology", "Head of Information Technology", "Rafael Duarte"),
    ("Human Resources", "Head of Human Resources", "Aisha Rahman"),
)
TITLES = {
    "Finance": ("Accounts Payable Clerk", "Controller", "Treasury Analyst", "Tax Accountant"),
    "Procurement": ("Category Buyer", "Sourcing Manager", "Contract Manager", "Supplier Analyst"),
    "Operations": ("Plant Controller", "Warehouse Lead", "Maintenance Planner", "Logistics Planner"),
    "Information Technology": (
        "Application Owner",
        "Identity Engineer",
        "Business Analyst",
        "Service Desk Agent",
    ),
    "Human Resources": ("HR Partner", "Payroll Specialist", "Recruiter", "Travel Coordinator"),
}
STAFF = (
    "Nora Lindqvist", "Tomas Novak", "Yuki Tanaka", "Amara Okeke", "Pierre Lefevre", "Sofia Marchetti",
    "Daniel Weiss", "Leila Haddad", "Oscar Nilsen", "Chen Wei", "Katarzyna Zielinska", "Miguel Santos",
    "Hannah Fischer", "Omar Farouk", "Elif Yilmaz", "Jonas Berg", "Priya Menon", "Lucas Moreau",
    "Freya Andersen", "Samuel Mensah", "Anna Kowalska", "David Cohen", "Mei Lin", "Henrik Dahl",
    "Zara Malik", "Paulo Ribeiro", "Emma Johansson", "Viktor Petrov", "Isabel Navarro", "Kofi Boateng",
    "Marta Rossi", "Liam Gallagher", "Noor Jansen", "Andrei Popescu", "Clara Schmidt", "Rahul Verma",
    "Julia Novakova", "Ben Carter", "Ines Ferreira", "Magnus Olsen", "Tara Nguyen", "Felix Braun",
    "Salma Idris", "Erik Svensson", "Lina Haas", "Joao Almeida", "Grace Kim", "Peter Kovacs",
    "Alma Virtanen", "Hugo Laurent", "Maya Levi", "Stefan Ilic", "Rosa Delgado", "Arne Vik",
)  # fmt: skip
CHIEF = ("Chief Executive Officer", "Victoria Ashworth")
ROLES = {
    "Rafael Duarte": (Role.CONNECTOR, Role.APPLICATION),
    "Amara Okeke": (Role.APPLICATION,),
    "Aisha Rahman": (Role.CAMPAIGN,),
    "Marcus Adeyemi": (Role.REQUEST,),
    "Samuel Mensah": (Role.HELPDESK,),
    "Tomas Novak": (Role.APPLICATION,),
    "Sofia Marchetti": (Role.READ_ONLY,),
}
"""Beyond Basic User; nobody is a Super Administrator, so that the first visitor becomes the first one."""
GROUPS = (
    (
        "Spend approvers",
        "Asked about access that can move money.",
        ("Helena Sorensen", "Marcus Adeyemi", "Nora Lindqvist", "Tomas Novak", "Sofia Marchetti"),
    ),
    (
        "Security desk",
        "Looks after accounts that belong to nobody.",
        ("Rafael Duarte", "Amara Okeke", "Samuel Mensah"),
    ),
)
AWAY, STANDS_IN = "Helena Sorensen", "Marcus Adeyemi"
FOUND = (
    ("Coupa", 'Okta app "Coupa SSO"', 54),
    ("Coupa Supplier Portal", 'Okta app "CSP"', 6),
    ("Expense Scanner", 'Okta app "Expense Scanner (legacy)"', 41),
    ("Travel Desk", 'Okta app "travel-desk"', 38),
    ("Warehouse Board", 'Okta app "wb-prod"', 17),
    ("Contract Archive", 'Okta app "Contract Archive"', 9),
)
OWNED = {
    "Coupa": ("Marcus Adeyemi", "Rafael Duarte", "Amara Okeke"),
    "Expense Scanner": ("Rafael Duarte", "Amara Okeke", "Marcus Adeyemi"),
}
"""Apps that somebody answers for: without, nobody could be asked where there is no manager."""


@dataclass(frozen=True, slots=True)
class Place:
    """One person's place in the company; the manager is named."""

    name: str
    title: str
    department: str
    manager: str = ""


class Command(BaseCommand):
    help = "Load a made-up company into an empty database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--people-file", type=Path, help="write name, email and employee_id here, one JSON object a line"
        )
        parser.add_argument(
            "--password-file",
            type=Path,
            help="everybody signs in with what is in this file, else with nothing",
        )
        parser.add_argument("--with-reviews", action="store_true", help="and reviews, one of them signed off")

    def handle(self, *args: Any, **options: Any) -> None:
        by_command()
        if User.objects.exists():
            raise CommandError(
                "There are people here already. The demo company is only loaded into an empty database."
            )
        password = options["password_file"].read_text().strip() if options["password_file"] else None
        people = load(password)
        if options["people_file"]:
            _write(people, options["people_file"])
        self.stdout.write(f"{COMPANY}: {len(people)} people, {len(FOUND)} apps found, {len(OWNED)} managed.")
        if options["with_reviews"]:
            demo.load_reviews()
            self.stdout.write("Two reviews: one signed off, one under way; and a template.")


@transaction.atomic
def load(password: str | None = None) -> list[User]:
    """All of the company or nothing of it. `password`: everybody's; None: nobody has one."""
    organisation = Organisation.current()
    organisation.name, organisation.is_demo = COMPANY, True
    known = make_password(password)  # one for all: to make sixty takes its time
    organisation.trusted_domains = [HOST]
    organisation.save(update_fields=["name", "is_demo", "trusted_domains"])
    people: dict[str, User] = {}
    for number, place in enumerate(company(), 1):
        person = User(
            name=place.name,
            email=f"{place.name.lower().replace(' ', '.')}@{HOST}",
            title=place.title,
            department=place.department,
            employee_id=f"{1000 + number:06}",
        )
        person.password = known
        person.save()
        people[place.name] = person
        if place.manager:
            person.managers.add(people[place.manager])
    _give_roles(people)
    _make_groups(people)
    _delegate(people[AWAY], people[STANDS_IN], organisation)
    for number, (name, found_through, users) in enumerate(FOUND, 1):
        App.objects.create(
            name=name,
            status=App.Status.UNMANAGED,
            provider="Okta",
            provider_id=f"0oa{number}",
            found_through=found_through,
            found_users=users,
        )
    _manage(people)
    record("core.demo_loaded", organisation, by=None, people=len(people), apps=len(FOUND))
    return list(people.values())


def _manage(people: Mapping[str, User]) -> None:
    for name, owners in OWNED.items():
        app = App.objects.get(name=name)
        App.objects.filter(pk=app.pk).update(status=App.Status.MANAGED)
        record("apps.managed", app, by=None)
        set_owners(app, [people[each] for each in owners], (), by=None, tells=False)


def _give_roles(people: Mapping[str, User]) -> None:
    RoleHolding.objects.bulk_create(
        RoleHolding(user=person, role=role)
        for name, person in people.items()
        for role in sorted(with_basic(ROLES.get(name, ())))
    )


def _make_groups(people: Mapping[str, User]) -> None:
    for name, description, members in GROUPS:
        group = PeopleGroup.objects.create(name=name, description=description)
        Membership.objects.bulk_create(Membership(group=group, person=people[each]) for each in members)


def _delegate(person: User, delegate: User, organisation: Organisation) -> None:
    """For as long as a delegation may last, from today. Nobody gets a letter."""
    today = now().astimezone(organisation.zone).date()
    Delegation.objects.create(
        person=person,
        delegate=delegate,
        starts_at=datetime.combine(today, time(), organisation.zone),
        ends_at=datetime.combine(today + timedelta(days=LONGEST), time(), organisation.zone),
    )


def company() -> Iterator[Place]:
    """Everyone, managers before those who report to them. The first of a department leads its team."""
    title, chief = CHIEF
    yield Place(chief, title, "Management")
    for department, head_title, head in HEADS:
        yield Place(head, head_title, department, chief)
    leads: dict[str, str] = {}
    for number, name in enumerate(STAFF):
        department, _, head = HEADS[number % len(HEADS)]
        titles = TITLES[department]
        if department not in leads:
            leads[department] = name
            yield Place(name, f"Team Lead, {department}", department, head)
        else:
            yield Place(name, titles[number // len(HEADS) % len(titles)], department, leads[department])


def _write(people: list[User], path: Path) -> None:
    lines = [
        json.dumps({"name": person.name, "email": person.email, "employee_id": person.employee_id})
        for person in people
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
